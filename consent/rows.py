"""What is authenticated of the room's rows, so that what was edited by hand is noticed where it is read.

Rules:
- the code of a grant covers every column of its row, its subject and its version among them;
- a subject's row lists the codes of their current grants (`held`), and its own code covers that list, the consent
  version and the ledger entry of the last consent event (`told`): a grant deleted, revived, moved or put back in an
  older version is not on the list, and a row put back as a whole is behind the ledger;
- each registered thing in force has a code over its whole row; the epoch's code covers all of these codes, so that
  none can be taken away or put back in an older version;
- before anything is changed what stands is checked, so that no change seals what was tampered with.

The key is the vault's; it comes in as a `RowSealer`. Format: docs/formats/row-mac.md, vectors in tests/vectors/rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from hashlib import sha256
from typing import Any, Protocol

import msgspec

GRANT = "yumen/grant/1"
SUBJECT = "yumen/subject/1"
THING = "yumen/thing/1"
EPOCH = "yumen/epoch/1"

TAG = slice(6, 22)
"""The part of a grant's code that stands in its subject's list: 16 bytes after the header."""

_encode = msgspec.json.Encoder().encode


class RowSealer(Protocol):
    """Authenticates rows; the vault's `RowKeys`."""

    def seal(self, domain: str, row: bytes) -> bytes:
        """The code of a row under the newest key."""
        ...

    def holds(self, domain: str, row: bytes, mac: object) -> bool:
        """Whether the code is that of exactly this row."""
        ...


def grant_row(row: Mapping[Any, Any]) -> bytes:
    """What is authenticated of a row of ``consent_grants``: JSON, in the order the gate gathers the columns in.

    Booleans are 0 and 1, as one of the databases keeps them so; what no decision looks at is one text.
    """
    evidence = "-" if row["evidence"] is None else f"+{row['evidence']}"
    terms = (
        f"{row['notice']} {row['notice_version']} {row['notice_hash']} {evidence} {row['channel']} {row['given_us']}"
    )
    return _encode(
        (
            *(row[name] for name in ("tenant", "purpose", "recipient", "subject", "id", "version", "state", "form")),
            *(row["guardian"], int(row["provision"]), row["fields"], row["max_form"]),
            *(row["starts_us"], row["expires_us"], row["material"], terms, int(row["is_current"])),
        )
    )


def subject_row(row: Mapping[Any, Any]) -> bytes:
    """What is authenticated of a row of ``consent_subjects``."""
    who = (row["tenant"], row["ref"], row["version"], row["pseudonym"])
    kept = (row["age_band"], row["oldest_observed_us"], row["created_us"], row["told"], row["held"], row["status"])
    return _encode((*who, *kept))


def held_text(grants: Iterable[tuple[str, str, bytes]]) -> str:
    """The list of a subject's current grants, from (purpose, recipient, code) of each."""
    scopes: dict[tuple[str, str], list[bytes]] = {}
    for purpose, recipient, mac in grants:
        scopes.setdefault((purpose, recipient), []).append(mac)
    lines = (held_line(*scope, macs) for scope, macs in sorted(scopes.items()))
    return "".join(lines) + ";" if scopes else ""


def held_line(purpose: str, recipient: str, macs: Iterable[bytes]) -> str:
    """The part of the list about one purpose and recipient; a semicolon follows it. Names hold neither of the signs."""
    return f";{purpose}/{recipient}=" + ",".join(sorted(mac[TAG].hex() for mac in macs))


def thing_row(row: Mapping[Any, Any]) -> bytes:
    """What is authenticated of a row of ``consent_registry``."""
    return _encode([row[name] for name in ("tenant", "kind", "name", "version", "epoch", "at_us", "body")])


def epoch_row(row: Mapping[Any, Any], catalog: str | None, seals: Iterable[tuple[str, str, str, int, Any]]) -> bytes:
    """What is authenticated of the row of ``consent_epoch``.

    Shape: ``catalog`` is the catalogue revision in force; ``seals`` are (tenant, kind, name, version, code) of every
    registered thing, in that order.
    """
    lines = sha256()
    for tenant, kind, name, version, mac in seals:
        lines.update(_encode((tenant, kind, name, version, mac.hex() if isinstance(mac, bytes) else None)) + b"\n")
    return _encode((row["id"], row["epoch"], row["told"], catalog, lines.hexdigest()))
