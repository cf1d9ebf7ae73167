"""The gate: every read of personal data goes through here; facts, decision, values, record, release."""

from gate.errors import (
    ContendedError,
    EngineError,
    GateClosedError,
    GateError,
    GateUnavailableError,
    PolicyUnavailableError,
)
from gate.facts import Config
from gate.gate import Gate
from gate.reads import FeatureRuling, Mode, Outcome, ReadAnswer, ReadCall, SubjectAnswer

__all__ = [
    "Config",
    "ContendedError",
    "EngineError",
    "FeatureRuling",
    "Gate",
    "GateClosedError",
    "GateError",
    "GateUnavailableError",
    "Mode",
    "Outcome",
    "PolicyUnavailableError",
    "ReadAnswer",
    "ReadCall",
    "SubjectAnswer",
]
