"""What every engine does alike."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
import pytest

from gate.engines import Answer, EngineError, PolicyEngine, load_bundle
from gate.errors import EngineLateError

Facts = dict[str, Any]


async def test_a_request_is_answered_with_a_decision_per_feature(engine: PolicyEngine, facts: Facts) -> None:
    (answer,) = await engine.decide([facts["call"]], [{"call": 0, "subject": facts["subject"]}], deadline_s=5)
    assert answer is not None
    assert answer.features.keys() == facts["call"]["features"].keys()
    grade = answer.features["score:grade"]
    assert (grade.form, grade.reasons, grade.grants, grade.obligations) == ("bucket", (), (0,), ())


async def test_answers_come_in_the_order_of_the_requests(engine: PolicyEngine, facts: Facts) -> None:
    withdrawn = {**facts["subject"], "grants": [{**facts["subject"]["grants"][0], "state": "withdrawn"}]}
    subjects = [withdrawn if place % 3 else facts["subject"] for place in range(200)]
    answers = await engine.decide([facts["call"]], [{"call": 0, "subject": who} for who in subjects], deadline_s=30)
    denied = [bool(answer and answer.features["shop:orders"].reasons) for answer in answers]
    assert denied == [bool(place % 3) for place in range(200)]


async def test_parts_may_be_json_already(engine: PolicyEngine, facts: Facts) -> None:
    raw = {**facts["subject"], "age": msgspec.Raw(b'"unknown"')}
    (answer,) = await engine.decide([facts["call"]], [{"call": 0, "subject": raw}], deadline_s=5)
    assert answer is not None
    assert answer.features["shop:orders"].reasons == ("AGE_UNKNOWN",)


async def test_no_requests_have_no_answers(engine: PolicyEngine, facts: Facts) -> None:
    assert await engine.decide([facts["call"]], [], deadline_s=5) == []


async def test_a_healthy_engine_says_so_and_names_the_bundle(engine: PolicyEngine) -> None:
    await engine.health()
    assert engine.revision == load_bundle().revision


async def test_a_deadline_that_has_passed_is_late(engine: PolicyEngine, facts: Facts) -> None:
    with pytest.raises(EngineLateError):
        await engine.decide([facts["call"]], [{"call": 0, "subject": facts["subject"]}], deadline_s=0)


async def test_a_large_batch_over_its_deadline_is_late_and_the_engine_goes_on(
    engine: PolicyEngine, facts: Facts
) -> None:
    request = {"call": 0, "subject": facts["subject"]}
    with pytest.raises(EngineLateError):
        await engine.decide([facts["call"]], [request] * 20_000, deadline_s=0.05)
    (answer,) = await engine.decide([facts["call"]], [request], deadline_s=5)
    assert answer is not None


async def test_a_large_batch_leaves_the_event_loop_its_turns(engine: PolicyEngine, facts: Facts) -> None:
    requests = [{"call": 0, "subject": facts["subject"]}] * 2000
    turns = 0

    async def count() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0)
            turns += 1

    counting = asyncio.create_task(count())
    answers = await engine.decide([facts["call"]], requests, deadline_s=30)
    counting.cancel()
    assert len(answers) == 2000
    assert turns > 10


async def test_concurrent_questions_do_not_mix(engine: PolicyEngine, facts: Facts) -> None:
    async def ask(features: dict[str, Any]) -> Answer | None:
        call = {**facts["call"], "features": features}
        (answer,) = await engine.decide([call], [{"call": 0, "subject": facts["subject"]}], deadline_s=10)
        return answer

    whole = facts["call"]["features"]
    answers = await asyncio.gather(*(ask({name: whole[name]}) for name in list(whole) * 20))
    assert [set(answer.features) for answer in answers if answer] == [{name} for name in list(whole) * 20]


async def test_engine_errors_are_one_family() -> None:
    assert issubclass(EngineLateError, EngineError)
    assert EngineLateError.code == "gate/engine_late"
