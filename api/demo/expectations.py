"""Whether an answer is what the story says it must be.

Rules:
- every difference is one sentence that names what was expected and what came;
- an empty result means: exactly as told.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from examples.story import Expectation

_MISSING = object()


def differences(expected: Expectation, status: int, answer: Any, default_status: int = 200) -> list[str]:
    """All differences between ``expected`` and an HTTP answer."""
    wanted = expected.status or default_status
    if status != wanted:
        code = answer.get("code", "") if isinstance(answer, dict) else ""
        return [f"expected HTTP {wanted}, got {status} {code}".rstrip()]
    return [*_features(expected, answer), *_forms(expected, answer), *_paths(expected, answer)]


def find(answer: Any, path: str) -> Any:
    """The value at a dotted path (``results.0.entry``); a sentinel when there is none."""
    here = answer
    for part in path.split("."):
        if isinstance(here, list) and part.lstrip("-").isdigit() and -len(here) <= int(part) < len(here):
            here = here[int(part)]
        elif isinstance(here, dict) and part in here:
            here = here[part]
        else:
            return _MISSING
    return here


def is_missing(value: Any) -> bool:
    """Whether :func:`find` found nothing."""
    return value is _MISSING


def _features(expected: Expectation, answer: Any) -> Iterator[str]:
    for result in answer.get("results", []) if expected.features or expected.values else []:
        for name, wanted in expected.features.items():
            got = _outcome(result["features"].get(name))
            if got != (sorted(wanted) if isinstance(wanted, list) else wanted):
                yield f"{name}: expected {wanted}, got {got}"
        for name, wanted in expected.values.items():
            got = result["features"].get(name, {}).get("value")
            if got != wanted:
                yield f"{name}: expected the value {wanted!r}, got {got!r}"


def _outcome(feature: dict[str, Any] | None) -> str | list[str]:
    """A feature's outcome as stories write it: its form, "absent", or its reason codes."""
    if feature is None:
        return "not answered"
    if feature["status"] == "denied":
        return sorted(feature["reasons"])
    return "absent" if feature["status"] == "absent" else str(feature["form"])


def _forms(expected: Expectation, answer: Any) -> Iterator[str]:
    if not expected.only_forms:
        return
    for result in answer["results"]:
        for name, feature in result["features"].items():
            if feature["status"] == "released" and feature["form"] not in expected.only_forms:
                yield f"{name}: released as {feature['form']}, expected only {', '.join(expected.only_forms)}"


def _paths(expected: Expectation, answer: Any) -> Iterator[str]:
    for path, wanted in expected.where.items():
        got = find(answer, path)
        if not _matches(wanted, got):
            shown = "nothing" if is_missing(got) else _short(got)
            yield f"{path}: expected {wanted!r}, got {shown}"


def _matches(wanted: Any, got: Any) -> bool:
    if isinstance(wanted, dict) and len(wanted) == 1 and next(iter(wanted)) in _TESTS:
        ((name, value),) = wanted.items()
        return _TESTS[name](got, value)
    return bool(got == wanted)


_TESTS: dict[str, Callable[[Any, Any], bool]] = {
    "is": lambda got, value: is_missing(got) == (value == "missing"),
    "at_least": lambda got, value: isinstance(got, int | float) and got >= value,
    "count": lambda got, value: isinstance(got, list | dict) and len(got) == value,
    "longer_than": lambda got, value: isinstance(got, list | dict) and len(got) > value,
    "holds": lambda got, value: isinstance(got, str | list | dict) and value in got,
    "lacks": lambda got, value: isinstance(got, str | list | dict) and value not in got,
    "any": lambda got, value: isinstance(got, list) and any(value.items() <= one.items() for one in got),
}


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 120 else text[:117] + "..."
