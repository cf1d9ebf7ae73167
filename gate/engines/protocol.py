"""What the gate asks of a policy engine, and what it gets back.

Rules:
- an engine answers every request in order; a request it did not answer properly has ``None`` in its place;
- ``None`` and ``EngineError`` mean the same to a caller: deny, with POLICY_UNAVAILABLE, and do not remember it;
- answers are immutable and hold no facts, so they may be remembered under the digest of the facts and the revision.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, Protocol

import msgspec

Form = Literal["withheld", "flag", "bucket", "token", "masked", "plain"]
WITHHELD: Form = "withheld"
DECISIONS_PATH = "yumen/gate/decisions"


class FeatureDecision(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """The decision on one feature; a struct, not a dataclass, because thousands are decoded per batch.

    Attributes:
        form: mildest form it may be released in; "withheld" exactly if there are reasons.
        reasons: codes, sorted.
        grants: positions, among the subject's grants in the facts, of those that justify the release; ascending.
        obligations: duties that go with the release, sorted.
    """

    form: Form
    reasons: tuple[str, ...]
    grants: tuple[int, ...]
    obligations: tuple[str, ...]


class Answer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The decisions on all features of one request, by full name."""

    features: Mapping[str, FeatureDecision]


class PolicyEngine(Protocol):
    """Decides facts by one revision of the policy.

    Calls and requests are the parts of the policy input: mappings, or ``msgspec.Raw`` where they are JSON already.
    """

    @property
    def revision(self) -> str:
        """Digest of the policy and its data; the same for every engine that runs the same bundle."""
        ...

    async def decide(
        self, calls: Sequence[Mapping[str, Any]], requests: Sequence[Mapping[str, Any]], *, deadline_s: float
    ) -> list[Answer | None]:
        """Decide every request, in order; ``None`` where the answer was not whole and well formed.

        Raises: EngineError: no answer at all, not in time, or from another revision.
        """
        ...

    async def health(self) -> None:
        """Raise EngineError unless the engine decides, under this revision, now."""
        ...

    async def close(self) -> None:
        """Let go of connections, threads and memory."""
        ...
