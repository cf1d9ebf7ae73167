"""Ledger entries: what they hold, and their bytes.

Rules enforced here:
- an entry's body is canonical JSON (RFC 8785), version 1, at most 65,535 bytes (C2SP tlog-tiles), pure ASCII;
- its digest is the RFC 6962 leaf hash SHA-256(0x00 || body); its MAC is taken over the body with the ledger key;
- its stream follows from what it is about: a subject's pseudonym; `client/<tenant>/<client>` for reads of unknown
  subjects; `tenant/<tenant>`; `system` for the deployment (tenant `*`);
- nothing stands in a body but names, digests, ids, counts and instants (`lineage.content`).

Format: docs/formats/ledger-entry.md, with vectors in tests/vectors/ledger.
Law: PIPL 69 (burden of proof), 征信业管理条例 22 (who, when, what, why of each query).
"""

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TypeAlias

from catalog.canonical import canonical
from lineage.content import MAX_BODY_B, Json, ensure_content
from lineage.errors import EntryContentError, EntryTooLargeError
from lineage.kinds import Kind, Outcome, Role

Mac: TypeAlias = Callable[[bytes], bytes]
Row: TypeAlias = tuple[str, str, int, str, int, "str | None", "str | None", "str | None", "str | None", str,
                       "str | None", "str | None", str, bytes, bytes]  # fmt: skip

VERSION = 1
DEPLOYMENT = "*"
SYSTEM_STREAM = "system"
COLUMNS = (
    "tenant",
    "stream",
    "seq",
    "kind",
    "at_us",
    "client",
    "party",
    "purpose",
    "subject",
    "outcome",
    "shape",
    "about",
    "body",
    "digest",
    "mac",
)
BASE_MEMBERS = frozenset(
    ("about", "actor", "at", "client", "kind", "outcome", "party", "purpose", "seq", "stream", "subject", "tenant", "v")
)
_PSEUDONYM = re.compile(r"ps_[a-z2-7]{26}")
_ACTOR = re.compile(r"[!#-;=?-\[\]-~]{1,200}")
_NUMBER_OF_A_PERSON = re.compile(r"\+?[0-9-]{7,}[0-9Xx](?:@.*)?")


@dataclass(frozen=True, slots=True)
class Moment:
    """An instant as entries write it (RFC 3339, microseconds, Z) and as the column holds it."""

    text: str
    us: int

    @classmethod
    def of(cls, now: datetime) -> "Moment":
        """Make a moment of an aware datetime.

        Raises: EntryContentError: the datetime has no time zone.
        """
        if now.tzinfo is None:
            raise EntryContentError("an instant needs a time zone")
        utc = now.astimezone(UTC)
        since = utc - _EPOCH
        us = (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds
        return cls(utc.replace(tzinfo=None).isoformat(timespec="microseconds") + "Z", us)


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Actor:
    """Who did it.

    The id is a client's name for scorers, a pseudonym for subjects and guardians (so that it can be erased), the
    issuer's stable id for staff, a component's name for the system itself.
    """

    role: Role
    id: str

    def __post_init__(self) -> None:
        known = _PSEUDONYM if self.role in (Role.SUBJECT, Role.GUARDIAN) else _ACTOR
        if not known.fullmatch(self.id) or _NUMBER_OF_A_PERSON.fullmatch(self.id):
            raise EntryContentError(f"the id of this {self.role} cannot stand in the ledger")


@dataclass(frozen=True, slots=True)
class EntryDraft:
    """An entry before it has its place and time.

    Attributes:
        tenant: the tenant, or `*` (`DEPLOYMENT`) for what concerns the whole deployment.
        subject: pseudonym of the subject it is about.
        about: id or name of the object it is about (grant, purpose, party ...); found again by `LedgerFilter.about`.
        parts: members of this kind, as docs/formats/ledger-entry.md lists them.
    """

    kind: Kind
    tenant: str
    actor: Actor
    subject: str | None = None
    client: str | None = None
    party: str | None = None
    purpose: str | None = None
    about: str | None = None
    outcome: Outcome = Outcome.DONE
    parts: Mapping[str, Json] = field(default_factory=dict)

    @property
    def stream(self) -> str:
        """The stream this entry takes its place in."""
        return stream_of(self.kind, tenant=self.tenant, client=self.client, subject=self.subject)

    def ensure_content(self) -> None:
        """Check that the entry holds only what entries may hold.

        Raises: EntryContentError: a part bears the name of a base member, or holds what no entry may hold.
        """
        clash = BASE_MEMBERS.intersection(self.parts)
        if clash:
            raise EntryContentError(f"{', '.join(sorted(clash))}: a base member cannot be given as a part")
        ensure_content(self.parts, self.kind)
        ensure_content(self.named, self.kind)

    @property
    def named(self) -> dict[str, str | None]:
        """The base members that are names or ids."""
        return {
            "about": self.about,
            "client": self.client,
            "party": self.party,
            "purpose": self.purpose,
            "subject": self.subject,
            "tenant": self.tenant,
        }


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry with its place, bytes, digest and MAC; attributes in the order of the columns."""

    tenant: str
    stream: str
    seq: int
    kind: str
    at_us: int
    client: str | None
    party: str | None
    purpose: str | None
    subject: str | None
    outcome: str
    shape: str | None
    about: str | None
    body: bytes
    digest: bytes
    mac: bytes

    def row(self) -> Row:
        """The values of `COLUMNS`, in that order, for a raw INSERT."""
        head = (self.tenant, self.stream, self.seq, self.kind, self.at_us)
        named = (self.client, self.party, self.purpose, self.subject, self.outcome, self.shape, self.about)
        return (*head, *named, self.body.decode(), self.digest, self.mac)


def stream_of(kind: str, *, tenant: str, client: str | None, subject: str | None) -> str:
    """Name the stream an entry belongs to."""
    if subject is not None:
        return subject
    if kind == Kind.READ:
        return f"client/{tenant}/{client}"
    return SYSTEM_STREAM if tenant == DEPLOYMENT else f"tenant/{tenant}"


def leaf_digest(body: bytes) -> bytes:
    """Return the RFC 6962 leaf hash of an entry's body."""
    return hashlib.sha256(b"\x00" + body).digest()


def document(draft: EntryDraft, *, seq: int, at: str) -> dict[str, Json]:
    """Return the JSON document of an entry.

    Raises: EntryContentError.
    """
    draft.ensure_content()
    return {
        **draft.parts,
        **draft.named,
        "actor": {"id": draft.actor.id, "role": draft.actor.role.value},
        "at": at,
        "kind": draft.kind.value,
        "outcome": draft.outcome.value,
        "seq": seq,
        "stream": draft.stream,
        "v": VERSION,
    }


def build_entry(draft: EntryDraft, *, seq: int, moment: Moment, mac: Mac) -> Entry:
    """Give a draft its place and time, and seal it.

    Raises: EntryContentError, EntryTooLargeError.
    """
    body = canonical(document(draft, seq=seq, at=moment.text))
    if len(body) > MAX_BODY_B:
        raise EntryTooLargeError(len(body))
    shape = draft.parts.get("shape")
    return Entry(
        tenant=draft.tenant,
        stream=draft.stream,
        seq=seq,
        kind=draft.kind.value,
        at_us=moment.us,
        client=draft.client,
        party=draft.party,
        purpose=draft.purpose,
        subject=draft.subject,
        outcome=draft.outcome.value,
        shape=shape if draft.kind is Kind.READ and isinstance(shape, str) else None,
        about=draft.about,
        body=body,
        digest=leaf_digest(body),
        mac=mac(body),
    )
