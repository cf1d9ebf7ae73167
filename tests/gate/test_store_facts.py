"""Facts as they are kept: the published digests, and nothing but what they stand for comes back."""

import json
from pathlib import Path
from typing import Any

import pytest

from api.database import Database
from gate.engines import load_bundle
from gate.store_facts import (
    KeptPolicy,
    Situation,
    faulty_facts,
    find_facts,
    find_policy,
    keep_facts,
    keep_policy,
    missing_facts,
)

VECTORS: Any = json.loads((Path(__file__).parents[1] / "vectors" / "facts" / "facts.json").read_text())
SITUATIONS = [
    Situation(case["digest"], VECTORS["call"], VECTORS["call_digest"], case["subject"]) for case in VECTORS["facts"]
]


async def test_the_published_facts_are_kept_under_their_digests(database: Database) -> None:
    digests = [each.digest for each in SITUATIONS]
    for _ in range(2):  # again changes nothing
        async with database.transaction() as tx:
            await keep_facts(tx.connection, SITUATIONS, 1)
    async with database.reading() as tx:
        found = await find_facts(tx.connection, [*digests, "0" * 64])
        assert [found[name] for name in digests] == SITUATIONS
        assert await missing_facts(tx.connection, [*digests, "0" * 64]) == {"0" * 64}
        assert await faulty_facts(tx.connection) == []
        stored = (await tx.connection.exec_driver_sql("SELECT digest, document FROM gate_calls")).all()
        assert [tuple(row) for row in stored] == [(VECTORS["call_digest"], VECTORS["call_canonical"])]
        subjects = (await tx.connection.exec_driver_sql("SELECT digest, subject FROM gate_facts")).all()
        assert dict(map(tuple, subjects)) == {case["digest"]: case["subject_canonical"] for case in VECTORS["facts"]}


@pytest.mark.parametrize("document", ["{}", "no JSON", "null", '{"purpose":{"basis":1.5}}'])
async def test_a_call_that_is_not_what_its_digest_says_is_worth_nothing(database: Database, document: str) -> None:
    async with database.transaction() as tx:
        await keep_facts(tx.connection, SITUATIONS, 1)
    async with database.transaction() as tx:
        await tx.connection.exec_driver_sql(f"UPDATE gate_calls SET document = '{document}'")  # noqa: S608  ours
        found = await find_facts(tx.connection, [each.digest for each in SITUATIONS])
        assert set(found.values()) == {None}
        assert len(await faulty_facts(tx.connection)) == len(SITUATIONS)


async def test_a_policy_is_kept_whole(database: Database) -> None:
    bundle = load_bundle()
    policy = KeptPolicy(bundle.revision, bundle.module, bundle.data)
    assert policy.is_whole
    assert not KeptPolicy(bundle.revision, bundle.module, b"{}").is_whole
    assert not KeptPolicy(bundle.revision, bundle.module, b"x").is_whole
    async with database.transaction() as tx:
        await keep_policy(tx.connection, policy, 1)
        await keep_policy(tx.connection, KeptPolicy(bundle.revision, b"other", b"{}"), 2)
        assert await find_policy(tx.connection, bundle.revision) == policy
        assert await find_policy(tx.connection, "0" * 64) is None
