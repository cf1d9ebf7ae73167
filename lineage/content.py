"""What a ledger entry may say: names, digests, ids and instants; no values, no free text, no identifiers.

Rules enforced here:
- every string is printable ASCII without spaces, quotes, backslashes or angle brackets, at most 200 characters: a
  sentence or a Chinese name cannot stand in an entry;
- a run of seven or more digits stands only inside a digest, a UUID, an id of this system or a bare instant: a phone,
  card or resident number, a birth date, cannot;
- integers stay below 2**31: no number of a person fits a field that counts things;
- floats are refused (RFC 8785 subset of `catalog.canonical`).

Law: PIPL 6 (最小必要) and 51; the ledger is kept for years and shown to outsiders.
"""

import re
from collections.abc import Mapping, Sequence
from typing import TypeAlias

from lineage.errors import EntryContentError

Json: TypeAlias = "bool | int | str | Sequence[Json] | Mapping[str, Json] | None"

MAX_BODY_B = 65535
_MAX_TEXT = 200
MAX_INT = 2**31 - 1
_PLAIN = re.compile(r"[!#-;=?-\[\]-~]*")
_LONG_DIGITS = re.compile(r"[0-9]{7}")
_ID = r"[a-z]{2,4}_[a-z2-7]{26}"
_UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_OPAQUE = re.compile(rf"(?:sha256:)?[0-9a-f]{{64}}|(?:[a-z]+/)*(?:{_ID}|{_UUID})")


def ensure_content(value: Json, where: str) -> None:
    """Check a JSON value against the rules above.

    Raises: EntryContentError naming the member, never the value.
    """
    match value:
        case None | bool():
            return
        case int():
            if not -MAX_INT <= value <= MAX_INT:
                raise EntryContentError(f"{where}: the integer is too large to count anything")
        case str():
            _ensure_text(value, where)
        case Mapping():
            for name, part in value.items():
                _ensure_text(name, where)
                ensure_content(part, f"{where}.{name}")
        case list() | tuple():
            for part in value:
                ensure_content(part, f"{where}[]")
        case _:
            raise EntryContentError(f"{where}: {type(value).__name__} has no place in an entry")


def _ensure_text(value: str, where: str) -> None:
    if len(value) > _MAX_TEXT or not _PLAIN.fullmatch(value):
        raise EntryContentError(f"{where}: only names, digests, ids and instants may stand in an entry")
    if _LONG_DIGITS.search(value) and not _OPAQUE.fullmatch(value):
        raise EntryContentError(f"{where}: a long run of digits may stand only inside a digest or an id")
