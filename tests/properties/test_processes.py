"""Two service processes on one PostgreSQL: what one has answered, the other honours."""

import asyncio
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from api.database import Database
from tests import world
from tests.properties.ledger import assert_justified, assert_whole
from tests.properties.processes import Process, replicas
from tests.world import World

ROUNDS = 10_000
FIELD_OF = {
    "behaviour:orders": "ecom_order_count",
    "behaviour:limit": "credit_limit",
    "behaviour:score_band": "zhima_score",
    "behaviour:worst_status": "repayment_record",
}
FEATURES = list(FIELD_OF)
TOGETHER = 40  # subjects whose withdrawals one transaction commits
ALONE = 30  # subjects that withdraw in transactions of their own
LANES = 8


async def withdraw_and_read(one: Process, other: Process, refs: list[str], seen: Counter[str]) -> None:
    """Take the features away one by one, each time through the other replica than the one that reads next."""
    left = list(FEATURES)
    asked = await other.ask("read", refs=refs, features=FEATURES)
    seen["lost consents"] += sum(released != left for released in asked["released"])
    while left:
        feature = left.pop()
        await one.ask("withdraw" if len(refs) == 1 else "withdraw_many", refs=refs, field=FIELD_OF[feature])
        asked = await other.ask("read", refs=refs, features=FEATURES)
        seen["rounds"] += len(refs)
        seen["misses"] += sum(feature in released for released in asked["released"])
        seen["wrong"] += sum(released != left for released in asked["released"])
        one, other = other, one
    seen["reads"] += len(refs) * (1 + len(FEATURES))


@pytest.mark.slow
async def test_a_withdrawal_answered_by_one_process_is_honoured_by_the_next_read_on_the_other(
    postgres_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lender = await world.build(Database.open(postgres_url), tmp_path)
    refs = await add_subjects(lender, ROUNDS // len(FEATURES))
    seen: Counter[str] = Counter()
    began = time.monotonic()
    async with replicas(postgres_url, tmp_path, 2) as running:
        queue = [[ref] for ref in refs[:ALONE]]
        queue += [refs[start : start + TOGETHER] for start in range(ALONE, len(refs), TOGETHER)]
        for start in range(0, len(refs), 250):
            await running[start % 2].ask("give", refs=refs[start : start + 250])

        async def lane(number: int) -> None:
            while queue:
                await withdraw_and_read(running[number % 2], running[1 - number % 2], queue.pop(), seen)

        await asyncio.gather(*map(lane, range(LANES)))
    took_s = time.monotonic() - began
    with capsys.disabled():
        sys.stdout.write(f"\ntwo processes: {dict(seen)} in {took_s:.1f} s\n")
    kinds = await assert_whole(lender.database)
    assert kinds["read"] == seen["reads"]
    assert kinds["consent.field_withdrawn"] + kinds["consent.withdrawn"] == seen["rounds"]
    assert await assert_justified(lender.database, lender.keys) == seen["reads"]
    await lender.database.close()
    assert (seen["rounds"], seen["misses"], seen["wrong"], seen["lost consents"]) == (ROUNDS, 0, 0, 0)


async def add_subjects(lender: World, count: int) -> list[str]:
    refs: list[str] = []
    while len(refs) < count:
        refs += await lender.add_subjects(min(250, count - len(refs)))
    return refs
