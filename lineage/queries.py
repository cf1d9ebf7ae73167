"""What an auditor asks of the ledger, and the place in the answer where a page ends.

Rules:
- a question is about one tenant; all its parts must hold;
- pages follow each other by key, not by count, so that entries written in between neither repeat nor hide others;
- a cursor belongs to its question: with another question, or damaged, it is refused;
- asking is itself recorded (`queried`).

Law: 征信业管理条例 22; PIPL 44, 45 (the subject asks who read them), 54 (compliance audit).
"""

import binascii
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from msgspec import DecodeError, json

from catalog.canonical import canonical
from lineage.content import Json
from lineage.entries import Actor, EntryDraft, Moment
from lineage.errors import CursorInvalidError, EntryContentError, FilterInvalidError
from lineage.kinds import Kind, Outcome

MAX_PAGE = 1000
_PSEUDONYM = re.compile(r"ps_[a-z2-7]{26}")
_GRANT = re.compile(r"gr_[a-z2-7]{26}")
_CHECK_HEX = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerFilter:
    """A question; every part that is given must hold.

    Attributes:
        subject: pseudonym.
        grant: id of a grant: its own events and every read that cited it.
        field, feature: reads that asked for it; `released_only` leaves out those that were denied it.
        about: id or name of the object an entry is about.
        since, until: from (inclusive) and to (exclusive), aware.
        newest_first: the order of the answer.
    """

    subject: str | None = None
    client: str | None = None
    purpose: str | None = None
    field: str | None = None
    feature: str | None = None
    released_only: bool = False
    grant: str | None = None
    about: str | None = None
    outcome: Outcome | None = None
    kind: Kind | None = None
    since: datetime | None = None
    until: datetime | None = None
    newest_first: bool = True

    def __post_init__(self) -> None:
        if self.subject is not None and not _PSEUDONYM.fullmatch(self.subject):
            raise FilterInvalidError("subject must be a pseudonym")
        if self.grant is not None and not _GRANT.fullmatch(self.grant):
            raise FilterInvalidError("grant must be a grant id")
        if self.released_only and self.field is None and self.feature is None:
            raise FilterInvalidError("released_only needs a field or a feature")
        if any(at is not None and at.tzinfo is None for at in (self.since, self.until)):
            raise FilterInvalidError("since and until need a time zone")

    def document(self) -> dict[str, Json]:
        """The question as canonical JSON values, without the parts that were not given."""
        given: dict[str, Json] = {
            "subject": self.subject,
            "client": self.client,
            "purpose": self.purpose,
            "field": self.field,
            "feature": self.feature,
            "released_only": self.released_only or None,
            "grant": self.grant,
            "about": self.about,
            "outcome": None if self.outcome is None else self.outcome.value,
            "kind": None if self.kind is None else self.kind.value,
            "since": None if self.since is None else Moment.of(self.since).text,
            "until": None if self.until is None else Moment.of(self.until).text,
            "newest_first": self.newest_first,
        }
        return {name: part for name, part in given.items() if part is not None}


@dataclass(frozen=True, slots=True)
class FoundEntry:
    """An entry as the ledger holds it; `id` is its number in the table, `body` its canonical JSON."""

    id: int
    body: bytes
    digest: bytes
    mac: bytes

    @property
    def document(self) -> dict[str, Json]:
        """The body, decoded."""
        found: dict[str, Json] = json.decode(self.body)
        return found


@dataclass(frozen=True, slots=True)
class Page:
    """A part of an answer; `after` is the cursor of the next page, None at the end."""

    entries: tuple[FoundEntry, ...]
    after: str | None


def write_cursor(tenant: str, asked: LedgerFilter, key: tuple[int, ...]) -> str:
    """Write the place after the entry with this key."""
    place = [_check(tenant, asked, key), *key]
    return urlsafe_b64encode(json.encode(place)).decode().rstrip("=")


def read_cursor(tenant: str, asked: LedgerFilter, cursor: str, parts: int) -> tuple[int, ...]:
    """Read the place a cursor stands for.

    Shape: `parts` is how many numbers the key of this question has.
    Raises: CursorInvalidError: damaged, or made for another question.
    """
    try:
        raw = urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4))
        check, *key = json.decode(raw, type=list[int | str])
        numbers = tuple(part for part in key if isinstance(part, int))
    except (ValueError, DecodeError, binascii.Error) as error:
        raise CursorInvalidError("the cursor is damaged") from error
    if len(numbers) != len(key) or len(key) != parts or check != _check(tenant, asked, numbers):
        raise CursorInvalidError("the cursor is damaged or belongs to another question")
    if write_cursor(tenant, asked, numbers) != cursor:
        raise CursorInvalidError("the cursor is damaged")
    return numbers


def queried(tenant: str, actor: Actor, asked: LedgerFilter, found: int) -> EntryDraft:
    """Draft the entry that says this question was asked and how many entries the page held.

    Raises: FilterInvalidError: a name in the question cannot stand in the ledger.
    """
    parts: dict[str, Json] = {"filter": asked.document(), "found": found}
    draft = EntryDraft(Kind.LEDGER_QUERIED, tenant, actor, about=asked.subject or asked.grant, parts=parts)
    try:
        draft.ensure_content()
    except EntryContentError as error:
        raise FilterInvalidError("a name in the question has the wrong form") from error
    return draft


def _check(tenant: str, asked: LedgerFilter, key: tuple[int, ...]) -> str:
    """A checksum, no secret: a forged cursor reaches only entries the question may see anyway."""
    bound: list[Json] = [tenant, asked.document(), [str(part) for part in key]]
    return sha256(canonical(bound)).hexdigest()[:_CHECK_HEX]
