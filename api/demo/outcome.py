"""How a demonstration came out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class Outcome:
    """How a demonstration came out."""

    steps: int = 0
    differing: list[str] = field(default_factory=list)
    ledger: Mapping[str, Any] = field(default_factory=dict)
    seconds: float = 0.0

    @property
    def is_good(self) -> bool:
        """Whether every step came out as told and the ledger is sound."""
        return not self.differing and bool(self.ledger) and not self.ledger.get("faults")
