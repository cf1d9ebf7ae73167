"""What may be asked of the consent room: give, refuse, withdraw.

Rules, checked when a request is made and before anything is looked up:
- no empty list, no repetition, no "everything" (PIPL 14; 消保法实施条例 23: no blanket or default consent);
- a written consent names its evidence; evidence and guardian are opaque references;
- a consent ends after it starts, and it lets at least something out.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from catalog import ReleaseForm
from consent.errors import BlanketConsentError, EvidenceMissingError, InvalidValueError
from consent.grants import Channel, ConsentForm
from consent.ids import check_evidence, check_name, check_reference
from consent.instants import check_aware
from consent.subjects import SubjectId

_EVERYTHING = frozenset({"*", "all", "any", "everything"})


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantRequest:
    """A consent to be given, or refused, as the person was asked for it.

    Attributes:
        notice, notice_version, notice_hash: the exact text shown.
        provision: the recipient is named as another handler that receives the data (PIPL 23).
        guardian: ``gd_…`` or ``sub_…`` reference of the guardian (PIPL 31), None if the subject acts.
        evidence: ``ev_…`` reference or ``sha256:…`` digest; required for the written form.
        starts: None means at once; expires: None means until withdrawn.
    """

    subject: SubjectId
    purpose: str
    recipient: str
    notice: str
    notice_version: int
    notice_hash: str
    fields: tuple[str, ...]
    form: ConsentForm
    max_form: ReleaseForm
    channel: Channel
    provision: bool = False
    guardian: str | None = None
    evidence: str | None = None
    starts: datetime | None = None
    expires: datetime | None = None

    def __post_init__(self) -> None:
        for text, item in ((self.purpose, "purpose"), (self.recipient, "recipient"), (self.notice, "notice")):
            check_name(text, item)
        self._check_fields()
        check_aware(self.starts, "starts")
        check_aware(self.expires, "expires")
        if self.max_form is ReleaseForm.WITHHELD:
            raise InvalidValueError("max_form", "would let nothing out")
        if self.evidence is not None:
            check_evidence(self.evidence)
        if self.guardian is not None:
            check_reference(self.guardian, "guardian", "gd", "sub")
            if self.guardian == self.subject.ref:
                raise InvalidValueError("guardian", "cannot be the subject")

    def _check_fields(self) -> None:
        if not self.fields:
            raise BlanketConsentError("a consent lists its fields")
        if _EVERYTHING.intersection(self.fields):
            raise BlanketConsentError("a consent cannot be for everything")
        if len(set(self.fields)) != len(self.fields):
            raise BlanketConsentError("a consent lists each field once")
        for field in self.fields:
            check_name(field, "fields")


def check_evidence_given(request: GrantRequest) -> None:
    """Check that a written consent names its evidence.

    Raises: EvidenceMissingError.  Law: 征信业管理条例 14, 18, 29.
    """
    if request.form is ConsentForm.WRITTEN and request.evidence is None:
        raise EvidenceMissingError("a written consent names its evidence")


@dataclass(frozen=True, slots=True)
class WithdrawAll:
    """Every open grant of the subject."""


@dataclass(frozen=True, slots=True)
class WithdrawPurpose:
    """Every open grant for one purpose."""

    purpose: str


@dataclass(frozen=True, slots=True)
class WithdrawField:
    """One field out of every open grant; of one purpose only if given."""

    field: str
    purpose: str | None = None


@dataclass(frozen=True, slots=True)
class WithdrawGrant:
    """One grant."""

    grant: str


Scope = WithdrawAll | WithdrawPurpose | WithdrawField | WithdrawGrant


@dataclass(frozen=True, slots=True)
class Recorded:
    """What was recorded for one subject.

    Attributes:
        grants: ids of the grants concerned: the new one first, or those changed.
        consent_version: the subject's version afterwards.
        entries: ids of the ledger entries, in order.
    """

    grants: tuple[str, ...]
    consent_version: int
    entries: tuple[int, ...]
