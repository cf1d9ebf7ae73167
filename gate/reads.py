"""What a read asks and what it gets: the gate's own words for ``POST /v1/reads``.

Rules:
- the client, its party and the tenant come from the caller's identity, never from the request body;
- an answer holds values only for features whose status is ``released``;
- every answered subject names the ledger entry that stands for it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple


class Mode(StrEnum):
    """Whether values are released or the decision is only explained."""

    release = "release"
    dry_run = "dry_run"


class Outcome(StrEnum):
    """How a read of one subject ended."""

    released = "released"
    partial = "partial"
    denied = "denied"
    dry_run = "dry_run"


@dataclass(frozen=True, slots=True)
class ReadCall:
    """One read of one or many subjects.

    Attributes:
        tenant, client: from the caller's verified identity.
        purpose, product: names as registered; unknown ones are denied, not errors.
        subjects: subject references, in the order of the answer; each at most once.
        features: full names ``view:feature``; each at most once.

    Raises: ValueError: no subject, no feature, or one of them twice.
    """

    tenant: str
    client: str
    purpose: str
    product: str
    subjects: tuple[str, ...]
    features: tuple[str, ...]
    mode: Mode = Mode.release

    def __post_init__(self) -> None:
        for named in (self.subjects, self.features):
            if not named or len(set(named)) != len(named):
                raise ValueError("a read names at least one subject and one feature, each once")


@dataclass(frozen=True, slots=True)
class FeatureRuling:
    """What was decided on one feature.

    Attributes:
        name: full name.
        form: the release form; ``withheld`` when denied.
        reasons: codes, sorted; empty when released.
        obligations: what the recipient has to do, sorted.
    """

    name: str
    form: str
    reasons: tuple[str, ...] = ()
    obligations: tuple[str, ...] = ()

    @property
    def released(self) -> bool:
        """Whether a value may leave."""
        return not self.reasons


class SubjectAnswer(NamedTuple):
    """One subject's part of an answer.

    Attributes:
        subject: the reference as asked.
        entry: id of the ledger entry that records this.
        outcome: released, partial, denied or dry_run.
        rulings: one per asked feature, in the order asked.
        values: shaped values beside ``rulings``; None where denied or absent.
    """

    subject: str
    entry: int
    outcome: Outcome
    rulings: tuple[FeatureRuling, ...]
    values: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class ReadAnswer:
    """The whole answer, in the order of ``call.subjects``."""

    call: ReadCall
    policy: str
    catalog: str
    subjects: tuple[SubjectAnswer, ...]
