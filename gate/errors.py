"""Faults of the gate.

Rules:
- a denial is a value, never an error: these say that no answer could be had at all;
- no error carries facts, answers or anything a policy engine sent.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar


class GateError(Exception):
    """Root of the gate's errors."""

    code: ClassVar[str] = "gate/error"


class ConfigMovedError(GateError):
    """The configuration kept changing while a read was being prepared; ask again."""

    code: ClassVar[str] = "gate/config_moved"


class ContendedError(GateError):
    """Consent kept changing while a read was being answered; nothing was released, ask again."""

    code: ClassVar[str] = "gate/contended"


class TooManyShapesError(GateError):
    """The client varied what it asks for more often today than it may; nothing was released or recorded."""

    code: ClassVar[str] = "gate/too_many_shapes"


class GateClosedError(GateError):
    """The service is shutting down and takes no more reads."""

    code: ClassVar[str] = "gate/closed"


class GateUnavailableError(GateError):
    """The database cannot be read or the ledger cannot be written; nothing was released."""

    code: ClassVar[str] = "gate/unavailable"


class PolicyUnavailableError(GateError):
    """The policy engine decided nothing; the denial is recorded."""

    code: ClassVar[str] = "gate/policy_unavailable"


class EngineError(GateError):
    """The policy engine gave no answer that may be used; everything asked is denied."""

    code: ClassVar[str] = "gate/engine"


class EngineUnavailableError(EngineError):
    """The policy engine cannot be reached or failed while deciding."""

    code: ClassVar[str] = "gate/engine_unavailable"


class EngineLateError(EngineError):
    """The policy engine did not answer before the deadline."""

    code: ClassVar[str] = "gate/engine_late"


class EngineAnswerError(EngineError):
    """The policy engine answered something that is not a list of decisions."""

    code: ClassVar[str] = "gate/engine_answer"


class EngineRevisionError(EngineError):
    """The policy engine runs another policy revision than this service was started with."""

    code: ClassVar[str] = "gate/engine_revision"


class BundleError(GateError):
    """The policy bundle cannot be used: unreadable, altered, or it asks for functions outside the allow-list."""

    code: ClassVar[str] = "gate/bundle"


class PersonRefusedError(GateError):
    """What was said of a person cannot be registered; ``faults`` are (field, fault) pairs, never values."""

    code: ClassVar[str] = "gate/person_refused"

    def __init__(self, faults: Sequence[tuple[str, str]]) -> None:
        super().__init__("; ".join(f"{field}: {fault}" for field, fault in faults))
        self.faults = tuple(faults)


class PeopleContendedError(GateError):
    """Another writer registers the same people at this moment; nothing was stored, try again."""

    code: ClassVar[str] = "gate/people_contended"
