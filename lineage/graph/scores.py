"""Scores that scoring services report back, and the credit decisions made on them.

Rules:
- a score rests on reads: entries that released data to the same client about the same subject, for the score's purpose
  and product; anything else is refused, and absent and foreign entries are told alike;
- the value is sealed under the subject's key, bound to the score's id; the ledger holds a keyed commitment to it: a
  value shown later can be proven to be the one reported;
- an entry names its reads by place and digest: they stand in the same stream, so the ledger alone says what fed it;
- whether a score or a decision came from automation alone is said, never assumed (PIPL 24).

Law: PIPL 24 (automated decisions: explanation, refusal), 48; 征信业管理条例 20 (agreed purpose).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from lineage.content import Json
from lineage.entries import Actor, EntryDraft, Mac
from lineage.kinds import Kind, Role

MAX_READS = 50
MAX_REASONS = 20
SCORE, DECISION = "sc_", "cd_"


class DecisionOutcome(StrEnum):
    """What was decided: granted as asked, granted in part, handed to a person, declined."""

    APPROVE = "approve"
    LIMIT = "limit"
    REFER = "refer"
    DECLINE = "decline"


class Effect(StrEnum):
    """Which way a feature moved a score, for the person scored."""

    RAISES = "raises"
    LOWERS = "lowers"
    NEUTRAL = "neutral"


@dataclass(frozen=True, slots=True)
class ScoreReason:
    """One of the features that mattered, in the order of importance."""

    feature: str
    effect: Effect


@dataclass(frozen=True, slots=True)
class Stamp:
    """When something is recorded, and with which ledger key."""

    now: datetime
    mac: Mac


@dataclass(frozen=True, slots=True)
class Reporter:
    """The client that reports, and the party it belongs to."""

    tenant: str
    client: str
    party: str

    @property
    def actor(self) -> Actor:
        """How the ledger names it."""
        return Actor(Role.SCORER, self.client)


@dataclass(frozen=True, slots=True)
class NewDecision:
    """A decision to record.

    Attributes:
        id: `cd_…`; score: the one it rests on, of `subject` (a pseudonym) and `purpose`.
        automated: whether no person took part.
    """

    id: str
    score: str
    subject: str
    purpose: str
    outcome: DecisionOutcome
    automated: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class NewScore:
    """A score to record.

    Attributes:
        id: `sc_…`; subject: pseudonym.
        reads: numbers of the ledger entries it rests on, 1 to 50, each once.
        sealed: the value under the subject's key; commitment: keyed, 32 bytes; key: version it was made under.
    """

    id: str
    subject: str
    model: str
    version: str
    purpose: str
    product: str
    automated: bool
    reads: tuple[int, ...]
    reasons: tuple[ScoreReason, ...]
    sealed: bytes
    commitment: bytes
    key: int | str


@dataclass(frozen=True, slots=True)
class UsedRead:
    """A read as the ledger has it: its number, place and digest, and the shape of its answer."""

    entry: int
    seq: int
    digest: str
    shape: str


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownScore:
    """A score as it is stored, without its reads and decisions."""

    id: str
    entry: int
    subject: str
    client: str
    party: str
    purpose: str
    product: str
    model: str
    version: str
    automated: bool
    at_us: int
    reasons: tuple[ScoreReason, ...]
    sealed: bytes


@dataclass(frozen=True, slots=True)
class KnownDecision:
    """A decision as it is stored."""

    id: str
    score: str
    entry: int
    outcome: DecisionOutcome
    automated: bool
    at_us: int


@dataclass(frozen=True, slots=True)
class Batch:
    """What is reported at once; decisions may rest on scores of the same batch."""

    scores: Sequence[NewScore] = ()
    decisions: Sequence[NewDecision] = ()


def seal_name(score: str) -> str:
    """The field a score's value is sealed for."""
    return f"score/{score}"


def commitment_payload(score: str, value: bytes) -> bytes:
    """What is committed to: the value as JSON, bound to the score."""
    return f"{score}\n".encode() + value


def score_draft(reporter: Reporter, score: NewScore, reads: Sequence[UsedRead]) -> EntryDraft:
    """The entry of a score."""
    parts: dict[str, Json] = {
        "automated": score.automated,
        "commitment": score.commitment.hex(),
        "key": score.key,
        "model": score.model,
        "product": score.product,
        "reads": [{"digest": read.digest, "seq": read.seq} for read in sorted(reads, key=lambda read: read.seq)],
        "reasons": reasons_document(score.reasons),
        "version": score.version,
    }
    return EntryDraft(
        Kind.SCORE_REPORTED,
        reporter.tenant,
        reporter.actor,
        subject=score.subject,
        client=reporter.client,
        party=reporter.party,
        purpose=score.purpose,
        about=score.id,
        parts=parts,
    )


def decision_draft(reporter: Reporter, decision: NewDecision) -> EntryDraft:
    """The entry of a decision."""
    return EntryDraft(
        Kind.CREDIT_DECIDED,
        reporter.tenant,
        reporter.actor,
        subject=decision.subject,
        client=reporter.client,
        party=reporter.party,
        purpose=decision.purpose,
        about=decision.id,
        parts={"automated": decision.automated, "decision": decision.outcome.value, "score": decision.score},
    )


def review_draft(tenant: str, score: KnownScore) -> EntryDraft:
    """The entry of a subject's request that a person decides (PIPL 24(3))."""
    return EntryDraft(
        Kind.SCORE_REVIEW_REQUESTED,
        tenant,
        Actor(Role.SUBJECT, score.subject),
        subject=score.subject,
        client=score.client,
        party=score.party,
        purpose=score.purpose,
        about=score.id,
        parts={"model": score.model, "version": score.version},
    )


def reasons_document(reasons: Sequence[ScoreReason]) -> list[Json]:
    """Reasons as they stand in entries and tables."""
    return [{"effect": reason.effect.value, "feature": reason.feature} for reason in reasons]


def reasons_of(document: Sequence[Mapping[str, str]]) -> tuple[ScoreReason, ...]:
    """Read back what `reasons_document` wrote."""
    return tuple(ScoreReason(each["feature"], Effect(each["effect"])) for each in document)
