"""The application: routes, problems, limits and observation around one Service.

Layers, outermost first: Observed (id, log, metrics, last guard), Limits (size, time), problem handlers, routes.
"""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from starlette.types import ASGIApp, Receive, Scope, Send

from api import problems
from api.limits import Limits
from api.logs import EVENTS
from api.metrics import Metrics
from api.observed import Observed, Outgoing
from api.openapi import DESCRIPTION, TAGS, describe
from api.routes import (
    catalogue,
    clients,
    entries,
    grants,
    health,
    my_reads,
    notices,
    parties,
    problem_pages,
    purposes,
    reads,
    reasons,
    replays,
    subjects,
    values,
    views,
    withdrawals,
)
from api.service import Opener, open_service, standing
from api.settings import Settings

ROUTERS = (
    subjects.ROUTER,
    values.ROUTER,
    parties.ROUTER,
    clients.ROUTER,
    purposes.ROUTER,
    notices.ROUTER,
    grants.ROUTER,
    withdrawals.ROUTER,
    entries.ROUTER,
    replays.ROUTER,
    my_reads.ROUTER,
    reasons.ROUTER,
    catalogue.ROUTER,
    views.ROUTER,
    health.ROUTER,
    problem_pages.ROUTER,
)
BATCH_PATHS = frozenset({"/v1/reads", "/v1/values", "/v1/catalogue/views"})
VERSION = "0.1.0"


def create_app(settings: Settings, *, opener: Opener | None = None) -> FastAPI:
    """Build the application; parts open when the server starts it, by ``opener`` if one is given."""
    metrics = Metrics()
    open_parts = opener or (lambda: open_service(settings, metrics=metrics))

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with standing(app.state, open_parts):
            yield

    app = FastAPI(
        title="Yumen 玉门",
        summary="Consent and policy gate for reads of personal data in credit scoring",
        description=DESCRIPTION,
        version=VERSION,
        openapi_tags=TAGS,
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
        lifespan=lifespan,
        redirect_slashes=False,
        docs_url="/docs" if settings.docs_open else None,
        redoc_url=None,
        openapi_url="/openapi.json" if settings.docs_open else None,
    )
    app.state.settings = settings
    app.state.metrics = metrics
    app.state.service = None
    problems.install(app)
    for router in ROUTERS:
        app.include_router(router)
    app.router.routes.insert(0, reads.ROUTE)  # the hot route is looked for first
    app.state.raw_operations = {reads.PATH: {"post": reads.OPERATION}}
    app.add_middleware(Limits, limits=settings.limits, batch_paths=BATCH_PATHS)
    app.add_middleware(Observed, metrics=metrics, new_id=new_request_id, guard=guard)
    app.openapi = lambda: describe(app)  # type: ignore[method-assign]  # FastAPI's documented way to change it
    return app


def new_request_id() -> str:
    """A request id: 128 random bits."""
    return secrets.token_hex(16)


async def guard(app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    """Run the application; what nobody caught is logged without its message and answered with a bare problem."""
    try:
        await app(scope, receive, send)
    except Exception as error:  # noqa: BLE001  the last guard: a message must reach neither the caller nor the server's log
        EVENTS.error("a request failed", exc_info=error, extra={"fields": {"request_id": scope["state"]["request_id"]}})
        if isinstance(send, Outgoing) and send.status == 0:
            await problems.problem_response(scope, "service/internal")(scope, receive, send)
