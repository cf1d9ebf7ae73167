"""From a story's verbs to HTTP requests.

Rules:
- a step's ``with`` may name people and kept things in braces (``{lin}``, ``{grant}``); they become references here;
- persons are named by their key only: no identifier is ever part of a request the transcript shows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, assert_never

from examples.story import Step, StoryError, Verb

NOBODY = "sub_" + "a" * 26  # has the shape of a reference; nobody was registered under it


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request of a story; ``default_status`` is what it answers when all is well."""

    method: str
    path: str
    body: Any = None
    query: dict[str, str] = field(default_factory=dict)
    default_status: int = 200


def request_of(step: Step, names: Mapping[str, str], now: datetime) -> Request:
    """The request of a step; ``names`` maps people and kept things to their references.

    Raises: StoryError: a name in braces is not known, or ``with`` lacks a part the verb needs.
    """
    try:
        return _request(step.do, _filled(step.given, names), names, now)
    except (KeyError, IndexError, ValueError) as error:
        raise StoryError(f"{step.actor} {step.do}: {error!r} is not known here") from error


def _request(verb: Verb, given: dict[str, Any], names: Mapping[str, str], now: datetime) -> Request:
    match verb:
        case Verb.READ | Verb.TIME | Verb.SWEEP:
            return _read(given, names)
        case Verb.OBSERVE:
            return _observe(given, names, now)
        case Verb.GIVE | Verb.REFUSE | Verb.WITHDRAW | Verb.REVEAL:
            return _write(verb, given, names, now)
        case Verb.ASK | Verb.MY_READS:
            asked = {key: value for key, value in given.items() if key != "show"}
            who = {"subject": names[given["subject"]]} if "subject" in given else {}
            return Request("GET", "/v1/entries" if verb is Verb.ASK else "/v1/me/reads", query=_texts(asked | who))
        case Verb.CALL | Verb.FILES:
            return Request(given["method"], given["path"], given.get("body"), _texts(given.get("query", {})))
        case _:
            assert_never(verb)


def _write(verb: Verb, given: dict[str, Any], names: Mapping[str, str], now: datetime) -> Request:
    if verb is Verb.WITHDRAW:
        return Request("POST", "/v1/withdrawals", given)
    if verb is Verb.REVEAL:
        body = {"fields": given["fields"], "reason": given["reason"]}
        return Request("POST", f"/v1/subjects/{names[given['person']]}/reveal", body)
    body = {"channel": "app", **given}
    if "days" in body:
        body["expires_at"] = timestamp(now + timedelta(days=body.pop("days")))
    return Request("POST", "/v1/grants" if verb is Verb.GIVE else "/v1/refusals", body, default_status=201)


def _read(given: dict[str, Any], names: Mapping[str, str]) -> Request:
    keys = ("purpose", "product", "features", "mode", "locale")
    body = {key: given[key] for key in keys if key in given}
    body["subjects"] = [NOBODY if one == "nobody" else names[one] for one in given.get("people", [])]
    return Request("POST", "/v1/reads", body)


def _observe(given: dict[str, Any], names: Mapping[str, str], now: datetime) -> Request:
    row = {"subject": names[given["person"]], "observed_at": timestamp(now), "values": given["values"]}
    return Request("POST", "/v1/values", {"view": given["view"], "rows": [row]})


def timestamp(instant: datetime) -> str:
    """RFC 3339 with Z, to the second."""
    return instant.strftime("%Y-%m-%dT%H:%M:%SZ")


def _filled(value: Any, names: Mapping[str, str]) -> Any:
    if isinstance(value, str):
        return value.format_map(names) if "{" in value else value
    if isinstance(value, dict):
        return {key: _filled(inner, names) for key, inner in value.items()}
    return [_filled(inner, names) for inner in value] if isinstance(value, list) else value


def _texts(given: Mapping[str, Any]) -> dict[str, str]:
    return {key: str(value) for key, value in given.items()}
