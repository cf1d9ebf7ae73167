"""The case book, run against the embedded engine, an OPA server and the oracle."""

from collections.abc import Callable
from typing import Any

import pytest

from gate.engines import load_bundle
from tests.policies.casebook import Case, cases, mismatches, releases

CASES = cases()
POLICY_CODES = sorted(load_bundle().vocabulary.policy_codes)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_case_is_decided_as_written(case: Case, ask: Callable[[Any], Any]) -> None:
    document = {"calls": [case.call], "requests": [{"call": 0, "subject": case.subject}]}
    (answer,) = ask(document)
    assert mismatches(case, answer["features"]) == []


def test_all_cases_in_one_batch_are_decided_the_same(ask: Callable[[Any], Any]) -> None:
    document = {
        "calls": [case.call for case in CASES],
        "requests": [{"call": place, "subject": case.subject} for place, case in enumerate(CASES)],
    }
    wrong = {
        case.name: found
        for case, answer in zip(CASES, ask(document), strict=True)
        if (found := mismatches(case, answer["features"]))
    }
    assert wrong == {}


def test_case_names_are_unique() -> None:
    names = [case.name for case in CASES]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("code", POLICY_CODES)
def test_every_code_has_a_case_and_a_near_miss_that_is_released(code: str) -> None:
    showing = [case for case in CASES if case.code == code]
    assert any(code in expected for case in showing for expected in case.expect.values())
    assert any(releases(case) for case in CASES if case.near_miss_of == code)


def test_no_case_names_a_code_that_does_not_exist() -> None:
    named = {code for case in CASES for code in (case.code, case.near_miss_of) if code}
    assert named <= set(POLICY_CODES)


@pytest.mark.parametrize(
    "document", [{}, [], "x", 1, None, True, {"calls": []}, {"requests": []}, {"calls": 1, "requests": 2}]
)
def test_input_without_requests_has_no_answers(document: Any, ask: Callable[[Any], Any]) -> None:
    assert ask(document) == []


@pytest.mark.parametrize(
    "request_", [{}, None, 1, {"call": 1}, {"call": -1}, {"call": "0"}, {"call": 0.5}, {"subject": {}}]
)
def test_a_request_without_its_call_is_answered_with_no_features(request_: Any, ask: Callable[[Any], Any]) -> None:
    assert ask({"calls": [CASES[0].call], "requests": [request_]}) == [{"features": {}}]
