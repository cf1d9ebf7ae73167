"""The route class of every cold route: who is calling first, then what they sent.

Rules:
- a route answers only verified callers unless it is listed as public; the token is checked before the body is read;
- a body is uncompressed ``application/json`` and parsed by our strict reader, never by the framework's;
- body models refuse members they do not know and values of another type (``Body``); times and choices, which JSON can
  only write as texts, say so (``Instant``, ``FROM_TEXT``).
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Annotated, Any, ClassVar

from fastapi import APIRouter
from fastapi.routing import APIRoute
from pydantic import AwareDatetime, BaseModel, ConfigDict, Strict
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Scope

from api.access import identify
from api.problems import ProblemError
from api.strictjson import parse

JSON_TYPES = frozenset({"application/json", "application/json;charset=utf-8"})

FROM_TEXT = Strict(strict=False)
Instant = Annotated[AwareDatetime, FROM_TEXT]
"""A time of RFC 3339 with its zone. Enumerations in a ``Body`` are written ``Annotated[Choice, FROM_TEXT]``."""


class Body(BaseModel):
    """Base of every request body: unknown members are refused, values are not converted, nothing changes later."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, hide_input_in_errors=True)


class StrictRequest(Request):
    """A request whose JSON was read strictly."""

    _strict: Any = None

    async def load(self, depth: int) -> None:
        """Read the body. Raises: MalformedJsonError; ProblemError: request/media_type."""
        raw = await self.body()
        if raw:
            check_media_type(self.scope)
            self._strict = parse(raw, depth=depth)

    async def json(self) -> Any:
        """The value read by ``load``."""
        return self._strict


def check_media_type(scope: Scope) -> None:
    """Raise ProblemError request/media_type unless the body is plain JSON."""
    if media_type(scope) not in JSON_TYPES:
        raise ProblemError("request/media_type")


def media_type(scope: Scope) -> str:
    """The body's type in small letters, without spaces and quotes; "" without one.

    Raises: ProblemError: request/media_type: two types are given, or the body is compressed.
    """
    kinds = [value for name, value in scope["headers"] if name == b"content-type"]
    encodings = [value for name, value in scope["headers"] if name == b"content-encoding"]
    if len(kinds) > 1 or any(encoding.lower() != b"identity" for encoding in encodings):
        raise ProblemError("request/media_type")
    return kinds[0].decode("latin-1").replace(" ", "").replace('"', "").lower() if kinds else ""


class PublicRoute(APIRoute):
    """A route that anyone may call: health, problem texts. ``request_class`` reads the body."""

    request_class: ClassVar[type[StrictRequest]] = StrictRequest

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Wrap the framework's handler with the strict reader."""
        handler = super().get_route_handler()

        async def handle(request: Request) -> Response:
            strict = self.request_class(request.scope, request.receive)
            await self.admit(strict)
            await strict.load(request.app.state.settings.limits.depth)
            return await handler(strict)

        return handle

    async def admit(self, request: Request) -> None:
        """Let everyone in."""


class StrictRoute(PublicRoute):
    """A route for verified callers."""

    async def admit(self, request: Request) -> None:
        """Let verified callers in. Raises: IdentityError."""
        await identify(request)


def router(*, public: bool = False) -> APIRouter:
    """A router of strict routes; give every route its whole path, so that logs and metrics can name it."""
    return APIRouter(route_class=PublicRoute if public else StrictRoute, redirect_slashes=False)
