"""Liveness, readiness, metrics, and a service that comes back alone."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr

from api.metrics import Metrics
from api.settings import Settings
from tests.api.conftest import build
from vault import WrongRootKeyError

TOKEN = "a-token-for-the-scraper"


async def test_a_ready_service_names_its_parts(http: httpx.AsyncClient) -> None:
    answer = await http.get("/readyz")
    assert answer.status_code == 200
    assert answer.json() == {
        "status": "ready",
        "checks": [{"name": name, "state": "ok"} for name in ("service", "policy", "ledger", "keys", "ends", "log")],
    }


async def test_a_replaced_root_key_is_not_ready_and_gives_no_detail(
    http: httpx.AsyncClient, embedded: Settings
) -> None:
    key = embedded.root_key_file
    content = key.read_bytes()
    key.chmod(0o644)
    answer = await http.get("/readyz")
    assert answer.status_code == 503
    assert {part["name"] for part in answer.json()["checks"] if part["state"] == "failed"} == {"keys"}
    assert str(key) not in answer.text
    key.chmod(0o600)
    key.write_bytes(content)
    await asyncio.sleep(1.1)
    assert (await http.get("/readyz")).status_code == 200


async def test_a_database_that_comes_later_is_waited_for(tmp_path: Path, embedded: Settings) -> None:
    database = embedded.data_dir / "yumen.db"
    content = database.read_bytes()
    database.unlink()
    database.mkdir()
    app = build(embedded)
    transport = httpx.ASGITransport(app)
    async with app.router.lifespan_context(app), httpx.AsyncClient(transport=transport, base_url="http://t") as client:
        assert (await client.get("/livez")).status_code == 200
        assert (await client.get("/readyz")).status_code == 503
        refused = await client.get("/test/score", headers={"Authorization": "Bearer x.y.z"})
        assert (refused.status_code, refused.json()["code"]) == (503, "service/starting")
        assert refused.headers["retry-after"] == "2"
        database.rmdir()
        database.write_bytes(content)
        for _ in range(50):
            await asyncio.sleep(0.1)
            if app.state.service is not None:
                break
        await asyncio.sleep(1.1)
        assert (await client.get("/readyz")).status_code == 200


async def test_a_lost_root_key_ends_the_start(embedded: Settings) -> None:
    app = build(embedded)
    async with app.router.lifespan_context(app):
        pass
    embedded.root_key_file.unlink()
    again = build(embedded)
    with pytest.raises(WrongRootKeyError):
        async with again.router.lifespan_context(again):
            pass


async def test_metrics_count_by_route_template(http: httpx.AsyncClient, bearer: Callable[..., dict[str, str]]) -> None:
    await http.get("/test/audit/someone_private", headers=bearer("auditor"))
    text = (await http.get("/metrics")).text
    assert 'yumen_requests_total{method="GET",route="/test/audit/{name}",status="200"} 1.0' in text
    assert "someone_private" not in text


async def test_metrics_need_their_token_where_one_is_set(embedded: Settings) -> None:
    app = build(embedded.model_copy(update={"metrics_token": SecretStr(TOKEN)}))
    transport = httpx.ASGITransport(app)
    async with app.router.lifespan_context(app), httpx.AsyncClient(transport=transport, base_url="http://t") as client:
        assert (await client.get("/metrics")).status_code == 401
        assert (await client.get("/metrics", headers={"Authorization": "Bearer wrong"})).status_code == 401
        assert (await client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})).status_code == 200


def test_reads_and_decisions_are_counted_by_outcome_and_code() -> None:
    metrics = Metrics()
    metrics.read("release", seconds=0.002)
    metrics.decisions("denied", 3)
    metrics.reasons(["NO_GRANT", "NEEDS_SEPARATE"], 2)
    metrics.engine_error("gate/engine_late")
    text = metrics.render().decode()
    assert 'yumen_decisions_total{outcome="denied"} 3.0' in text
    assert 'yumen_denial_reasons_total{code="NO_GRANT"} 2.0' in text
    assert 'yumen_engine_errors_total{code="gate/engine_late"} 1.0' in text
    assert 'yumen_read_seconds_bucket{le="0.003",mode="release"} 1.0' in text
