"""The policy engine is the one the settings name, and one that runs another revision keeps the service from ready."""

import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from pydantic import HttpUrl

from api.options import EngineKind, PolicySettings
from api.service import open_engine
from api.settings import Settings
from gate.engines import EmbeddedEngine, OpaServerEngine
from tests.api.conftest import build
from tests.opa import OpaServer, opa_server, own_opa_server

__all__ = ["opa_server", "own_opa_server"]


def with_server(settings: Settings, server: OpaServer) -> Settings:
    policy = PolicySettings(engine=EngineKind.OPA_SERVER, opa_url=HttpUrl(server.url))
    return settings.model_copy(update={"policy": policy})


@asynccontextmanager
async def running(settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    app = build(settings)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with app.router.lifespan_context(app), httpx.AsyncClient(transport=transport, base_url="http://t") as http:
        yield http


def policy_state(answer: httpx.Response) -> str:
    states: dict[str, str] = {part["name"]: part["state"] for part in answer.json()["checks"]}
    return states["policy"]


async def test_the_embedded_engine_is_the_default(embedded: Settings) -> None:
    engine = open_engine(embedded)
    assert isinstance(engine, EmbeddedEngine)
    await engine.close()


async def test_a_server_with_our_policy_is_ready_and_one_that_is_gone_is_not(
    embedded: Settings, own_opa_server: OpaServer
) -> None:
    settings = with_server(embedded, own_opa_server)
    engine = open_engine(settings)
    assert isinstance(engine, OpaServerEngine)
    await engine.close()
    async with running(settings) as http:
        ready = await http.get("/readyz")
        assert (ready.status_code, policy_state(ready)) == (200, "ok")
    own_opa_server.kill()
    async with running(settings) as http:
        gone = await http.get("/readyz")
        assert (gone.status_code, policy_state(gone)) == (503, "failed")


@pytest.fixture
def other_server(opa: Path, tmp_path: Path) -> Iterator[OpaServer]:
    """A real server with a policy that is not ours."""
    source, bundle = tmp_path / "open.rego", tmp_path / "open.tar.gz"
    source.write_text('package yumen.gate\n\ndefault decisions := [{"features": {}}]\n', "utf-8")
    subprocess.run([opa, "build", "--revision", "other", source, "-o", bundle], check=True)
    server = OpaServer(opa, bundle)
    server.start()
    yield server
    server.kill()


async def test_a_server_with_another_policy_keeps_the_service_from_being_ready(
    embedded: Settings, other_server: OpaServer
) -> None:
    async with running(with_server(embedded, other_server)) as http:
        answer = await http.get("/readyz")
        assert (answer.status_code, policy_state(answer)) == (503, "failed")
