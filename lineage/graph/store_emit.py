"""Reads of a range of entries, summed up where they are alike; the range is walked by number, once."""

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from lineage.graph.emitting import ReadsOf

_POLICY = {"postgresql": "(body::json) ->> 'policy'", "sqlite": "json_extract(body, '$.policy')"}
_SUMMED = """
SELECT tenant, client, party, purpose, outcome, {policy} AS policy, shape,
       count(*) AS count, min(id) AS first, max(id) AS last, max(at_us) AS at_us
FROM ledger_entries WHERE id > :after AND id <= :last AND kind = 'read'
GROUP BY 1, 2, 3, 4, 5, 6, 7 ORDER BY 1, 2, 4, 5, 6, 7, 3
"""


async def reads_between(connection: AsyncConnection, after: int, last: int) -> list[ReadsOf]:
    """The reads of the entries after one number, up to another, summed up."""
    statement = text(_SUMMED.format(policy=_POLICY[connection.dialect.name]))
    rows = await connection.execute(statement, {"after": after, "last": last})
    return [ReadsOf(*row) for row in rows]
