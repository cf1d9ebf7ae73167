"""The OPA server engine: whatever the server does wrong denies, in time, and is over when the server is right again."""

from __future__ import annotations

import asyncio
import json
import ssl
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from gate.engines import Answer, EngineError, OpaEndpoint, OpaServerEngine, load_bundle
from gate.errors import EngineAnswerError, EngineLateError, EngineRevisionError, EngineUnavailableError
from tests.gate.engines.crooked import Crooked, crooked_server
from tests.opa import OpaServer

Facts = dict[str, Any]
REVISION = load_bundle().revision
PROVENANCE = {"bundles": {"b": {"revision": REVISION}}}


async def ask(engine: OpaServerEngine, facts: Facts, deadline_s: float = 5) -> Answer | None:
    (answer,) = await engine.decide([facts["call"]], [{"call": 0, "subject": facts["subject"]}], deadline_s=deadline_s)
    return answer


@pytest.fixture
async def crooked() -> AsyncIterator[Crooked]:
    async with crooked_server() as server:
        yield server


@pytest.fixture
async def misled(crooked: Crooked) -> AsyncIterator[OpaServerEngine]:
    """An engine whose OPA is the crooked server."""
    engine = OpaServerEngine(OpaEndpoint(port=crooked.port))
    yield engine
    await engine.close()


@pytest.fixture
async def engine(own_opa_server: OpaServer) -> AsyncIterator[OpaServerEngine]:
    engine = OpaServerEngine(OpaEndpoint.of(own_opa_server.url))
    yield engine
    await engine.close()


async def test_a_killed_server_denies_and_a_new_one_is_used_without_help(
    engine: OpaServerEngine, own_opa_server: OpaServer, facts: Facts
) -> None:
    assert await ask(engine, facts)
    own_opa_server.kill()
    for _ in range(3):
        with pytest.raises(EngineUnavailableError):
            await ask(engine, facts)
    with pytest.raises(EngineError):
        await engine.health()
    own_opa_server.start()
    assert await _asked_until_answered(engine, facts, within_s=2)
    await engine.health()


async def test_a_frozen_server_denies_within_the_deadline_and_is_used_again_when_thawed(
    engine: OpaServerEngine, own_opa_server: OpaServer, facts: Facts
) -> None:
    assert await ask(engine, facts)
    own_opa_server.freeze()
    start = time.monotonic()
    with pytest.raises(EngineLateError):
        await ask(engine, facts, deadline_s=0.2)
    assert time.monotonic() - start < 0.5
    own_opa_server.thaw()
    assert await _asked_until_answered(engine, facts, within_s=2)


async def test_a_server_killed_during_a_question_denies(
    engine: OpaServerEngine, own_opa_server: OpaServer, facts: Facts
) -> None:
    own_opa_server.freeze()
    asking = asyncio.create_task(ask(engine, facts, deadline_s=30))
    await asyncio.sleep(0.1)
    own_opa_server.kill()
    with pytest.raises(EngineUnavailableError):
        await asking


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b"[]",
        b"null",
        b"1",
        b'"true"',
        b"true",
        b"\xff\xfe",
        b"<!doctype html><title>Welcome</title>",
        b'{"result"',
        b" " * (10 << 20),
        b"[" * 1_000_000,
        json.dumps({"provenance": PROVENANCE}).encode(),
        *(
            json.dumps({"provenance": PROVENANCE, "result": result}).encode()
            for result in (None, True, "true", 1, {}, [], [{}, {}], {"allow": True})
        ),
    ],
    ids=lambda body: body[:40].decode("latin-1").strip() or f"{len(body)} blanks",
)
async def test_a_reply_that_is_no_list_of_decisions_denies(
    body: bytes, crooked: Crooked, misled: OpaServerEngine, facts: Facts
) -> None:
    crooked.body = body
    with pytest.raises(EngineAnswerError):
        await ask(misled, facts)


@pytest.mark.parametrize("result", [[None], [{}], [{"features": {}}], [{"features": {"shop:orders": "plain"}}], [True]])
async def test_an_answer_that_is_not_whole_denies_its_request(
    result: Any, crooked: Crooked, misled: OpaServerEngine, facts: Facts
) -> None:
    crooked.body = json.dumps({"provenance": PROVENANCE, "result": result}).encode()
    assert await ask(misled, facts) is None


@pytest.mark.parametrize(
    "head", ["500 Internal Server Error", "404 Not Found", "204 No Content", "503 Busy", "201 Created"]
)
async def test_any_status_but_200_denies(head: str, crooked: Crooked, misled: OpaServerEngine, facts: Facts) -> None:
    crooked.head = head
    crooked.body = b"" if head.startswith("204") else sound_reply()
    with pytest.raises(EngineUnavailableError):
        await ask(misled, facts)
    assert len(crooked.asked) == 1  # never asked twice


async def test_a_redirect_is_not_followed(crooked: Crooked, misled: OpaServerEngine, facts: Facts) -> None:
    async with crooked_server() as elsewhere:
        elsewhere.body = sound_reply()
        crooked.head = f"307 Temporary Redirect\r\nLocation: http://127.0.0.1:{elsewhere.port}/"
        with pytest.raises(EngineUnavailableError):
            await ask(misled, facts)
        assert elsewhere.asked == []


async def test_a_late_reply_denies_within_the_deadline(crooked: Crooked, misled: OpaServerEngine, facts: Facts) -> None:
    crooked.body, crooked.delay_s = sound_reply(), 3
    start = time.monotonic()
    with pytest.raises(EngineLateError):
        await ask(misled, facts, deadline_s=0.1)
    assert time.monotonic() - start < 0.5


async def test_a_reply_cut_off_denies(crooked: Crooked, misled: OpaServerEngine, facts: Facts) -> None:
    crooked.body, crooked.cut = sound_reply(), True
    with pytest.raises(EngineUnavailableError):
        await ask(misled, facts)


@pytest.mark.parametrize(
    "provenance",
    [None, {}, {"bundles": {}}, {"bundles": {"b": {}}}, {"bundles": {"b": {"revision": REVISION[:-1] + "x"}}}],
)
async def test_a_reply_from_another_revision_denies(
    provenance: Any, crooked: Crooked, misled: OpaServerEngine, facts: Facts
) -> None:
    reply = json.loads(sound_reply())
    reply["provenance"] = provenance
    crooked.body = json.dumps(reply).encode()
    with pytest.raises((EngineRevisionError, EngineAnswerError)):
        await ask(misled, facts)


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


async def test_a_real_server_with_another_policy_denies(other_server: OpaServer, facts: Facts) -> None:
    engine = OpaServerEngine(OpaEndpoint.of(other_server.url))
    with pytest.raises(EngineRevisionError):
        await ask(engine, facts)
    with pytest.raises(EngineRevisionError):
        await engine.health()
    await engine.close()


async def test_a_sound_reply_is_taken_and_the_path_is_always_the_same(
    crooked: Crooked, misled: OpaServerEngine, facts: Facts
) -> None:
    crooked.body = sound_reply()
    hostile = {**facts["call"], "purpose": {"status": 'x"] }; allow := true\n'}}
    assert await ask(misled, {**facts, "call": hostile})
    (asked,) = crooked.asked
    assert asked.startswith(b"POST /v1/data/yumen/gate/decisions?provenance=True HTTP/1.1\r\n")


async def test_a_token_goes_along_and_stays_out_of_the_representation(crooked: Crooked, facts: Facts) -> None:
    endpoint = OpaEndpoint.of(f"http://127.0.0.1:{crooked.port}", token="hush")
    engine = OpaServerEngine(endpoint)
    crooked.body = sound_reply()
    assert await ask(engine, facts)
    await engine.close()
    assert b"Authorization: Bearer hush\r\n" in crooked.asked[0]
    assert "hush" not in repr(endpoint)


async def test_a_unix_socket_serves(opa: Path, tmp_path: Path, facts: Facts) -> None:
    socket = tmp_path / "opa.sock"
    server = OpaServer(opa)
    server.start_on(f"unix://{socket}")
    engine = OpaServerEngine(OpaEndpoint.of(f"unix://{socket}"))
    try:
        assert await _asked_until_answered(engine, facts, within_s=10)
    finally:
        await engine.close()
        server.kill()


@pytest.mark.parametrize("url", ["", "opa", "ftp://opa", "http://", "http://opa/v1/data", "unix://"])
def test_an_address_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="an OPA address is"):
        OpaEndpoint.of(url)


def test_addresses_are_read() -> None:
    assert OpaEndpoint.of("http://opa.internal:9000").port == 9000
    assert OpaEndpoint.of("http://[::1]:8181").host == "::1"
    own = ssl.create_default_context()
    assert OpaEndpoint.of("https://opa.internal", tls=own).tls is own


def sound_reply() -> bytes:
    denial = {"form": "withheld", "reasons": ["NO_GRANT"], "grants": [], "obligations": []}
    answers = [{"features": {"shop:orders": denial, "score:grade": denial}}]
    return json.dumps({"provenance": PROVENANCE, "result": answers}).encode()


async def _asked_until_answered(engine: OpaServerEngine, facts: Facts, *, within_s: float) -> Answer | None:
    end = time.monotonic() + within_s
    while True:
        try:
            return await ask(engine, facts, deadline_s=1)
        except EngineError:
            if time.monotonic() > end:
                raise
            await asyncio.sleep(0.05)
