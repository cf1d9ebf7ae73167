"""Whether the process lives, whether it can serve, and its metrics.

Rules: ``/readyz`` names each part and says ok or failed, or which command mends it; checks run at once, each within two
seconds, and their outcome is kept for a second so that nobody can make work by asking; metrics are open in
development, and in production only with their token.
"""

from __future__ import annotations

import asyncio
import hmac
import time
from collections.abc import Awaitable, Callable, Mapping

import sqlalchemy.exc
from fastapi import Request
from pydantic import BaseModel
from starlette.responses import JSONResponse, Response

from api.access import bearer_token
from api.identity import TokenInvalidError
from api.logs import EVENTS
from api.metrics import CONTENT_TYPE, Metrics
from api.problems import ProblemError
from api.service import Service, microseconds
from api.store import probe
from api.strictroute import router
from gate.errors import GateError
from lineage import LineageError, waiting_since
from lineage.log import LogNotReadyError
from vault import KmsUnavailableError, VaultError

ROUTER = router(public=True)
CHECK_S = 2.0
KEYS_S = 1.0
KEPT_S = 1.0
LOG_BEHIND_US = 10_000_000
FAULTS = (sqlalchemy.exc.SQLAlchemyError, GateError, LineageError, VaultError, OSError, TimeoutError)
Check = Callable[[Service], Awaitable[bool]]


class PartState(BaseModel):
    """The state of one part."""

    name: str
    state: str


class Readiness(BaseModel):
    """Whether requests can be served, and the state of each part."""

    status: str
    checks: list[PartState]


async def _policy(service: Service) -> bool:
    await service.engine.health()
    return True


async def _ledger(service: Service) -> bool:
    """A committed write, and the ledger's table there to be written."""
    async with service.database.transaction() as tx:
        return await probe(tx.connection, service.replica, now_us=microseconds(tx))


async def _keys(service: Service) -> bool:
    """Whether keys may be used; while their keeper is silent they serve from memory (api.watching)."""
    try:
        async with asyncio.timeout(KEYS_S):
            await asyncio.to_thread(service.root.health)
    except (KmsUnavailableError, TimeoutError) as fault:
        EVENTS.warning("the keeper of the root key does not answer", exc_info=fault)
    return not service.keyring.is_locked


async def _ends(service: Service) -> bool:
    """Whether the database still holds what ended last: one restored from a backup under the service does not."""
    async with service.database.reading() as tx:
        return await service.ends.is_current(tx.connection)


async def _log(service: Service) -> bool:
    """No committed entry waits long for a checkpoint that covers it."""
    try:
        size = service.log.reader.head()[0].size
    except LogNotReadyError:
        size = 0
    async with service.database.reading() as tx:
        since_us = await waiting_since(tx.connection, size)
    return since_us is None or microseconds(tx) - since_us < LOG_BEHIND_US


WATCHED: Mapping[str, Check] = {"log": _log}
"""Parts that are shown but that requests do not need: reads and consents go on while the log cannot be written."""
CHECKS: Mapping[str, Check] = {"policy": _policy, "ledger": _ledger, "keys": _keys, "ends": _ends}


@ROUTER.get("/livez", tags=["health"], summary="Whether the process lives")
async def livez() -> dict[str, str]:
    """Answer as long as the event loop turns."""
    return {"status": "ok"}


@ROUTER.get(
    "/readyz",
    tags=["health"],
    summary="Whether requests can be served",
    response_model=Readiness,
    responses={503: {"model": Readiness, "description": "Some part is not there."}},
)
async def readyz(request: Request) -> Response:
    """Check the policy engine, a committed write beside the ledger, and the root key; say how the log does."""
    state = request.app.state
    kept: tuple[float, Readiness] | None = getattr(state, "readiness", None)
    if kept is None or time.monotonic() - kept[0] > KEPT_S:
        state.readiness = kept = (time.monotonic(), await _readiness(request))
    found = kept[1]
    return JSONResponse(found.model_dump(), status_code=200 if found.status == "ready" else 503)


@ROUTER.get("/metrics", tags=["health"], summary="Prometheus metrics", response_class=Response)
async def metrics(request: Request) -> Response:
    """Answer the metrics in Prometheus's text format."""
    settings = request.app.state.settings
    if not settings.metrics_open:
        raise ProblemError("request/not_found")
    if settings.metrics_token is not None:
        wanted = settings.metrics_token.get_secret_value().encode()
        if not hmac.compare_digest(bearer_token(request.scope).encode(), wanted):
            raise TokenInvalidError
    found: Metrics = request.app.state.metrics
    return Response(found.render(), media_type=CONTENT_TYPE)


async def _readiness(request: Request) -> Readiness:
    service: Service | None = request.app.state.service
    states = [PartState(name="service", state="ok" if service else "failed")]
    if request.app.state.is_behind:
        states.append(PartState(name="ends", state="behind: run yumen restore"))
    if service is not None:
        outcomes = await asyncio.gather(*(_passes(name, check, service) for name, check in CHECKS.items()))
        states += [
            PartState(name=name, state="ok" if passed else "failed")
            for name, passed in zip(CHECKS, outcomes, strict=True)
        ]
    ready = all(part.state == "ok" for part in states)
    if service is not None:
        watched = [(name, await _passes(name, check, service)) for name, check in WATCHED.items()]
        states += [PartState(name=name, state="ok" if passed else "failed") for name, passed in watched]
    request.app.state.metrics.ready.set(ready)
    return Readiness(status="ready" if ready else "not_ready", checks=states)


async def _passes(name: str, check: Check, service: Service) -> bool:
    try:
        async with asyncio.timeout(CHECK_S):
            return await check(service)
    except FAULTS as fault:
        EVENTS.warning("a readiness check failed: %s", name, exc_info=fault)
        return False
