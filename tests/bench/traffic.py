"""What is sent: the same POST with different bodies, in turn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import msgspec

from tests.bench import servers
from tests.bench.worlds import Measured

DISTINCT = 500
JSON = {"Content-Type": "application/json"}


@dataclass(frozen=True, slots=True)
class Traffic:
    """Requests to send."""

    path: str
    bodies: Sequence[bytes]
    headers: Mapping[str, str] = field(default_factory=lambda: JSON)


def reads(measured: Measured, subjects: int, features: int, path: str = "/v1/reads") -> Traffic:
    """Reads of ``subjects`` people each, of other people each time; the baselines take the same."""
    doubled = measured.refs + measured.refs
    starts = range(DISTINCT) if subjects < 1000 else range(1)
    bodies = [
        msgspec.json.encode(
            {
                "purpose": "credit_scoring",
                "product": "cash_loan",
                "subjects": doubled[start : start + subjects],
                "features": measured.names(features),
            }
        )
        for start in starts
    ]
    return Traffic(path, bodies, {**JSON, "Authorization": f"Bearer {servers.token(measured)}"})
