"""Holds and requests to erase: what they are, before anything is looked up.

Rules:
- a hold names its basis in law, the reference of the paper it rests on, and its end: nothing is kept for ever;
- a hold stands against erasing until its end or its release; it does not restrict by itself: what restricts a subject
  is a request to erase that is still open, whoever made it (PIPL 47(2));
- a request to erase is answered within 15 days of being asked (GB/T 35273 allows 30), and a refusal has a reason the
  person can read in Chinese and English (PIPL 50).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from consent.errors import InvalidValueError
from consent.ids import check_evidence
from consent.instants import check_aware
from consent.subjects import SubjectId
from consent.values import BilingualText

ANSWER_WITHIN: Final = timedelta(days=15)
LONGEST_HOLD: Final = timedelta(days=366 * 30)


class HoldBasis(StrEnum):
    """Which law stands against erasing."""

    AML = "aml"
    CREDIT_REPORTING = "credit_reporting"
    LITIGATION = "litigation"
    REGULATOR = "regulator"
    TAX = "tax"
    OTHER_LAW = "other_law"


class ErasureState(StrEnum):
    """What became of a request to erase.

    Waiting: an officer has to decide; held: it is carried out when the last hold ends. Both restrict the subject.
    """

    WAITING = "waiting"
    HELD = "held"
    DONE = "done"
    REFUSED = "refused"

    @property
    def is_open(self) -> bool:
        """Whether it still has to be carried out or answered."""
        return self in (ErasureState.WAITING, ErasureState.HELD)


class Refusal(StrEnum):
    """Why an officer refused to erase."""

    LEGAL_PERIOD = "legal_period"
    CONTRACT_RUNS = "contract_runs"
    IDENTITY_NOT_SHOWN = "identity_not_shown"
    CLAIMS_OPEN = "claims_open"


REFUSALS: Final = {
    Refusal.LEGAL_PERIOD: BilingualText(
        "法律、行政法规规定的保存期限尚未届满；在此期间仅存储并采取必要的安全保护措施。",
        "The law requires the data to be kept longer; until that time is over it is only stored and protected.",
    ),
    Refusal.CONTRACT_RUNS: BilingualText(
        "您与处理者之间的合同仍在履行，处理目的尚未实现；合同终止后可再次申请。",
        "Your contract with the handler still runs and needs the data; ask again once it has ended.",
    ),
    Refusal.IDENTITY_NOT_SHOWN: BilingualText(
        "未能核实申请人就是该个人信息主体；请补充身份证明后再次申请。",
        "It could not be shown that the request came from the person concerned; ask again with proof of identity.",
    ),
    Refusal.CLAIMS_OPEN: BilingualText(
        "与您有关的争议或者诉讼尚未终结，需要保存证据；终结后将予以删除。",
        "A dispute or lawsuit that concerns you is not over and the data is evidence in it; it is erased afterwards.",
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldRequest:
    """A hold to be placed.

    Attributes:
        reference: ``ev_…`` reference or ``sha256:…`` digest of the order, file or contract it rests on.
        then_erase: the purpose is over: nobody uses the data meanwhile but for a statutory duty, and it is erased when
            the hold ends (PIPL 47(2)).
    """

    subject: SubjectId
    basis: HoldBasis
    reference: str
    until: datetime
    then_erase: bool = False

    def __post_init__(self) -> None:
        check_evidence(self.reference)
        check_aware(self.until, "until")

    def check(self, now: datetime) -> None:
        """Refuse a hold that has ended before it begins, or would never end. Raises: InvalidValueError."""
        if self.until <= now:
            raise InvalidValueError("until", "lies in the past")
        if self.until > now + LONGEST_HOLD:
            raise InvalidValueError("until", "lies more than thirty years ahead")


@dataclass(frozen=True, slots=True)
class Hold:
    """A hold as stored; ``released`` is None while nobody lifted it."""

    id: str
    subject: SubjectId
    basis: HoldBasis
    reference: str
    placed: datetime
    until: datetime
    released: datetime | None

    def stands_at(self, now: datetime) -> bool:
        """Whether it stands against erasing at an instant."""
        return self.released is None and now < self.until


@dataclass(frozen=True, slots=True)
class ErasureRequest:
    """A request to erase as stored.

    Attributes:
        subject: None once the subject is erased: the request says no more about whom it was.
        due: by when it is answered.
        certificate: the id of the certificate of an erasure that was done.
    """

    id: str
    tenant: str
    subject: str | None
    state: ErasureState
    reason: Refusal | None
    asked: datetime
    due: datetime
    decided: datetime | None
    certificate: str | None

    @property
    def is_open(self) -> bool:
        """Whether it still has to be carried out or answered."""
        return self.state.is_open
