"""A whole application over a fresh database, with a few routes of the tests' own beside the real ones."""

import asyncio
import socket
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import httpx
import pytest
import uvicorn
from fastapi import FastAPI, Request
from pydantic import Field, SecretStr
from starlette.responses import Response

from api import schema
from api.access import Auditor, Caller, Scorer, SecondFactor
from api.app import create_app
from api.database import Database
from api.idempotency import idempotent
from api.identity import BuiltinIssuer, Role
from api.options import LimitSettings
from api.server import server_config
from api.service import open_issuer, service_of
from api.settings import Settings
from api.strictroute import FROM_TEXT, Body, Instant, router

ROUTES = router()


class Inner(Body):
    count: int = Field(ge=0, le=10)


class Sent(Body):
    name: str = Field(pattern="^[a-z]+$", max_length=20)
    at: Instant | None = None
    role: Annotated[Role, FROM_TEXT] | None = None
    items: list[Inner] = Field(default_factory=list, max_length=3)


@ROUTES.post("/test/echo")
async def echo(body: Sent, caller: Caller) -> dict[str, Any]:
    return {"name": body.name, "tenant": caller.tenant}


@ROUTES.get("/test/audit/{name}")
async def audit(name: str, caller: Auditor) -> dict[str, str]:
    return {"id": caller.id}


@ROUTES.get("/test/score")
async def score(caller: Scorer) -> dict[str, str]:
    return {"id": caller.id}


@ROUTES.get("/test/reveal")
async def reveal(caller: SecondFactor) -> dict[str, str]:
    return {"id": caller.id}


@ROUTES.get("/test/break/{name}")
async def break_it(name: str) -> None:
    raise RuntimeError(f"it broke on {name}")


@ROUTES.post("/test/write")
async def write(request: Request, body: Sent, caller: Caller) -> Response:
    service = service_of(request.app.state)
    async with (
        service.database.transaction() as tx,
        idempotent(
            request,
            tx,
            caller,
            mac=lambda data: service.fingerprint(caller.tenant, data),
            life=timedelta(hours=service.settings.idempotency_hours),
        ) as slot,
    ):
        if slot.replay is not None:
            return slot.replay
        request.app.state.writes = getattr(request.app.state, "writes", 0) + 1
        await asyncio.sleep(0.05)
        if body.name == "fail":
            raise TimeoutError
        return slot.answer({"write": request.app.state.writes, "name": body.name}, status=201)


@pytest.fixture
def settings(tmp_path: Path, database_url: str) -> Settings:
    return Settings(data_dir=tmp_path / "data", database_url=SecretStr(database_url))


@pytest.fixture
def embedded(tmp_path: Path) -> Settings:
    """Settings of an embedded deployment with its schema, where one database engine is enough."""
    settings = Settings(data_dir=tmp_path / "data", limits=LimitSettings(body_timeout_s=1, header_timeout_s=1))
    settings.data_dir.mkdir()
    asyncio.run(_create(settings.database))
    return settings


async def _create(url: str) -> None:
    database = Database.open(url)
    async with database.transaction() as tx:
        await schema.create(tx.connection)
    await database.close()


@pytest.fixture
def issuer(embedded: Settings) -> BuiltinIssuer:
    return open_issuer(embedded)


@pytest.fixture
def bearer(issuer: BuiltinIssuer) -> Callable[..., dict[str, str]]:
    """Headers of a caller: ``bearer("auditor", amr=("pwd", "otp"))``."""

    def make(
        *roles: str, name: str = "someone", tenant: str = "lender", amr: tuple[str, ...] = ("pwd",)
    ) -> dict[str, str]:
        token = issuer.issue(
            tenant=tenant, roles=[Role(role) for role in roles], name=name, now=datetime.now(UTC), token_id="t", amr=amr
        )
        return {"Authorization": f"Bearer {token}"}

    return make


def build(settings: Settings) -> FastAPI:
    app = create_app(settings)
    app.include_router(ROUTES)
    return app


@pytest.fixture
async def http(embedded: Settings) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the running application, in process."""
    app = build(embedded)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://test") as client,
    ):
        yield client


@pytest.fixture
def served(embedded: Settings) -> Iterator[int]:
    """The port of the application behind the real server."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(128)
        server = uvicorn.Server(server_config(build(embedded), embedded))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        while not server.started:
            thread.join(0.01)
        yield listening.getsockname()[1]
        server.should_exit = True
        thread.join()
