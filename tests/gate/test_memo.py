"""Deciding once: a memory that changes nothing but the time it takes."""

import asyncio

import pytest

from consent import ConsentForm, SubjectId, WithdrawField
from gate import Gate, Mode, ReadAnswer
from gate.deciding import RULINGS_KEPT, Decider
from gate.engines import Answer, EmbeddedEngine
from gate.facts import NARROWED_KEPT, CallKey, SubjectFacts, resolve
from gate.memo import DecisionMemo
from gate.situating import CALLS_KEPT
from tests.gate.asking import ask, configuration, move_epoch, watched_gate
from tests.gate.engines_amiss import EngineAmiss
from tests.world import FEATURES, TENANT, World

ANSWER = Answer(features={})
KEY = CallKey(TENANT, "scoring", "credit_scoring", "cash_loan", FEATURES)


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    return sqlite_url


def facts(*fields: str) -> SubjectFacts:
    return SubjectFacts("known", "adult", (), fields)


def essence(answer: ReadAnswer) -> list[object]:
    """An answer without its entry ids."""
    return [(each.subject, each.outcome, each.rulings, each.values) for each in answer.subjects]


async def people(lender: World) -> list[str]:
    """Subjects in different situations, two of each."""
    refs = await lender.add_subjects(10)
    for ref in refs[:4]:
        await lender.give(ref)
    for ref in refs[4:6]:
        await lender.give(ref, fields=["credit_limit"], form=ConsentForm.GENERAL)
    for ref in refs[2:4]:
        await lender.act("withdraw", SubjectId(TENANT, ref), WithdrawField("zhima_score", None))
    return refs


async def test_answers_are_equal_with_and_without_a_memory(
    database_url: str, lender: World, engine: EmbeddedEngine
) -> None:
    refs = await people(lender)
    found = []
    for memo in (0, 1, 1024):
        async with watched_gate(database_url, lender, engine, memo=memo) as (gate, _):
            asked = [ask(*refs), ask(*refs, mode=Mode.dry_run), ask(*refs[:3]), ask(*refs)]
            found.append([essence(await gate.read(call)) for call in asked])
    assert found[0] == found[1] == found[2]


async def test_equal_situations_are_decided_once(database_url: str, lender: World, engine: EmbeddedEngine) -> None:
    refs, counting = await people(lender), EngineAmiss(engine)
    async with watched_gate(database_url, lender, counting) as (gate, _):
        await gate.read(ask(*refs))
        await gate.read(ask(*refs))
        await asyncio.gather(*(gate.read(ask(ref)) for ref in refs))
    assert counting.asked == [4]


async def test_without_a_memory_every_group_is_decided_anew(
    database_url: str, lender: World, engine: EmbeddedEngine
) -> None:
    refs, counting = await people(lender), EngineAmiss(engine)
    async with watched_gate(database_url, lender, counting, memo=0) as (gate, _):
        await gate.read(ask(*refs))
        await gate.read(ask(*refs))
    assert counting.asked == [4, 4]


async def test_another_policy_revision_forgets_what_the_old_one_decided(
    database_url: str, lender: World, engine: EmbeddedEngine
) -> None:
    refs, counting = await people(lender), EngineAmiss(engine)
    async with watched_gate(database_url, lender, counting) as (gate, _):
        before = await gate.read(ask(*refs))
        counting.revision = "0" * 64
        after = await gate.read(ask(*refs))
    assert counting.asked == [4, 4]
    assert (before.policy, after.policy) == (engine.revision, "0" * 64)


async def test_a_new_configuration_keeps_decisions_and_drops_what_was_made_of_them(
    database_url: str, lender: World, engine: EmbeddedEngine
) -> None:
    """Facts that stay equal stay decided; the entries name the new epoch."""
    refs, counting = await people(lender), EngineAmiss(engine)
    async with watched_gate(database_url, lender, counting) as (gate, _):
        await gate.read(ask(*refs))
        rulings = len(gate._decider._rulings)
        await move_epoch(lender)
        await gate.read(ask(*refs))
        assert len(gate._decider._rulings) == rulings
    assert counting.asked == [4]


def test_a_memory_stays_within_its_bound() -> None:
    memo = DecisionMemo(8)
    for number in range(100):
        memo.put(("call", facts(f"f{number}")), ANSWER)
        assert len(memo) <= 8
    assert memo.get(("call", facts("f99"))) is ANSWER
    assert memo.get(("call", facts("f0"))) is None


def test_a_memory_of_nothing_remembers_nothing() -> None:
    memo = DecisionMemo(0)
    memo.put(("call", facts()), ANSWER)
    assert (len(memo), memo.remembers, memo.get(("call", facts()))) == (0, False, None)


def test_turning_to_the_same_revision_forgets_nothing() -> None:
    memo = DecisionMemo()
    assert memo.turn_to("one")
    memo.put(("call", facts()), ANSWER)
    assert not memo.turn_to("one")
    assert len(memo) == 1
    assert memo.turn_to("two")
    assert len(memo) == 0


async def test_rulings_are_dropped_when_there_are_too_many(lender: World, engine: EmbeddedEngine) -> None:
    decider = Decider(engine, DecisionMemo(), deadline_s=1.0)
    call = resolve(KEY, await configuration(lender), now_us=0)
    await decider.rule([(call, facts())])
    one = decider._rulings[call, facts()]
    decider._rulings |= {(call, facts(f"f{number}")): one for number in range(RULINGS_KEPT)}
    await decider.rule([(call, facts())])
    assert len(decider._rulings) == 1


async def test_a_call_remembers_a_bounded_number_of_field_lists(lender: World) -> None:
    call = resolve(KEY, await configuration(lender), now_us=0)
    for number in range(NARROWED_KEPT + 10):
        assert call.narrow(f'["credit_limit","f{number}"]') == ("credit_limit",)
    assert len(call._narrowed) == 10
    assert call.narrow('["credit_limit","f0"]') == ("credit_limit",)


async def test_a_bounded_number_of_calls_is_kept(gate: Gate) -> None:
    ref = "sub_" + "a" * 26
    await gate.read(ask(ref))
    calls = gate._situator._calls
    calls |= {KEY._replace(product=f"p{number}"): calls[KEY] for number in range(CALLS_KEPT)}
    await gate.read(ask(ref, product="another"))
    assert len(gate._situator._calls) == 1
