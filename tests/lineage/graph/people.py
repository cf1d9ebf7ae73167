"""People with reads in a ledger, for tests of what follows from them."""

from collections.abc import Sequence
from dataclasses import replace

from api.database import Database
from lineage import EntryTemplate, FeatureOutcome, Shape, append, ensure_shapes
from tests.lineage import world
from tests.lineage.world import MAC, NOW

FIELDS = ("overdue_days", "monthly_income", "mobile_model")


def template(
    released: Sequence[str] = FIELDS,
    *,
    client: str = "scoring",
    party: str = "bank_main",
    asked: Sequence[str] = FIELDS,
) -> EntryTemplate:
    """A read of features `v:<field>`, some of them released."""
    outcomes = [
        FeatureOutcome(f"v:{f}", (f,), "flag" if f in released else None, () if f in released else ("NO_GRANT",))
        for f in asked
    ]
    context = replace(world.CONTEXT, client=client, party=party)
    return EntryTemplate.of(context, Shape.of("bank", outcomes), facts="3" * 64)


async def read(database: Database, who: int, made: EntryTemplate, *, grant: int = 1) -> int:
    """Record a read of a person under a grant; returns the entry."""
    async with database.transaction() as tx:
        await ensure_shapes(tx.connection, [made.shape], now=NOW, mac=MAC)
        grants = [(world.grant_id(grant), 1)]
        draft = made.draft(world.subject(who), consent_version=1, grants=grants, commitment=b"\x07" * 32)
        return (await append(tx.connection, [draft], now=NOW, mac=MAC))[0]
