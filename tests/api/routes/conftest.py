"""A small lender behind the real application, on each database, and callers in every role."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from api.app import create_app
from api.database import Database
from api.identity import BuiltinIssuer, Role
from api.options import LimitSettings
from api.sequencing import sequencing
from api.service import open_issuer
from api.settings import Settings
from api.usecases import writing
from tests import world as lender_world
from tests.world import FEATURES, TENANT, World

FACTORS = ("pwd", "otp")


@pytest.fixture(autouse=True)
def unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """A consent that a busy machine is slow with is no fault here; what the bound promises, `make chaos` measures."""
    monkeypatch.setattr(writing, "BINDING_S", 20.0)


@dataclass
class Lender:
    """The running application with one registered lender, and shorthands to call it."""

    http: httpx.AsyncClient
    issuer: BuiltinIssuer
    world: World
    settings: Settings
    made: dict[str, dict[str, str]] = field(default_factory=dict)

    def headers(
        self, role: str, name: str = "someone", *, tenant: str = TENANT, amr: tuple[str, ...] = ("pwd",)
    ) -> dict[str, str]:
        now = datetime.now(UTC)
        token = self.issuer.issue(tenant=tenant, roles=[Role(role)], name=name, now=now, token_id="t", amr=amr)
        return {"Authorization": f"Bearer {token}"}

    async def call(
        self, role: str, method: str, path: str, body: Any = None, *, name: str = "someone", **options: Any
    ) -> httpx.Response:
        """One request of a caller; ``tenant``, ``amr``, ``key`` and ``params`` may be given."""
        params, key = options.pop("params", None), options.pop("key", None)
        headers = self.headers(role, name, **options) | ({"Idempotency-Key": key} if key else {})
        return await self.http.request(method, path, json=body, params=params, headers=headers)

    async def subject(self, method: str, path: str, body: Any = None, **options: Any) -> httpx.Response:
        """One request of the first data subject, or of ``name``."""
        return await self.call("subject", method, path, body, **{"name": self.world.subjects[0], **options})

    async def read(self, people: list[str], client: str = "scoring", **changes: Any) -> httpx.Response:
        """One read of all features; ``changes`` replace members of the body."""
        body = {"purpose": "credit_scoring", "product": "cash_loan", "subjects": people, "features": list(FEATURES)}
        return await self.call("scorer", "POST", "/v1/reads", {**body, **changes}, name=client)

    def grant(self, **changes: Any) -> dict[str, Any]:
        """The body of a consent to all the notice names."""
        body = {
            "purpose": "credit_scoring",
            "recipient": "lender",
            "notice": "scoring_notice",
            "notice_version": 1,
            "fields": list(lender_world.FIELDS),
            "form": "written",
            "evidence": "ev_" + "a" * 26,
            "channel": "app",
        }
        return {**body, **changes}


Start = Callable[[Settings, int], Awaitable[Lender]]


@pytest.fixture
async def lender(settings: Settings) -> AsyncIterator[Lender]:
    """A lender with two data subjects who have values and gave no consent yet; its log is written."""
    async with opened(settings) as (made, app), logging(app):
        yield made


@pytest.fixture
async def idle(settings: Settings) -> AsyncIterator[Lender]:
    """The same, but nobody writes the log."""
    async with opened(settings) as (made, _):
        yield made


@asynccontextmanager
async def opened(settings: Settings, limits: LimitSettings | None = None) -> AsyncIterator[tuple[Lender, FastAPI]]:
    settings = settings.model_copy(update={"limits": limits or LimitSettings(body_timeout_s=1)})
    settings.data_dir.mkdir(exist_ok=True)
    database = Database.open(settings.database)
    world = await lender_world.build(database, settings.data_dir)
    await world.add_subjects(2)
    app = create_app(settings)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://test") as http,
    ):
        yield Lender(http, open_issuer(settings), world, settings), app
    await database.close()


@asynccontextmanager
async def logging(app: FastAPI) -> AsyncIterator[None]:
    """Write the transparency log beside the application, as ``yumen serve`` does."""
    service = app.state.service
    async with sequencing(service.settings, service.database, service.signer, service.metrics.log) as sequencer:
        service.log.nudge = sequencer.nudge
        for _ in range(3000):
            if (service.settings.log_folder / "checkpoint").exists():
                break
            await asyncio.sleep(0.01)
        yield
