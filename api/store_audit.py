"""Counts for the compliance report: one statement each, over a tenant and a time."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

GRANTS = (
    "SELECT state, form, guardian IS NOT NULL, count(*) FROM consent_grants WHERE tenant = :tenant GROUP BY 1, 2, 3"
)
SUBJECTS = "SELECT age_band, count(*) FROM consent_subjects WHERE tenant = :tenant GROUP BY 1"
KINDS = """
SELECT kind, count(*) FROM ledger_entries
WHERE tenant = :tenant AND kind <> 'read' AND at_us >= :since AND at_us < :until GROUP BY 1
"""
READS = """
SELECT s.outcome, s.purpose, count(*) FROM ledger_entries AS e
JOIN ledger_shapes AS s ON s.tenant = e.tenant AND s.shape = e.shape
WHERE e.tenant = :tenant AND e.at_us >= :since AND e.at_us < :until AND e.kind = 'read' GROUP BY 1, 2
"""
SCORES = """
SELECT automated, count(*) FROM lineage_scores
WHERE tenant = :tenant AND at_us >= :since AND at_us < :until GROUP BY 1
"""
DECISIONS = """
SELECT outcome, automated, count(*) FROM lineage_decisions
WHERE tenant = :tenant AND at_us >= :since AND at_us < :until GROUP BY 1, 2
"""
REACH = "SELECT field, party, subjects FROM lineage_reach_counts WHERE tenant = :tenant"
TASKS = """
SELECT cause, done_us IS NOT NULL, done_us IS NULL AND due_us < :now, count(*) FROM lineage_tasks
WHERE tenant = :tenant GROUP BY 1, 2, 3
"""
LOWERED = "SELECT state, count(*) FROM lineage_deidentifications WHERE tenant = :tenant GROUP BY 1"
VALUES = "SELECT count(*) FROM gate_values WHERE tenant = :tenant"


@dataclass(frozen=True, slots=True)
class Counted:
    """The rows of each count, as the statements give them."""

    grants: list[tuple[str, str, bool, int]]
    subjects: dict[str, int]
    kinds: dict[str, int]
    reads: list[tuple[str, str, int]]
    scores: dict[bool, int]
    decisions: list[tuple[str, bool, int]]
    reach: list[tuple[str, str, int]]
    tasks: list[tuple[str, bool, bool, int]]
    lowered: dict[str, int]
    values: int


async def counted(connection: AsyncConnection, tenant: str, *, since_us: int, until_us: int, now_us: int) -> Counted:
    """Count everything the report shows."""
    span = {"tenant": tenant, "since": since_us, "until": until_us, "now": now_us}

    async def rows(statement: str) -> list[tuple[object, ...]]:
        used = {name: value for name, value in span.items() if f":{name}" in statement}
        return [tuple(row) for row in await connection.execute(text(statement), used)]

    return Counted(
        grants=[(str(a), str(b), bool(c), _int(d)) for a, b, c, d in await rows(GRANTS)],
        subjects={str(a): _int(b) for a, b in await rows(SUBJECTS)},
        kinds={str(a): _int(b) for a, b in await rows(KINDS)},
        reads=[(str(a), str(b), _int(c)) for a, b, c in await rows(READS)],
        scores={bool(a): _int(b) for a, b in await rows(SCORES)},
        decisions=[(str(a), bool(b), _int(c)) for a, b, c in await rows(DECISIONS)],
        reach=[(str(a), str(b), _int(c)) for a, b, c in await rows(REACH)],
        tasks=[(str(a), bool(b), bool(c), _int(d)) for a, b, c, d in await rows(TASKS)],
        lowered={str(a): _int(b) for a, b in await rows(LOWERED)},
        values=_int((await rows(VALUES))[0][0]),
    )


def _int(value: object) -> int:
    return int(str(value))
