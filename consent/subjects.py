"""Data subjects as consent sees them: an opaque reference, a pseudonym, an age band and a consent version."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from consent.grants import GrantState
from consent.ids import check_name, check_reference


class AgeBand(StrEnum):
    """What is known of the age without the birth date, which stays sealed."""

    ADULT = "adult"
    MINOR = "minor"
    UNKNOWN = "unknown"


class SubjectStatus(StrEnum):
    """Whether a data subject's data is used, only kept (PIPL 47(2)), or gone (PIPL 47)."""

    KNOWN = "known"
    RESTRICTED = "restricted"
    ERASED = "erased"


@dataclass(frozen=True, slots=True)
class SubjectId:
    """A data subject of a tenant."""

    tenant: str
    ref: str

    def __post_init__(self) -> None:
        check_name(self.tenant, "tenant")
        check_reference(self.ref, "subject", "sub")


@dataclass(frozen=True, slots=True)
class NewSubject:
    """A data subject to be created; the vault made the pseudonym."""

    id: SubjectId
    pseudonym: str
    age_band: AgeBand

    def __post_init__(self) -> None:
        check_reference(self.pseudonym, "pseudonym", "ps")


@dataclass(frozen=True, slots=True)
class Subject:
    """A data subject's row.

    Attributes:
        version: the consent version: the number of events so far.
        oldest_observed: time of the oldest stored value, None if none is stored.
        told: id of the ledger entry of the newest consent event, 0 before the first.
        held: the codes of the current grants; ``mac``: the row's own (`consent.rows`), None if it was never sealed.
    """

    id: SubjectId
    version: int
    pseudonym: str
    age_band: AgeBand
    oldest_observed: datetime | None
    created: datetime
    status: SubjectStatus = SubjectStatus.KNOWN
    told: int = 0
    held: str = field(default="", repr=False)
    mac: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Grant:
    """A grant of a subject with the references that are not public.

    Attributes:
        guardian: reference of the guardian who consented, None if the subject did.
        evidence: reference or digest of the evidence of a written consent.
        mac: the row's code as stored, None if it was never sealed.
    """

    subject: SubjectId
    state: GrantState
    guardian: str | None
    evidence: str | None
    mac: bytes | None = field(default=None, compare=False, repr=False)
