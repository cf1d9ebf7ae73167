"""Plays a story's steps against a running service and compares every answer with what the story says.

Rules:
- each step is one real HTTP request with the actor's own token (timed steps: many);
- a step that answers otherwise than told stays in the result with its differences; the story goes on, so that one run
  shows everything that is wrong.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from statistics import median, quantiles
from typing import Any

import httpx

from api.demo.expectations import differences, find, is_missing
from api.demo.requests import Request, request_of
from examples.people import Person
from examples.story import Step, Story, Verb

Token = Callable[[str, str, str, bool], str]


@dataclass(frozen=True, slots=True)
class Timing:
    """How long a timed step's requests took, measured by the caller."""

    requests: int
    people: int
    seconds: float
    median_ms: float
    p99_ms: float


@dataclass(frozen=True, slots=True)
class Played:
    """One step that was played.

    Attributes:
        answer: the parsed JSON of the (last) answer, or the finding of a step without a request.
        faults: what differs from the story; empty when all is as told.
    """

    number: int
    step: Step
    request: Request
    status: int
    answer: Any
    took_ms: float
    faults: tuple[str, ...]
    timing: Timing | None = None


@dataclass(slots=True)
class World:
    """Where a story plays: one tenant of one service.

    Attributes:
        token: makes a token from tenant, role, name and whether a second factor was used.
        names: people and kept things by key; people map to their references.
        people: the made-up identities, for the search of files.
        crowd: references of the generated clients, in order.
        folder: the service's data folder.
    """

    http: httpx.Client
    tenant: str
    token: Token
    names: dict[str, str]
    people: dict[str, Person]
    crowd: Sequence[str]
    folder: Path
    clock: Callable[[], datetime]
    _headers: dict[tuple[str, str, bool], dict[str, str]] = field(default_factory=dict)

    def headers(self, step: Step) -> dict[str, str]:
        """The bearer header of a step's actor."""
        key = (step.role, step.name, step.second_factor)
        if key not in self._headers:
            who = self.names[step.name] if step.role == "subject" else step.name or f"{step.role}_desk"
            self._headers[key] = {
                "Authorization": f"Bearer {self.token(self.tenant, step.role, who, step.second_factor)}"
            }
        return self._headers[key]


def play(story: Story, world: World) -> Iterator[Played]:
    """Play every step in order, yielding each as it is done."""
    for number, step in enumerate(story.steps, start=1):
        played = _play(number, step, world)
        for name, path in step.keep.items():
            kept = find(played.answer, path)
            if not is_missing(kept):
                world.names[name] = str(kept)
        yield played


def _play(number: int, step: Step, world: World) -> Played:
    match step.do:
        case Verb.FILES:
            return _search_files(number, step, world)
        case Verb.TIME:
            request = request_of(step, world.names, world.clock())
            return _timed(number, step, world, [request] * int(step.given["times"]))
        case Verb.SWEEP:
            return _timed(number, step, world, list(_batches(step, world)))
        case _:
            request = request_of(step, world.names, world.clock())
            status, answer, took = _send(world, step, request)
            faults = differences(step.expect, status, answer, request.default_status)
            return Played(number, step, request, status, answer, took, tuple(faults))


def _send(world: World, step: Step, request: Request) -> tuple[int, Any, float]:
    """Send one request; the time is the caller's, from sending to the parsed answer."""
    content = None if request.body is None else json.dumps(request.body, ensure_ascii=False).encode()
    headers = {**world.headers(step), "Content-Type": "application/json"}
    began = time.perf_counter()
    response = world.http.request(
        request.method, request.path, content=content, params=request.query or None, headers=headers
    )
    answer = response.json() if response.content else {}
    return response.status_code, answer, (time.perf_counter() - began) * 1000


def _batches(step: Step, world: World) -> Iterator[Request]:
    size = int(step.given["batch"])
    request = request_of(step, world.names, world.clock())
    for start in range(0, len(world.crowd), size):
        yield Request("POST", request.path, {**request.body, "subjects": list(world.crowd[start : start + size])})


def _timed(number: int, step: Step, world: World, requests: list[Request]) -> Played:
    times, faults, people = [], [], 0
    status, answer = 0, None
    for request in requests:
        status, answer, took = _send(world, step, request)
        times.append(took)
        people += len(request.body["subjects"])
        faults += differences(step.expect, status, answer, request.default_status)
        if faults:
            break
    middle = median(times)
    limit = step.expect.faster_than_ms
    if limit is not None and middle > limit:
        faults.append(f"expected a median below {limit:g} ms, got {middle:.1f} ms")
    p99 = quantiles(times, n=100)[98] if len(times) > 1 else middle
    timing = Timing(len(times), people, sum(times) / 1000, middle, p99)
    return Played(number, step, requests[0], status, answer, middle, tuple(faults[:5]), timing)


def _search_files(number: int, step: Step, world: World) -> Played:
    """Search every file of the service for the identifiers of the people named; none may be found."""
    wanted = {
        f"{key} {field_name}": value.encode()
        for key in step.given["absent"]
        for field_name, value in world.people[key].identifiers.items()
    }
    began = time.perf_counter()
    files = sorted(path for path in world.folder.rglob("*") if path.is_file())
    texts = {path.name: path.read_bytes() for path in files}
    hits = [
        f"{name} stands in {path}" for name, value in wanted.items() for path, text in texts.items() if value in text
    ]
    answer = {
        "files": {path: len(text) for path, text in texts.items()},
        "searched_for": {key: sorted(world.people[key].identifiers) for key in step.given["absent"]},
        "found": hits,
    }
    took = (time.perf_counter() - began) * 1000
    request = Request("SEARCH", str(len(files)) + " files")
    return Played(number, step, request, 200, answer, took, tuple(hits))
