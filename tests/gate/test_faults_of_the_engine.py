"""A policy engine that fails denies, on record, and is asked again by the next read."""

import asyncio
import time
from typing import Any

import pytest

from gate import PolicyUnavailableError
from gate.engines import EmbeddedEngine
from gate.errors import EngineAnswerError, EngineLateError, EngineUnavailableError
from tests.gate.asking import ask, count_reads, read_entries, reasons, watched_gate
from tests.gate.engines_amiss import EngineAmiss, FailingEngine, ForgetfulEngine, HangingEngine, MumblingEngine
from tests.world import World

FAULTS = [EngineUnavailableError("dead"), EngineLateError("late"), EngineAnswerError("malformed"), TimeoutError()]
BODIES = [
    b"",
    b"{}",
    b"null",
    b"true",
    b"[]",
    b"[null]",
    b"[{}]",
    b'[{"features":{}}]',
    b'[{"features":{"behaviour:limit":{"form":"plain","reasons":[],"grants":[],"obligations":[]}}}]',
    b"<html>",
    b"\xff\xfe",
]


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    return sqlite_url


async def denied_then_recovers(url: str, lender: World, engine: EngineAmiss, cure: Any) -> None:
    [ref] = await lender.add_subjects(1)
    await lender.give(ref)
    async with watched_gate(url, lender, engine, deadline_s=0.1) as (gate, store):
        with pytest.raises(PolicyUnavailableError) as denial:
            await gate.read(ask(ref))
        assert denial.value.code == "gate/policy_unavailable"
        assert store.of("fetch") == []
        assert [outcome for _, _, kind, outcome in await read_entries(lender) if kind == "read"] == ["denied"]
        cure(engine)
        [answer] = (await gate.read(ask(ref))).subjects
        assert reasons(answer) == set()
        assert engine.asked[-1] == 1, "the failure was not remembered"


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: type(fault).__name__)
async def test_an_engine_that_raises_denies_and_is_asked_again(
    database_url: str, lender: World, engine: EmbeddedEngine, fault: BaseException
) -> None:
    amiss = FailingEngine(engine)
    amiss.fault = fault
    await denied_then_recovers(database_url, lender, amiss, lambda it: setattr(it, "fault", None))


@pytest.mark.parametrize("body", BODIES)
async def test_a_malformed_answer_denies_and_is_asked_again(
    database_url: str, lender: World, engine: EmbeddedEngine, body: bytes
) -> None:
    amiss = MumblingEngine(engine)
    amiss.body = body
    await denied_then_recovers(database_url, lender, amiss, lambda it: setattr(it, "body", None))


async def test_an_engine_that_forgets_an_answer_denies(
    database_url: str, lender: World, engine: EmbeddedEngine
) -> None:
    await denied_then_recovers(database_url, lender, ForgetfulEngine(engine), lambda it: setattr(it, "forgets", False))


async def test_one_answer_too_few_answers_nobody(database_url: str, lender: World, engine: EmbeddedEngine) -> None:
    amiss = ForgetfulEngine(engine)
    amiss.shortens, amiss.forgets = True, False
    await denied_then_recovers(database_url, lender, amiss, lambda it: setattr(it, "shortens", False))


async def test_an_engine_that_hangs_is_not_waited_for(database_url: str, lender: World, engine: EmbeddedEngine) -> None:
    began = time.monotonic()
    await denied_then_recovers(database_url, lender, HangingEngine(engine), lambda it: setattr(it, "hangs", False))
    assert time.monotonic() - began < 2


async def test_one_missing_answer_of_many_denies_only_its_subject(
    database_url: str, lender: World, engine: EmbeddedEngine
) -> None:
    one, two = await lender.add_subjects(2)
    await lender.give(one, fields=["credit_limit"])
    await lender.give(two)
    async with watched_gate(database_url, lender, ForgetfulEngine(engine)) as (gate, _):
        first, second = (await gate.read(ask(one, two))).subjects
    assert reasons(first) == {"POLICY_UNAVAILABLE"}
    assert first.values == (None,) * 4
    assert reasons(second) == set()


async def test_a_call_the_engine_chokes_on_denies_no_other_call(
    database_url: str, lender: World, engine: EmbeddedEngine
) -> None:
    """Both reads come in one group, so in one question to the engine."""
    [ref] = await lender.add_subjects(1)
    await lender.give(ref)
    amiss = FailingEngine(engine)
    amiss.fault = EngineUnavailableError("trapped")
    amiss.hit = lambda calls, _: any(not call["client"].get("product") for call in calls)
    async with watched_gate(database_url, lender, amiss) as (gate, _):
        good, bad = await asyncio.gather(
            gate.read(ask(ref)), gate.read(ask(ref, product="other")), return_exceptions=True
        )
    assert isinstance(bad, PolicyUnavailableError)
    assert not isinstance(good, BaseException)
    assert reasons(good.subjects[0]) == set()
    assert await count_reads(lender) == 2


async def test_callers_denied_together_get_errors_of_their_own(
    database_url: str, lender: World, engine: EmbeddedEngine
) -> None:
    refs = await lender.add_subjects(3)
    async with watched_gate(database_url, lender, FailingEngine(engine)) as (gate, _):
        found = await asyncio.gather(*(gate.read(ask(ref)) for ref in refs), return_exceptions=True)
    assert all(isinstance(each, PolicyUnavailableError) for each in found)
    assert len({id(each) for each in found}) == 3
