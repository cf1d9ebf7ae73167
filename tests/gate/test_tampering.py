"""What somebody changes in the database by hand, in any column, denies and raises an alarm; nothing is laundered."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import cycle
from pathlib import Path

import pytest
from sqlalchemy import text

from api.alarms import AlarmDesk
from api.database import Database
from api.gates import open_gate
from api.metrics import Metrics
from consent import RowTamperedError, SubjectId, WithdrawAll
from consent.tables import EPOCH, GRANTS, REGISTRY, SEALS, SUBJECTS
from gate import Gate, GateUnavailableError, Outcome
from gate.engines import EmbeddedEngine
from tests.gate.asking import ask, read_entries, reasons
from tests.gate.identified import ALL
from tests.gate.identified import build as build_identified
from tests.owner import Owner
from tests.world import STEWARD, TENANT, World, purpose
from vault import VaultError, resolve_token
from vault.store.rows import table_of
from vault.tables import VaultToken

TOKENS = table_of(VaultToken)
CODE = "ROW_TAMPERED"
THINGS = (("purpose", "credit_scoring"), ("client", "scoring"), ("notice", "scoring_notice"), ("party", "lender"))


@pytest.fixture
def owner(database_url: str) -> Owner:
    return Owner(database_url)


@pytest.fixture
def metrics() -> Metrics:
    return Metrics()


@pytest.fixture
async def guarded(database_url: str, lender: World, metrics: Metrics) -> AsyncIterator[Gate]:
    """A gate as the service opens it, with its alarms."""
    alarms = AlarmDesk(lender.database, lender.keys.mac, metrics=metrics)
    gate, store = await open_gate(database_url, lender.database, lender.keys, EmbeddedEngine(), alarms=alarms)
    yield gate
    await gate.close()
    await store.close()


@asynccontextmanager
async def fresh_gate(url: str, lender: World, engine: EmbeddedEngine) -> AsyncIterator[Gate]:
    """A gate that has read no configuration yet."""
    gate, store = await open_gate(url, lender.database, lender.keys, engine)
    try:
        yield gate
    finally:
        await gate.close()
        await store.close()


async def alarms_of(lender: World) -> list[str]:
    async with lender.database.reading() as tx:
        query = text("SELECT about FROM ledger_entries WHERE kind = 'alarm.raised' ORDER BY id")
        return list((await tx.connection.execute(query)).scalars())


async def codes(gate: Gate, ref: str, **changes: object) -> set[str]:
    [answer] = (await gate.read(ask(ref, **changes))).subjects
    if reasons(answer):
        assert answer.outcome is Outcome.denied
        assert answer.values == (None,) * len(answer.values)
    return reasons(answer)


async def test_no_column_of_a_subject_or_grant_can_be_edited(
    lender: World, guarded: Gate, owner: Owner, metrics: Metrics
) -> None:
    """The columns come from the tables, so that one added without a code fails here."""
    [calm] = await lender.add_subjects(1)
    await lender.give(calm)
    for column in (*SUBJECTS.c, *GRANTS.c):
        [ref] = await lender.add_subjects(1)
        await lender.give(ref)
        assert await codes(guarded, ref) == set(), column
        await owner.change(column, f"{'ref' if column.table is SUBJECTS else 'subject'} = '{ref}'")
        # A row that no longer belongs to the subject is not found as theirs.
        gone = (column.table, column.name) in {(SUBJECTS, "tenant"), (SUBJECTS, "ref")}
        assert await codes(guarded, ref) == ({"SUBJECT_UNKNOWN"} if gone else {CODE}), column
    assert await codes(guarded, calm) == set()
    assert await alarms_of(lender) == ["consent_subjects", "consent_grants"]
    shown = metrics.render().decode()
    assert f'yumen_row_alarms_total{{table="consent_subjects"}} {float(len(SUBJECTS.c) - 2)}' in shown
    assert f'yumen_row_alarms_total{{table="consent_grants"}} {float(len(GRANTS.c))}' in shown


async def test_a_revived_grant_does_not_hold(lender: World, guarded: Gate, owner: Owner) -> None:
    [ref] = await lender.add_subjects(1)
    [grant] = (await lender.give(ref)).grants
    await lender.act("withdraw", SubjectId(TENANT, ref), WithdrawAll())
    assert await codes(guarded, ref) == {"GRANT_WITHDRAWN"}
    await owner.run("UPDATE consent_grants SET state = 'live' WHERE id = $1", grant)
    assert await codes(guarded, ref) == {CODE}


async def test_a_grant_put_back_in_an_older_version_does_not_hold(lender: World, guarded: Gate, owner: Owner) -> None:
    """Its own code is right: it was the service's once. The subject's row does not list it."""
    [ref] = await lender.add_subjects(1)
    await lender.give(ref)
    before = await owner.copy(GRANTS, f"subject = '{ref}'")
    await lender.act("withdraw", SubjectId(TENANT, ref), WithdrawAll())
    await owner.put_back(GRANTS, f"subject = '{ref}'", before)
    assert await codes(guarded, ref) == {CODE}
    assert await alarms_of(lender) == ["consent_grants"]


async def test_a_subject_put_back_whole_is_behind_the_ledger(lender: World, guarded: Gate, owner: Owner) -> None:
    """Every code is right; the withdrawal stands in the ledger and not in the row."""
    [ref] = await lender.add_subjects(1)
    await lender.give(ref)
    where = {SUBJECTS: f"ref = '{ref}'", GRANTS: f"subject = '{ref}'"}
    before = {table: await owner.copy(table, condition) for table, condition in where.items()}
    await lender.act("withdraw", SubjectId(TENANT, ref), WithdrawAll())
    for table, condition in where.items():
        await owner.put_back(table, condition, before[table])
    assert await codes(guarded, ref) == {CODE}
    assert await alarms_of(lender) == ["consent_subjects"]


async def test_a_deleted_grant_and_a_deleted_refusal_show(lender: World, guarded: Gate, owner: Owner) -> None:
    [ref] = await lender.add_subjects(1)
    [first] = (await lender.give(ref, ["zhima_score"])).grants
    [second] = (await lender.give(ref, ["credit_limit"])).grants
    await owner.run("DELETE FROM consent_grants WHERE id = $1", second)
    assert await codes(guarded, ref) == {CODE}
    await owner.run("DELETE FROM consent_grants WHERE id = $1", first)
    assert await codes(guarded, ref) == {CODE}


async def test_a_grant_given_to_another_subject_does_not_hold(lender: World, guarded: Gate, owner: Owner) -> None:
    [ref, thief] = await lender.add_subjects(2)
    [grant] = (await lender.give(ref)).grants
    await owner.run("UPDATE consent_grants SET subject = $1 WHERE id = $2", thief, grant)
    assert await codes(guarded, thief) == {CODE}
    assert await codes(guarded, ref) == {CODE}


async def test_the_list_of_another_subject_does_not_hold(lender: World, guarded: Gate, owner: Owner) -> None:
    [ref, thief] = await lender.add_subjects(2)
    [grant] = (await lender.give(ref)).grants
    await owner.run("UPDATE consent_grants SET subject = $1 WHERE id = $2", thief, grant)
    [row] = await owner.run("SELECT held, mac, version, told FROM consent_subjects WHERE ref = $1", ref)
    statement = "UPDATE consent_subjects SET held = $1, mac = $2, version = $3, told = $4 WHERE ref = $5"
    await owner.run(statement, *row, thief)
    assert await codes(guarded, thief) == {CODE}


async def test_a_row_without_a_code_is_denied(lender: World, guarded: Gate, owner: Owner) -> None:
    [ref] = await lender.add_subjects(1)
    await lender.give(ref)
    for table in ("consent_grants", "consent_subjects"):
        await owner.run(f"UPDATE {table} SET mac = NULL")  # noqa: S608
        assert await codes(guarded, ref) == {CODE}


async def test_a_denial_for_a_tampered_row_is_recorded_where_it_can_be_trusted(
    lender: World, guarded: Gate, owner: Owner
) -> None:
    [ref, of_grant] = await lender.add_subjects(2)
    await lender.give(of_grant)
    [(pseudonym,)] = await owner.run("SELECT pseudonym FROM consent_subjects WHERE ref = $1", of_grant)
    await owner.run("UPDATE consent_grants SET state = 'paused' WHERE subject = $1", of_grant)
    await owner.run("UPDATE consent_subjects SET age_band = 'unknown' WHERE ref = $1", ref)
    await guarded.read(ask(ref, of_grant))
    streams = sorted(stream for stream, _, kind, outcome in await read_entries(lender) if kind == "read")
    assert streams == sorted([f"client/{TENANT}/scoring", pseudonym])


async def test_an_alarm_is_told_once_a_minute_with_its_count(lender: World, owner: Owner, database_url: str) -> None:
    [ref] = await lender.add_subjects(1)
    await owner.run("UPDATE consent_subjects SET age_band = 'unknown' WHERE ref = $1", ref)
    now = [0.0]
    desk = AlarmDesk(lender.database, lender.keys.mac, monotonic=lambda: now[0])
    gate, store = await open_gate(database_url, lender.database, lender.keys, EmbeddedEngine(), alarms=desk)
    for _ in range(5):
        assert await codes(gate, ref) == {CODE}
    assert len(await alarms_of(lender)) == 1
    now[0] = 61.0
    assert await codes(gate, ref) == {CODE}
    await gate.close()
    await store.close()
    bodies = await owner.run("SELECT body FROM ledger_entries WHERE kind = 'alarm.raised' ORDER BY id")
    assert ['"denied":1' in bodies[0][0], '"denied":5' in bodies[1][0]] == [True, True]
    assert ref not in str(bodies)


async def test_nothing_is_built_on_a_row_that_does_not_hold(lender: World, owner: Owner) -> None:
    """A consent on top of a tampered row would seal it with the rest."""
    [ref] = await lender.add_subjects(1)
    await lender.give(ref)
    await owner.run("UPDATE consent_grants SET max_form = 'flag' WHERE subject = $1", ref)
    with pytest.raises(RowTamperedError):
        await lender.act("withdraw", SubjectId(TENANT, ref), WithdrawAll())
    await owner.run("UPDATE consent_subjects SET age_band = 'minor' WHERE ref = $1", ref)
    with pytest.raises(RowTamperedError):
        await lender.give(ref)


async def test_no_column_of_the_configuration_can_be_edited(
    lender: World, owner: Owner, database_url: str, engine: EmbeddedEngine
) -> None:
    [ref] = await lender.add_subjects(1)
    await lender.give(ref)
    rows = [f"kind = '{kind}' AND name = '{name}'" for kind, name in THINGS]
    edits = list(zip((*REGISTRY.c, *SEALS.c), cycle(rows), strict=False))
    edits += [(column, "id = 1") for column in EPOCH.c if column.name != "id"]
    for column, where in edits:
        table = column.table
        before = await owner.copy(table, where)
        await owner.change(column, where)
        async with fresh_gate(database_url, lender, engine) as gate:
            assert await codes(gate, ref) == {CODE}, (column, where)
        changed = {"tenant": f"tenant = '{TENANT}x'", "kind": "kind LIKE '%x'", "name": "name LIKE '%x'"}
        await owner.run(f"DELETE FROM {table.name} WHERE {changed.get(column.name, where)}")  # noqa: S608
        await owner.put_back(table, where, before)
        async with fresh_gate(database_url, lender, engine) as gate:
            assert await codes(gate, ref) == set(), (column, where)


async def test_without_the_epoch_nothing_is_read(lender: World, guarded: Gate, owner: Owner) -> None:
    [ref] = await lender.add_subjects(1)
    await owner.run("DELETE FROM consent_epoch WHERE id = 1")
    with pytest.raises(GateUnavailableError):
        await guarded.read(ask(ref))


async def test_a_purpose_put_back_in_an_older_version_does_not_hold(lender: World, guarded: Gate, owner: Owner) -> None:
    [ref] = await lender.add_subjects(1)
    await lender.give(ref)
    tables = (REGISTRY, SEALS, EPOCH)
    before = {table: await owner.copy(table, "1 = 1") for table in tables}
    async with lender.database.transaction() as tx:
        narrow = purpose(tx.now, ceiling=purpose(tx.now).ceiling[:1])
        await lender.registrar.update_purpose(tx.connection, narrow, by=STEWARD, now=tx.now)
    [answer] = (await guarded.read(ask(ref))).subjects
    assert "FIELD_OUTSIDE_CEILING" in reasons(answer)
    await owner.put_back(REGISTRY, "1 = 1", before[REGISTRY])
    await owner.put_back(SEALS, "1 = 1", before[SEALS])
    await owner.put_back(EPOCH, "1 = 1", before[EPOCH])
    assert await codes(guarded, ref) == {CODE}


async def test_a_change_of_configuration_does_not_seal_what_was_taken_away(lender: World, owner: Owner) -> None:
    await owner.run("DELETE FROM consent_registry WHERE name = 'partner_scoring'")
    await owner.run("DELETE FROM consent_seals WHERE name = 'partner_scoring'")
    async with lender.database.transaction() as tx:
        with pytest.raises(RowTamperedError):
            await lender.registrar.update_purpose(tx.connection, purpose(tx.now), by=STEWARD, now=tx.now)


async def test_no_column_of_a_token_can_be_edited(
    database: Database, database_url: str, tmp_path: Path, owner: Owner, engine: EmbeddedEngine
) -> None:
    lender = await build_identified(database, tmp_path / "keys")
    moved = {"token", "tenant", "subject", "field", "recipient", "purpose"}
    async with fresh_gate(database_url, lender, engine) as gate:
        for column in TOKENS.c:
            [ref] = await lender.add_subjects(1)
            await lender.give(ref, ALL)
            [first] = (await gate.read(ask(ref, features=("identity:id_token",)))).subjects
            [token] = first.values
            await owner.change(column, f"token = '{token}'")
            [again] = (await gate.read(ask(ref, features=("identity:id_token",)))).subjects
            # Moved out of its scope it is not found there, and a new one is made; the moved one stands for nothing.
            assert reasons(again) == {CODE} or (column.name in moved and again.values != (token,)), column
            async with lender.database.reading() as tx:
                for tenant, recipient in ((TENANT, "lender"), (TENANT, "lenderx"), (f"{TENANT}x", "lender")):
                    with pytest.raises(VaultError):
                        await resolve_token(tx.connection, tenant, str(token), recipient, rows=lender.keys.rows)
