"""What the real gate and the real consents write, the replay, written apart from both, finds justified (I4)."""

import random
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from api.database import Database
from api.gates import open_gate
from catalog import LawfulBasis, ReleaseForm
from consent import (
    Client,
    ClientStatus,
    ConsentError,
    ConsentForm,
    NoticeDraft,
    Purpose,
    SubjectId,
    WithdrawAll,
    WithdrawField,
)
from gate import Gate, Mode
from gate.engines import EmbeddedEngine
from lineage import COLUMNS, CheckReport, FaultCode, check, check_rows
from tests import world
from tests.conftest import TickingClock
from tests.gate.asking import ask
from tests.world import FEATURES, FIELDS, TENANT, World


@pytest.fixture
async def lender(database: Database, tmp_path: Path) -> World:
    return await world.build(database, tmp_path / "keys")


@pytest.fixture
async def gate(lender: World, database_url: str) -> AsyncIterator[Gate]:
    opened, store = await open_gate(database_url, lender.database, lender.keys, EmbeddedEngine())
    yield opened
    await opened.close()
    await store.close()


async def _check(lender: World) -> CheckReport:
    async with lender.database.reading() as tx:
        return await check(tx.connection, check_mac=lender.keys.check_mac)


async def _register(lender: World, thing: Purpose | Client | NoticeDraft) -> None:
    async with lender.database.transaction() as tx:
        match thing:
            case Purpose():
                await lender.registrar.update_purpose(tx.connection, thing, by=world.STEWARD, now=tx.now)
            case Client():
                await lender.registrar.update_client(tx.connection, thing, by=world.STEWARD, now=tx.now)
            case NoticeDraft():
                published = await lender.registrar.publish_notice(
                    tx.connection, thing, lender.catalog, by=world.STEWARD, now=tx.now
                )
                lender.notice = published.notice


async def _step(chance: random.Random, lender: World, gate: Gate, clock: TickingClock) -> None:
    ref = chance.choice(lender.subjects)
    fields = chance.sample(FIELDS, chance.randint(5, len(FIELDS)))
    who = SubjectId(TENANT, ref)
    match chance.randrange(13):
        case 0 | 1 | 2:
            form = chance.choice([ReleaseForm.FLAG, ReleaseForm.BUCKET, *[ReleaseForm.PLAIN] * 4])
            strength = chance.choice([ConsentForm.GENERAL, *[ConsentForm.WRITTEN] * 5])
            ends = clock() + timedelta(seconds=chance.randint(60, 3600))
            await lender.give(ref, fields, max_form=form, form=strength, expires=chance.choice([None, ends]))
        case 3 if chance.random() < 0.5:
            await lender.act("withdraw", who, WithdrawAll())
        case 4:
            await lender.act("withdraw", who, WithdrawField(chance.choice(FIELDS), None))
        case 5 if chance.random() < 0.2:
            status = chance.choice([*[ClientStatus.ACTIVE] * 4, ClientStatus.SUSPENDED])
            most = chance.choice([ReleaseForm.BUCKET, ReleaseForm.PLAIN])
            await _register(lender, replace(world.clients()[0], status=status, max_form=most))
        case 6 if chance.random() < 0.2:
            basis = chance.choice([LawfulBasis.CONSENT, LawfulBasis.CONSENT, LawfulBasis.CONTRACT])
            changed = world.purpose(
                clock(), basis=basis, basis_ref="contract_one", revision=chance.choice([1, 1, 1, 2])
            )
            await _register(lender, changed)
        case 7:
            await _register(lender, world.notice())
        case 8:
            clock.move(seconds=chance.randint(0, 600))
        case _:
            mode = chance.choice([Mode.release, Mode.release, Mode.dry_run])
            client = chance.choice([*["scoring"] * 8, "partner_scoring", "nobody"])
            asked = ask(*chance.sample(lender.subjects, 3), "sub_" + "a" * 26, mode=mode, client=client)
            await gate.read(replace(asked, features=tuple(chance.sample(FEATURES, 3))))


async def test_what_gate_and_consents_write_is_justified(lender: World, gate: Gate, clock: TickingClock) -> None:
    chance = random.Random(23)  # noqa: S311 - test data
    await lender.add_subjects(6)
    for _ in range(220):
        try:
            await _step(chance, lender, gate, clock)
        except ConsentError:
            continue  # an illegal wish: nothing to withdraw, a stale notice
    report = await _check(lender)
    assert report.faults == ()
    assert report.released > 20
    assert report.grants > 20


async def test_a_release_whose_consent_is_cut_out_is_found(lender: World, gate: Gate) -> None:
    """What the gate wrote is justified by the consent's entry and by nothing else."""
    [ref] = await lender.add_subjects(1)
    await lender.give(ref)
    await gate.read(ask(ref))
    async with lender.database.reading() as tx:
        columns = ", ".join(("id", *COLUMNS))
        found = await tx.connection.execute(text(f"SELECT {columns} FROM ledger_entries ORDER BY id"))  # noqa: S608 - test
        rows = [tuple(row) for row in found]
    assert check_rows(rows, check_mac=lender.keys.check_mac).is_sound
    cut = [row for row in rows if row[4] != "consent.given"]
    codes = [fault.code for fault in check_rows(cut, check_mac=lender.keys.check_mac).faults]
    assert codes == [FaultCode.GAP, FaultCode.READ_VERSION, FaultCode.GRANT_UNKNOWN, FaultCode.UNCOVERED]
