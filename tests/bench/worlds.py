"""What is measured on: one lender, a view of twenty features over four fields, subjects with a standing grant."""

from __future__ import annotations

import asyncio
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from api.database import Database
from api.migrate import upgrade
from consent import Actor
from tests import postgres, world

FIELDS = ("ecom_order_count", "credit_limit", "zhima_score", "repayment_record")
FEATURES = 20
_FEATURE = (
    "      - {{name: f_{index}, zh: 值, en: Value, type: integer, transform: derived, fields: [{field}],\n"
    "         form: bucket, shapes: {{bucket: {{edges: [0, 10, 50, 100, 500]}}}}}}\n"
)
VIEW = "views:\n  - name: behaviour\n    handler: lender\n    zh: 行为\n    en: Behaviour\n    features:\n" + "".join(
    _FEATURE.format(index=index, field=FIELDS[index % len(FIELDS)]) for index in range(FEATURES)
)


@dataclass(frozen=True, slots=True)
class Measured:
    """A database to measure on, and who is in it."""

    url: str
    folder: Path
    refs: list[str]

    def names(self, count: int) -> tuple[str, ...]:
        """The full names of the first ``count`` features."""
        return tuple(f"behaviour:f_{index}" for index in range(count))


async def build(url: str, folder: Path, subjects: int) -> Measured:
    """Make the schema, the lender and ``subjects`` people with values and a grant."""
    database = Database.open(url)
    await upgrade(database)
    lender = await world.build(database, folder, VIEW)
    values = {f"f_{index}": index * 7 for index in range(FEATURES)}
    refs: list[str] = []
    for start in range(0, subjects, 1000):
        made = await lender.add_subjects(min(1000, subjects - start), values=values)
        async with database.transaction() as tx:
            await lender.service.give_many(
                tx.connection, [lender.request(ref) for ref in made], by=Actor("steward", "steward_one"), now=tx.now
            )
        refs += made
    await database.close()
    return Measured(url, folder, refs)


async def both(folder: Path, stack: ExitStack, subjects: int) -> dict[str, Measured]:
    """A world on each database, the server running until the stack is closed."""
    dsn = stack.enter_context(postgres.server(folder / "postgres"))
    _, url = await asyncio.to_thread(postgres.new_database, dsn)
    lite = folder / "sqlite"
    lite.mkdir()
    return {
        "SQLite": await build(f"sqlite+aiosqlite:///{lite / 'yumen.db'}", lite, subjects),
        "PostgreSQL": await build(url, folder / "pg", subjects),
    }
