"""Whatever the routes write, the ledger they leave behind is whole and every release in it was justified."""

from api.app import create_app
from lineage import check
from tests.api.routes.conftest import FACTORS, Lender
from tests.api.routes.samples import operations, samples, things_of
from tests.api.routes.test_roles import send


async def test_the_ledger_checks_after_every_route_was_called(lender: Lender) -> None:
    who = lender.world.subjects[0]
    ways = operations(create_app(lender.settings).openapi())
    for way in ways:
        things = await things_of(lender, who)
        await lender.read([who])
        sample = samples(lender, things)[way]
        await send(lender, way, sample, sample.role, amr=FACTORS)
        if sample.staff:
            other = samples(lender, await things_of(lender, who))[way]
            await send(lender, way, other, "steward", amr=FACTORS)
    await lender.subject("POST", "/v1/withdrawals", {"scope": "all"})
    await lender.read([who])
    async with lender.world.database.reading() as tx:
        report = await check(tx.connection)
    assert list(report.faults) == []
    assert report.entries > 60
