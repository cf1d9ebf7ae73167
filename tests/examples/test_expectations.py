"""A story's expectation finds every difference, and nothing else."""

from typing import Any

import pytest

from api.demo.expectations import differences, find, is_missing
from examples.story import Expectation

READ: dict[str, Any] = {
    "results": [
        {
            "subject": "sub_a",
            "features": {
                "a:plain": {"status": "released", "form": "plain", "value": 7},
                "a:gone": {"status": "absent", "form": "bucket"},
                "a:denied": {"status": "denied", "reasons": ["NO_GRANT", "EXPORT_BLOCKED"]},
            },
        }
    ]
}


def test_an_answer_as_told_has_no_differences() -> None:
    told = Expectation(
        features={"a:plain": "plain", "a:gone": "absent", "a:denied": ["EXPORT_BLOCKED", "NO_GRANT"]},
        values={"a:plain": 7},
        only_forms=["plain"],
        where={"results.0.subject": "sub_a"},
    )
    assert differences(told, 200, READ) == []


@pytest.mark.parametrize(
    ("told", "difference"),
    [
        (Expectation(features={"a:plain": "bucket"}), "a:plain: expected bucket, got plain"),
        (Expectation(features={"a:denied": ["NO_GRANT"]}), "a:denied: expected ['NO_GRANT'], got"),
        (Expectation(features={"a:other": "plain"}), "a:other: expected plain, got not answered"),
        (Expectation(values={"a:plain": 8}), "a:plain: expected the value 8, got 7"),
        (Expectation(only_forms=["bucket"]), "a:plain: released as plain, expected only bucket"),
        (Expectation(where={"results.1.subject": "x"}), "results.1.subject: expected 'x', got nothing"),
        (Expectation(status=404), "expected HTTP 404, got 200"),
    ],
)
def test_each_difference_is_named(told: Expectation, difference: str) -> None:
    (found,) = differences(told, 200, READ)
    assert found.startswith(difference)


def test_a_wrong_status_names_the_problem_and_hides_the_rest() -> None:
    told = Expectation(features={"a:plain": "plain"})
    assert differences(told, 503, {"code": "gate/unavailable"}) == ["expected HTTP 200, got 503 gate/unavailable"]


@pytest.mark.parametrize(
    ("wanted", "value", "holds"),
    [
        ({"at_least": 2}, 2, True),
        ({"at_least": 2}, 1, False),
        ({"count": 1}, [1], True),
        ({"count": 1}, [], False),
        ({"longer_than": 1}, [1, 2], True),
        ({"holds": "b"}, "abc", True),
        ({"lacks": "b"}, ["b"], False),
        ({"any": {"kind": "read"}}, [{"kind": "x"}, {"kind": "read", "id": 1}], True),
        ({"any": {"kind": "read"}}, [{"kind": "x"}], False),
        ({"is": "present"}, None, True),
        ({"is": "missing"}, None, False),
        ({"other": 1}, {"other": 1}, True),
    ],
)
def test_tests_on_paths(wanted: dict[str, Any], value: Any, holds: bool) -> None:  # a table of cases
    assert (differences(Expectation(where={"it": wanted}), 200, {"it": value}) == []) is holds


def test_a_path_reaches_into_lists_and_says_when_there_is_nothing() -> None:
    assert find({"a": [{"b": 1}]}, "a.0.b") == 1
    assert find({"a": [{"b": 1}]}, "a.-1.b") == 1
    assert is_missing(find({"a": []}, "a.0"))
    assert is_missing(find({"a": 1}, "a.b"))
