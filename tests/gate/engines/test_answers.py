"""What an engine may answer, and what makes an answer void."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gate.engines import load_bundle
from gate.engines.answers import check_answers
from gate.errors import EngineAnswerError

RELEASE = {"form": "bucket", "reasons": [], "grants": [0, 2], "obligations": ["guardian_notice"]}
DENIAL = {"form": "withheld", "reasons": ["GRANT_PAUSED", "NO_BASIS"], "grants": [], "obligations": []}
CALLS = [{"features": {"v:x": {}, "v:y": {}}}]
REQUEST = {"call": 0, "subject": {"grants": [{}, {}, {}]}}


def check(*answers: Any) -> list[Any]:
    body = json.dumps(answers).encode()
    return check_answers(body, CALLS, [REQUEST] * len(answers), vocabulary=load_bundle().vocabulary)


def test_a_whole_answer_stands() -> None:
    (answer,) = check({"features": {"v:x": RELEASE, "v:y": DENIAL}})
    assert answer.features["v:x"].grants == (0, 2)
    assert answer.features["v:y"].reasons == ("GRANT_PAUSED", "NO_BASIS")


@pytest.mark.parametrize(
    "decision",
    [
        {**RELEASE, "form": "withheld"},
        {**RELEASE, "form": "raw"},
        {**RELEASE, "form": None},
        {**RELEASE, "reasons": ["NO_GRANT"]},
        {**RELEASE, "grants": [0, 3]},
        {**RELEASE, "grants": [-1]},
        {**RELEASE, "grants": [2, 0]},
        {**RELEASE, "grants": [0, 0]},
        {**RELEASE, "grants": [0.5]},
        {**RELEASE, "grants": ["0"]},
        {**RELEASE, "grants": {}},
        {**RELEASE, "obligations": ["be_nice"]},
        {**RELEASE, "obligations": ["separate_override", "guardian_notice"]},
        {**RELEASE, "extra": 1},
        {key: value for key, value in RELEASE.items() if key != "obligations"},
        {**DENIAL, "reasons": []},
        {**DENIAL, "reasons": ["NO_SUCH_CODE"]},
        {**DENIAL, "reasons": ["POLICY_UNAVAILABLE"]},
        {**DENIAL, "reasons": ["NO_BASIS", "GRANT_PAUSED"]},
        {**DENIAL, "reasons": ["NO_BASIS", "NO_BASIS"]},
        {**DENIAL, "form": "flag"},
        {**DENIAL, "grants": [0]},
        {**DENIAL, "obligations": ["guardian_notice"]},
        None,
        "plain",
        [],
    ],
)
def test_one_faulty_decision_voids_the_answer_of_its_request_only(decision: Any) -> None:
    sound = {"features": {"v:x": RELEASE, "v:y": DENIAL}}
    before, faulty, after = check(sound, {"features": {"v:x": RELEASE, "v:y": decision}}, sound)
    assert faulty is None
    assert before == after
    assert before is not None


@pytest.mark.parametrize(
    "answer",
    [
        {"features": {"v:x": RELEASE}},
        {"features": {"v:x": RELEASE, "v:y": DENIAL, "v:z": DENIAL}},
        {"features": {"v:x": RELEASE, "v:z": DENIAL}},
        {"features": {}},
        {"features": []},
        {"features": None},
        {},
        {"features": {"v:x": RELEASE, "v:y": DENIAL}, "more": 1},
        None,
        True,
        [],
    ],
)
def test_an_answer_that_is_not_about_exactly_the_asked_features_is_void(answer: Any) -> None:
    assert check(answer) == [None]


@pytest.mark.parametrize(
    "body", [b"", b"{}", b"null", b"1", b'"true"', b"true", b"[", b"<html>", b"[]", b"\xff", b"[{},{}]"]
)
def test_what_is_not_an_array_of_the_right_length_answers_nobody(body: bytes) -> None:
    with pytest.raises(EngineAnswerError):
        check_answers(body, CALLS, [REQUEST], vocabulary=load_bundle().vocabulary)
