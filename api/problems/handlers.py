"""From exceptions to problems, installed once on the application.

Rules: every room's root error is handled, so a leaf can never fall through to a bare 500; what a leaf says comes from
the table by its code. Faults of the database and of the network become 503, since trying again is right.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import cast

import sqlalchemy.exc
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ExceptionHandler

from api.ends import EndsError
from api.identity import IdentityError
from api.problems.kinds import INTERNAL, kind_of
from api.problems.render import ProblemError, problem_response
from api.problems.validation import describe, schema_names
from api.strictjson import MalformedJsonError
from catalog.errors import CatalogError
from consent.errors import ConsentError
from gate.errors import GateError
from lineage.errors import LineageError
from vault.errors import VaultError

Handler = Callable[[Request, Exception], Awaitable[Response]]

ROOTS: tuple[type[Exception], ...] = (CatalogError, ConsentError, VaultError, LineageError, GateError, EndsError)
UNREACHABLE: tuple[type[Exception], ...] = (
    sqlalchemy.exc.OperationalError,
    sqlalchemy.exc.InterfaceError,
    sqlalchemy.exc.TimeoutError,
    ConnectionError,
    TimeoutError,
)
BY_STATUS = {
    400: "request/malformed",
    404: "request/not_found",
    405: "request/method_not_allowed",
    406: "request/not_acceptable",
    408: "request/timeout",
    409: "request/conflict",
    413: "request/too_large",
    414: "request/uri_too_long",
    415: "request/media_type",
    422: "request/invalid",
    431: "request/headers_too_large",
}
KEPT_HEADERS = ("allow", "www-authenticate", "retry-after")


async def on_problem(request: Request, error: Exception) -> Response:
    """A problem raised by the HTTP side."""
    problem = cast("ProblemError", error)
    return problem_response(
        request.scope, problem.code, headers=problem.headers, errors=problem.errors, shown=problem.shown
    )


async def on_domain(request: Request, error: Exception) -> Response:
    """A refusal of one of the rooms, or malformed JSON."""
    kind = kind_of(error)
    return problem_response(request.scope, kind, shown=kind.shown(error))


async def on_identity(request: Request, error: Exception) -> Response:
    """A caller who is not let in; the challenge says how to be (RFC 6750, RFC 9470)."""
    challenge = cast("IdentityError", error).challenge
    headers = {"WWW-Authenticate": challenge} if challenge else {}
    return problem_response(request.scope, kind_of(error), headers=headers)


async def on_http(request: Request, error: Exception) -> Response:
    """An HTTP error of the framework; its own text is dropped."""
    raised = cast("HTTPException", error)
    code = BY_STATUS.get(raised.status_code, "request/malformed" if raised.status_code < 500 else INTERNAL)
    headers = {name: value for name, value in (raised.headers or {}).items() if name.lower() in KEPT_HEADERS}
    return problem_response(request.scope, code, headers=headers)


async def on_invalid(request: Request, error: Exception) -> Response:
    """A request that does not fit its schema; the framework's own answer would repeat the input."""
    state = request.app.state
    if not hasattr(state, "schema_names"):
        state.schema_names = schema_names(request.app.openapi())
    faults = describe(cast("RequestValidationError", error).errors(), state.schema_names)
    return problem_response(request.scope, "request/invalid", errors=faults)


async def on_unreachable(request: Request, _error: Exception) -> Response:
    """The database or the network is not there."""
    return problem_response(request.scope, "service/database_unavailable")


async def on_database(request: Request, error: Exception) -> Response:
    """A fault of the database driver: a cut connection, a lock not had in time, or a defect of ours."""
    fault = cast("sqlalchemy.exc.DBAPIError", error)
    if fault.connection_invalidated:
        return await on_unreachable(request, error)
    state = getattr(fault.orig, "sqlstate", None) or ""
    if state.startswith(("08", "53", "57")):
        return await on_unreachable(request, error)
    if state.startswith(("40", "55", "25P03")):
        return problem_response(request.scope, "service/busy")
    raise error


HANDLERS: Mapping[type[Exception], Handler] = {
    ProblemError: on_problem,
    MalformedJsonError: on_domain,
    IdentityError: on_identity,
    HTTPException: on_http,
    RequestValidationError: on_invalid,
    sqlalchemy.exc.DBAPIError: on_database,
    **dict.fromkeys(ROOTS, on_domain),
    **dict.fromkeys(UNREACHABLE, on_unreachable),
}


def install(app: FastAPI) -> None:
    """Put every handler in its place."""
    for kind, handler in HANDLERS.items():
        app.add_exception_handler(kind, cast("ExceptionHandler", handler))


async def answer_to(request: Request, error: Exception) -> Response:
    """The problem of an error, as the framework would find it; raises the error again if it is no problem of ours."""
    for kind in type(error).__mro__:
        if (handler := HANDLERS.get(kind)) is not None:
            return await handler(request, error)
    raise error
