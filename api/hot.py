"""The hot route, ``POST /v1/reads``, answered in front of the framework: routing and its layers cost more than a read.

Rules:
- the layers every request passes stay around it: observation (id, log, metrics, headers, last guard) and limits
  (size, time);
- who asks comes from the token, never from the body; the token is checked before the body is read;
- a denial is an answer (200); what could not be decided or recorded is a problem (503) and releases nothing;
- whatever is raised on the way becomes the problem it becomes on every other route.
"""

from __future__ import annotations

import time

from fastapi import FastAPI
from starlette.requests import ClientDisconnect, Request
from starlette.routing import Match, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from api.access import identify_by
from api.identity import Role, RoleMissingError
from api.metrics import Metrics
from api.options import LimitSettings
from api.problems import answer_to
from api.routes.reads import PATH, BodyReader
from api.service import service_of
from api.strictroute import check_media_type
from gate import FeatureRuling, Outcome, ReadAnswer, ReadCall

CONTENT_TYPE = (b"content-type", b"application/json")


class HotReads:
    """ASGI: answers a read."""

    def __init__(self, app: FastAPI, limits: LimitSettings) -> None:
        self._app = app
        self._bodies = BodyReader(limits)
        self.route = NamedRoute(PATH, self, methods=["POST"])

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a read, or the problem it has."""
        scope["app"], scope["route"] = self._app, self.route
        try:
            body = await self._answer(scope, receive)
        except Exception as error:  # noqa: BLE001  what has no problem of its own is raised again
            response = await answer_to(Request(scope, receive), error)
            await response(scope, receive, send)
            return
        length = (b"content-length", b"%d" % len(body))
        await send({"type": "http.response.start", "status": 200, "headers": [CONTENT_TYPE, length]})
        await send({"type": "http.response.body", "body": body})

    async def _answer(self, scope: Scope, receive: Receive) -> bytes:
        began = time.perf_counter()
        service = service_of(self._app.state)
        caller = await identify_by(scope, service.verifier)
        if Role.SCORER not in caller.roles:
            raise RoleMissingError
        check_media_type(scope)
        body = self._bodies.read(await _whole(receive))
        call = ReadCall(
            tenant=caller.tenant,
            client=caller.id,
            purpose=body.purpose,
            product=body.product,
            subjects=tuple(body.subjects),
            features=body.features,
            mode=body.mode,
        )
        answer = await service.gate.read(call)
        written = service.answers.write(answer)
        _count(service.metrics, answer, time.perf_counter() - began)
        return written


class NamedRoute(Route):
    """The same for the framework's router, which answers other methods and describes the API."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Match, and leave the route on the scope, where logs and metrics look for its name."""
        match, child = super().matches(scope)
        if match is not Match.NONE:
            child["route"] = self
        return match, child


class FrontedApp(FastAPI):
    """The framework's application behind the hot route."""

    front: ASGIApp | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a read at once, anything else through the framework."""
        is_read = scope["type"] == "http" and scope["path"] == PATH and scope["method"] == "POST"
        if is_read and self.front is not None:
            await self.front(scope, receive, send)
        else:
            await super().__call__(scope, receive, send)


async def _whole(receive: Receive) -> bytes:
    message = await receive()
    if message["type"] == "http.request" and not message.get("more_body", False):
        return bytes(message.get("body", b""))
    parts: list[bytes] = []
    while message["type"] == "http.request":
        parts.append(message.get("body", b""))
        if not message.get("more_body", False):
            return b"".join(parts)
        message = await receive()
    raise ClientDisconnect


def _count(metrics: Metrics, answer: ReadAnswer, seconds: float) -> None:
    metrics.read(answer.call.mode.value, seconds=seconds)
    # Subjects in one situation share one tuple of rulings: they are told apart by it, not compared.
    shared: dict[tuple[Outcome, int], tuple[int, tuple[FeatureRuling, ...]]] = {}
    for subject in answer.subjects:
        key = (subject.outcome, id(subject.rulings))
        shared[key] = (shared[key][0] + 1 if key in shared else 1, subject.rulings)
    for (outcome, _), (count, rulings) in shared.items():
        metrics.decisions(outcome.value, count)
        for ruling in rulings if outcome is not Outcome.released else ():
            if ruling.reasons:
                metrics.reasons(ruling.reasons, count)
