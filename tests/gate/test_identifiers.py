"""Identifiers leave as tokens or masked, each recipient with its own tokens."""

from pathlib import Path

import msgspec
import pytest

from api.database import Database
from gate import Gate, Mode, Outcome
from gate.store_values import store_values
from tests.gate import identified
from tests.gate.asking import WatchedStore, ask, reasons, run_sql
from tests.gate.identified import ALL, FEATURES, segment_of
from tests.world import TENANT, World
from vault import resolve_token

TOKENS = FEATURES[:2]
GIVEN = [name for name in ALL if name != "zhima_score"]


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    return sqlite_url


@pytest.fixture
async def lender(database: Database, tmp_path: Path) -> World:
    return await identified.build(database, tmp_path / "keys")


async def people(lender: World, count: int) -> list[str]:
    refs = await lender.add_subjects(count)
    for ref in refs:
        await lender.give(ref, GIVEN)
    return refs


async def put_name(lender: World, ref: str, name: object) -> None:
    key = lender.keys.open_subject_key(TENANT, ref, (await lender.wrapped([ref]))[ref])
    segment = segment_of(lender, "identity:shown_name")
    sealed = key.seal(msgspec.json.encode({"shown_name": name}), segment)
    async with lender.database.transaction() as tx:
        await store_values(tx.connection, TENANT, [(ref, segment, sealed)], tx.now)


async def test_a_subject_has_one_token_per_field_and_recipient(lender: World, gate: Gate) -> None:
    one, two = await people(lender, 2)
    for ref in (one, two):
        await lender.give(ref, GIVEN, recipient="partner", provision=True)
    first = (await gate.read(ask(one, two, features=TOKENS))).subjects
    again = (await gate.read(ask(one, two, features=TOKENS))).subjects
    partner = (await gate.read(ask(one, two, features=TOKENS, client="partner_scoring"))).subjects
    assert [each.values for each in first] == [each.values for each in again]
    tokens = [value for each in (*first, *partner) for value in each.values]
    assert len(set(tokens)) == 8
    assert all(token.startswith("tok_") for token in tokens)
    async with lender.database.reading() as tx:
        owner = await resolve_token(tx.connection, TENANT, tokens[0], "lender", rows=lender.keys.rows)
    assert (owner.subject, owner.field) == (one, "id_card_no")


async def test_a_token_needs_no_stored_value_but_a_key(lender: World, gate: Gate, store: WatchedStore) -> None:
    [ref] = await people(lender, 1)
    await gate.read(ask(ref, features=TOKENS))
    assert [segments for _, _, segments in store.of("fetch")] == [()]
    await run_sql(lender, "DELETE FROM vault_subject_keys")
    [answer] = (await gate.read(ask(ref, features=TOKENS))).subjects
    assert answer.outcome is Outcome.denied
    assert reasons(answer) == {"KEY_UNAVAILABLE"}


async def test_an_explanation_makes_no_token(lender: World, gate: Gate) -> None:
    [ref] = await people(lender, 1)
    await gate.read(ask(ref, features=TOKENS, mode=Mode.dry_run))
    [answer] = (await gate.read(ask(ref, features=("behaviour:limit",)))).subjects
    assert answer.outcome is Outcome.released
    async with lender.database.reading() as tx:
        assert (await tx.connection.exec_driver_sql("SELECT count(*) FROM vault_tokens")).scalar_one() == 0


async def test_a_name_is_shown_masked(lender: World, gate: Gate) -> None:
    [ref] = await people(lender, 1)
    await put_name(lender, ref, "欧阳金丝雀")
    [answer] = (await gate.read(ask(ref, features=("identity:shown_name",)))).subjects
    assert answer.values == ("欧***雀",)
    await put_name(lender, ref, None)
    [answer] = (await gate.read(ask(ref, features=("identity:shown_name",)))).subjects
    assert answer.values == (None,)


@pytest.mark.parametrize("name", ["", 13800138000, ["欧阳"], {"a": 1}, True], ids=repr)
async def test_what_is_no_name_is_not_shown(lender: World, gate: Gate, name: object) -> None:
    [ref] = await people(lender, 1)
    await put_name(lender, ref, name)
    [answer] = (await gate.read(ask(ref, features=("identity:shown_name", "behaviour:limit")))).subjects
    assert reasons(answer) == {"VALUE_UNREADABLE"}
    assert answer.values == (None, None)
