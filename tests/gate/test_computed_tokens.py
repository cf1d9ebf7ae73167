"""Deterministic and format-preserving tokens at the gate, where a client is registered for them."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import msgspec
import pyarrow as pa
import pytest

from api.database import Database
from consent import Client, TokenRule, find_current
from gate import Gate, Outcome
from gate.store_values import store_values
from tests.gate import identified
from tests.gate.asking import WatchedStore, ask, reasons, run_sql
from tests.gate.identified import ALL, FEATURES, segment_of
from tests.world import STEWARD, TENANT, World
from vault import Keep, TokenKind, TokenSpec, check_character, put_identifiers, read_identifier, seal_identifier
from vault.bulk.streams import tokenise
from vault.bulk_plans import BulkPlan, ColumnPlan, Recipient

ID, PHONE = FEATURES[:2]
GIVEN = [name for name in ALL if name != "zhima_score"]
NUMBER, MOBILE = "11010519491231002X", "13800138000"
OTHER = "11010519491231004" + check_character("11010519491231004")
RULES = (
    TokenRule(field="id_card_no", kind=TokenKind.FORMAT_PRESERVING, keep=Keep.BIRTH_DATE),
    TokenRule(field="mobile_no", kind=TokenKind.DETERMINISTIC),
)
SPECS = {
    "id_card_no": TokenSpec(TokenKind.FORMAT_PRESERVING, "resident_id", Keep.BIRTH_DATE),
    "mobile_no": TokenSpec(TokenKind.DETERMINISTIC, "mobile"),
}


@pytest.fixture
async def lender(database: Database, tmp_path: Path) -> World:
    return await identified.build(database, tmp_path / "keys")


async def declare(lender: World, client: str, rules: Sequence[TokenRule]) -> None:
    async with lender.database.transaction() as tx:
        known = await find_current(tx.connection, TENANT, Client, client)
        await lender.registrar.update_client(tx.connection, replace(known, tokens=tuple(rules)), by=STEWARD, now=tx.now)


async def person(lender: World, number: str = NUMBER, mobile: str = MOBILE) -> str:
    [ref] = await lender.add_subjects(1)
    await lender.give(ref, GIVEN)
    await lender.give(ref, GIVEN, recipient="partner", provision=True)
    key = lender.keys.open_subject_key(TENANT, ref, (await lender.wrapped([ref]))[ref])
    told = (read_identifier("id_card_no", "resident_id", number), read_identifier("mobile_no", "mobile", mobile))
    async with lender.database.transaction() as tx:
        rows = [seal_identifier(lender.keys, key, each) for each in told]
        await put_identifiers(tx.connection, TENANT, rows, tx.now)
    return ref


async def test_a_registered_identifier_leaves_as_the_token_its_client_is_registered_for(
    lender: World, gate: Gate
) -> None:
    ref = await person(lender)
    await declare(lender, "scoring", RULES)
    [answer] = (await gate.read(ask(ref, features=(ID, PHONE)))).subjects
    token, opaque = answer.values
    scope = Recipient(TENANT, "credit_scoring", "lender").scope
    assert lender.keys.tokeniser(scope("id_card_no"), SPECS["id_card_no"]).reveal(token) == NUMBER
    assert token[6:14] == NUMBER[6:14]
    assert opaque.startswith("dtk_")


async def test_gate_and_bulk_give_one_token(lender: World, gate: Gate) -> None:
    ref = await person(lender)
    await declare(lender, "scoring", RULES)
    [answer] = (await gate.read(ask(ref, features=(ID, PHONE)))).subjects
    plan = BulkPlan(tuple(ColumnPlan(field, field, spec) for field, spec in SPECS.items()))
    column = pa.table({"id_card_no": [NUMBER], "mobile_no": [MOBILE]})
    made = tokenise(column, lender.keys, Recipient(TENANT, "credit_scoring", "lender"), plan=plan).read_all()
    assert answer.values == (made["id_card_no"][0].as_py(), made["mobile_no"][0].as_py())


async def test_a_reversible_token_is_the_one_of_a_file_and_opens(lender: World, gate: Gate) -> None:
    ref = await person(lender)
    await declare(lender, "scoring", [TokenRule(field="mobile_no", kind=TokenKind.REVERSIBLE)])
    [answer] = (await gate.read(ask(ref, features=(PHONE,)))).subjects
    spec, recipient = TokenSpec(TokenKind.REVERSIBLE, "mobile"), Recipient(TENANT, "credit_scoring", "lender")
    plan = BulkPlan((ColumnPlan("mobile_no", "mobile_no", spec),))
    made = tokenise(pa.table({"mobile_no": [MOBILE]}), lender.keys, recipient, plan=plan).read_all()
    assert answer.values == (made["mobile_no"][0].as_py(),)
    assert lender.keys.tokeniser(recipient.scope("mobile_no"), spec).reveal(str(answer.values[0])) == f"+86{MOBILE}"


async def test_two_recipients_get_unrelated_tokens(lender: World, gate: Gate) -> None:
    ref = await person(lender)
    for client in ("scoring", "partner_scoring"):
        await declare(lender, client, RULES)
    [mine] = (await gate.read(ask(ref, features=(ID, PHONE)))).subjects
    [theirs] = (await gate.read(ask(ref, features=(ID, PHONE), client="partner_scoring"))).subjects
    assert mine.outcome is theirs.outcome is Outcome.released
    assert not set(mine.values) & set(theirs.values)


async def test_a_field_without_a_rule_stays_random_and_a_rule_taken_back_counts_at_once(
    lender: World, gate: Gate
) -> None:
    ref = await person(lender)
    await declare(lender, "scoring", RULES[1:])
    [answer] = (await gate.read(ask(ref, features=(ID, PHONE)))).subjects
    assert [str(value)[:4] for value in answer.values] == ["tok_", "dtk_"]
    await declare(lender, "scoring", ())
    [answer] = (await gate.read(ask(ref, features=(ID, PHONE)))).subjects
    assert [str(value)[:4] for value in answer.values] == ["tok_", "tok_"]


async def test_a_value_loaded_with_the_features_serves_where_no_identifier_is_registered(
    lender: World, gate: Gate
) -> None:
    [ref] = await lender.add_subjects(1)
    await lender.give(ref, GIVEN)
    await declare(lender, "scoring", RULES)
    [absent] = (await gate.read(ask(ref, features=(PHONE,)))).subjects
    assert absent.values == (None,)
    await put(lender, ref, MOBILE)
    [answer] = (await gate.read(ask(ref, features=(PHONE,)))).subjects
    known = await person(lender)
    [other] = (await gate.read(ask(known, features=(PHONE,)))).subjects
    assert answer.values == other.values


@pytest.mark.parametrize("value", ["nobody", "", "1" * 600, 13800138000, ["13800138000"]], ids=repr)
async def test_what_has_no_token_is_denied_and_never_shown(lender: World, gate: Gate, value: object) -> None:
    [ref] = await lender.add_subjects(1)
    await lender.give(ref, GIVEN)
    await declare(lender, "scoring", RULES)
    await put(lender, ref, value)
    [answer] = (await gate.read(ask(ref, features=(PHONE, "behaviour:limit")))).subjects
    assert answer.outcome is Outcome.denied
    assert reasons(answer) == {"VALUE_UNREADABLE"}
    assert not any(answer.values)


async def test_an_identifier_that_does_not_open_is_denied(lender: World, gate: Gate) -> None:
    one, two = await person(lender), await person(lender, OTHER, "13900139000")
    await declare(lender, "scoring", RULES)
    swapped = "(SELECT sealed FROM vault_identifiers WHERE subject = '{}' AND field = 'mobile_no')"
    await run_sql(lender, f"UPDATE vault_identifiers SET sealed = {swapped.format(two)} WHERE field = 'mobile_no'")  # noqa: S608  of this test's making
    [first, second] = (await gate.read(ask(one, two, features=(PHONE,)))).subjects
    assert reasons(first) == {"VALUE_UNREADABLE"}
    assert second.outcome is Outcome.released


async def test_a_denied_field_is_not_looked_up(lender: World, gate: Gate, store: WatchedStore) -> None:
    [ref] = await lender.add_subjects(1)
    await declare(lender, "scoring", RULES)
    [answer] = (await gate.read(ask(ref, features=(ID, PHONE)))).subjects
    assert answer.outcome is Outcome.denied
    assert store.of("fetch") == []


async def put(lender: World, ref: str, value: object) -> None:
    key = lender.keys.open_subject_key(TENANT, ref, (await lender.wrapped([ref]))[ref])
    segment = segment_of(lender, PHONE)
    sealed = key.seal(msgspec.json.encode({"phone_token": value}), segment)
    async with lender.database.transaction() as tx:
        await store_values(tx.connection, TENANT, [(ref, segment, sealed)], tx.now)
