"""What a measurement gave."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Figures:
    """What a run of requests gave; times in milliseconds."""

    requests: int
    per_second: float
    p50_ms: float
    p99_ms: float
    failed: int

    def row(self) -> tuple[str, str, str]:
        """Median, 99th percentile and rate, as the tables show them."""
        return f"{self.p50_ms:.2f}", f"{self.p99_ms:.2f}", f"{self.per_second:,.0f}"


def figures(times: Sequence[float], took: float, failed: int = 0) -> Figures:
    """Summarise the times, in seconds, of calls made within ``took`` seconds."""
    ordered = sorted(times)
    p99 = ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))]
    return Figures(len(ordered), len(ordered) / took, ordered[len(ordered) // 2] * 1e3, p99 * 1e3, failed)
