"""Several gates on one database, and a storm of gives, withdrawals and reads through all of them."""

import asyncio
import random
import sys
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest

from api.database import Database
from api.gates import open_gate
from consent import SubjectId, WithdrawAll
from consent.errors import NothingToWithdrawError
from gate import ContendedError, Gate
from gate.engines import EmbeddedEngine
from tests import world
from tests.gate.asking import ask
from tests.properties.history import Change, History, Look, possible, timed
from tests.properties.ledger import assert_justified, assert_whole
from tests.world import TENANT, World

FIELDS = ["credit_limit", "ecom_order_count"]
FEATURES = ("behaviour:limit", "behaviour:orders")


def replica_of(lender: World, url: str, database: Database) -> World:
    return World(Database.open(url, clock=database.clock), lender.keys, lender.catalog, lender.notice)


@asynccontextmanager
async def gates(lender: World, url: str, count: int) -> AsyncIterator[list[tuple[World, Gate]]]:
    """Replicas with databases, stores and engines of their own."""
    async with AsyncExitStack() as stack:
        found: list[tuple[World, Gate]] = []
        for _ in range(count):
            replica = replica_of(lender, url, lender.database)
            engine = EmbeddedEngine()
            gate, store = await open_gate(url, replica.database, replica.keys, engine)
            for close in (replica.database.close, engine.close, store.close, gate.close):
                stack.push_async_callback(close)
            found.append((replica, gate))
        yield found


@pytest.fixture
async def lender(database: Database, tmp_path: Path) -> World:
    return await world.build(database, tmp_path / "keys")


class Storm:
    """Readers and writers at work on some subjects."""

    def __init__(self, running: list[tuple[World, Gate]], refs: list[str], seed: int) -> None:
        self.running, self.refs = running, refs
        self.random = random.Random(seed)  # noqa: S311 - which subject is next, nothing secret
        self.history = History()
        self.writing = 0

    async def write(self, replica: int, count: int) -> None:
        self.writing += 1
        for _ in range(count):
            await self._change(self.running[replica][0])
            await asyncio.sleep(self.random.random() / 20)
        self.writing -= 1

    async def _change(self, lender: World) -> None:
        ref, gives = self.random.choice(self.refs), self.random.random() < 0.5
        work = lender.give(ref, FIELDS) if gives else lender.act("withdraw", SubjectId(TENANT, ref), WithdrawAll())
        try:
            told, began, ended = await timed(work)
        except NothingToWithdrawError:
            return
        self.history.entries += told.entries
        self.history.changes.append(Change(ref, told.consent_version, gives, began, ended))

    async def read(self, replica: int) -> None:
        """Read until the last change is made, and once more."""
        gate, last = self.running[replica][1], False
        while not last:
            last = self.writing == 0
            await asyncio.sleep(self.random.random() / 50)
            asked = self.random.sample(self.refs, min(len(self.refs), self.random.choice([1, 1, 5])))
            try:
                answer, began, ended = await timed(gate.read(ask(*asked, features=FEATURES)))
            except ContendedError:
                self.history.contended += 1
                continue
            for each in answer.subjects:
                released = {ruling.released for ruling in each.rulings}
                assert len(released) == 1, "both features stand in the same grants"
                self.history.looks.append(Look(each.subject, released.pop(), began, ended))
                self.history.entries.append(each.entry)


@pytest.mark.parametrize("subjects", [1, 12], ids=["one hot subject", "many subjects"])
@pytest.mark.parametrize("replicas", [2, 4])
async def test_in_a_storm_no_read_releases_what_was_withdrawn_before_it(
    database_url: str, lender: World, replicas: int, subjects: int, capsys: pytest.CaptureFixture[str]
) -> None:
    refs, began = await lender.add_subjects(subjects), time.monotonic()
    async with gates(lender, database_url, replicas) as running:
        storm = Storm(running, refs, seed=replicas * 100 + subjects)
        await asyncio.gather(
            *(storm.write(replica, 60 // replicas) for replica in range(replicas)),
            *(storm.read(replica) for replica in range(replicas) for _ in range(2)),
        )
    history = storm.history
    with capsys.disabled():
        counts = f"{len(history.changes)} changes, {len(history.looks)} reads, {history.contended} contended"
        took_s = time.monotonic() - began
        sys.stdout.write(f"\n{lender.database.engine.dialect.name}, {replicas} gates: {counts}, {took_s:.1f} s\n")
    assert history.wrong_looks() == []
    assert len(set(history.entries)) == len(history.entries)
    kinds = await assert_whole(lender.database)
    assert kinds["read"] >= len(history.looks)
    assert {look.released for look in history.looks} == {True, False}
    assert history.contended < len(history.looks), "reads find their moment between changes"
    await assert_justified(lender.database, lender.keys)


async def test_a_withdrawal_through_one_gate_is_honoured_by_the_next_read_through_every_other(
    database_url: str, lender: World
) -> None:
    refs = await lender.add_subjects(20)
    async with gates(lender, database_url, 4) as running:
        for number, ref in enumerate(refs):
            giver, taker = running[number % 4][0], running[(number + 1) % 4][0]
            await giver.give(ref, FIELDS)
            before = await asyncio.gather(*(gate.read(ask(ref, features=FEATURES)) for _, gate in running))
            await taker.act("withdraw", SubjectId(TENANT, ref), WithdrawAll())
            after = await asyncio.gather(*(gate.read(ask(ref, features=FEATURES)) for _, gate in running))
            assert {answer.subjects[0].outcome for answer in before} == {"released"}
            assert {answer.subjects[0].outcome for answer in after} == {"denied"}
    assert (await assert_whole(lender.database))["read"] == 160


def test_the_check_of_histories_finds_a_stale_release() -> None:
    given = Change("s", 1, gives=True, began=1, ended=2)
    withdrawn = Change("s", 2, gives=False, began=3, ended=4)
    assert possible(Look("s", released=True, began=0, ended=0.5), [given, withdrawn]) == {False}
    assert possible(Look("s", released=True, began=2.5, ended=2.6), [given, withdrawn]) == {True}
    assert possible(Look("s", released=True, began=3.5, ended=5), [given, withdrawn]) == {True, False}
    assert possible(Look("s", released=True, began=4.5, ended=5), [given, withdrawn]) == {False}
    stale = Look("s", released=True, began=4.5, ended=5)
    assert History([given, withdrawn], [stale]).wrong_looks() == [stale]


async def test_reads_of_unknown_subjects_through_many_gates_take_turns(database_url: str, lender: World) -> None:
    """They share one stream, that of the client: every place is taken once."""
    strangers = [f"sub_{letter * 26}" for letter in "abcdefgh"]
    async with gates(lender, database_url, 4) as running:
        reads = [gate.read(ask(ref, features=FEATURES)) for ref in strangers * 3 for _, gate in running]
        answers = await asyncio.gather(*reads)
    entries = {answer.subjects[0].entry for answer in answers}
    assert len(entries) == 96
    assert (await assert_whole(lender.database))["read"] == 96
