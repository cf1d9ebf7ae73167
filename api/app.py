"""The application: routes, problems, limits and observation around one Service.

Layers, outermost first: Observed (id, log, metrics, last guard), Limits (size, time), problem handlers, routes. The hot
route has the same two layers around it and stands in front of the framework.
"""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI
from starlette.types import ASGIApp, Receive, Scope, Send

from api import problems
from api.hot import FrontedApp, HotReads
from api.limits import Limits
from api.logs import EVENTS
from api.metrics import Metrics
from api.observed import Observed, Outgoing, RequestIds
from api.openapi import DESCRIPTION, TAGS, describe
from api.routes import (
    aggregates,
    audits,
    catalogue,
    classify,
    clients,
    copies,
    deidentifications,
    entries,
    erasures,
    grants,
    health,
    lineage,
    log,
    my_reads,
    notices,
    openlineage,
    parties,
    pictures,
    problem_pages,
    purposes,
    reads,
    reasons,
    receipts,
    replays,
    reveals,
    scores,
    subjects,
    tasks,
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
    audits.ROUTER,
    receipts.ROUTER,
    log.ROUTER,
    my_reads.ROUTER,
    copies.ROUTER,
    scores.ROUTER,
    lineage.ROUTER,
    pictures.ROUTER,
    tasks.ROUTER,
    deidentifications.ROUTER,
    openlineage.ROUTER,
    reasons.ROUTER,
    reveals.ROUTER,
    aggregates.ROUTER,
    catalogue.ROUTER,
    views.ROUTER,
    erasures.ROUTER,
    classify.ROUTER,
    health.ROUTER,
    problem_pages.ROUTER,
)
BATCH_PATHS = frozenset(
    {"/v1/reads", "/v1/scores", "/v1/decisions", "/api/v1/lineage", "/v1/values", "/v1/catalogue/views", "/v1/classify"}
)
VERSION = "0.1.0"


def create_app(settings: Settings, *, opener: Opener | None = None) -> FastAPI:
    """Build the application; parts open when the server starts it, by ``opener`` if one is given."""
    metrics = Metrics()
    open_parts = opener or (lambda: open_service(settings, metrics=metrics))

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with standing(app.state, open_parts):
            yield

    app = FrontedApp(
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
    app.state.is_behind = False
    problems.install(app)
    for router in ROUTERS:
        app.include_router(router)
    hot = HotReads(app, settings.limits)
    app.router.routes.append(hot.route)
    app.state.raw_operations = {reads.PATH: {"post": reads.OPERATION}}
    limiting: dict[str, Any] = {"limits": settings.limits, "batch_paths": BATCH_PATHS}
    observing: dict[str, Any] = {"metrics": metrics, "new_id": RequestIds(secrets.token_bytes), "guard": guard}
    app.add_middleware(Limits, **limiting)
    app.add_middleware(Observed, **observing)
    app.front = Observed(Limits(hot, **limiting), **observing)
    app.openapi = lambda: describe(app)  # type: ignore[method-assign]  # FastAPI's documented way to change it
    return app


async def guard(app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    """Run the application; what nobody caught is logged without its message and answered with a bare problem."""
    try:
        await app(scope, receive, send)
    except Exception as error:  # noqa: BLE001  the last guard: a message must reach neither the caller nor the server's log
        EVENTS.error("a request failed", exc_info=error, extra={"fields": {"request_id": scope["state"]["request_id"]}})
        if isinstance(send, Outgoing) and send.status == 0:
            await problems.problem_response(scope, "service/internal")(scope, receive, send)
