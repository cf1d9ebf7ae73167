"""Keys fetched from the issuer: pinned, bounded, kept through an outage, renewed when they rotate."""

import json
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import httpx
import pytest
from joserfc.jwk import ECKey, OKPKey

from api.identity import FileKeys, KeysUnavailableError, RemoteKeys
from api.identity.keys import read_key_set


def public(kid: str, **extra: Any) -> dict[str, Any]:
    return {**OKPKey.generate_key("Ed25519").as_dict(private=False), "kid": kid, **extra}


def key_set(*keys: dict[str, Any]) -> bytes:
    return json.dumps({"keys": keys}).encode()


class Issuer:
    """A real HTTP server whose answer a test sets."""

    def __init__(self) -> None:
        self.status, self.body, self.headers, self.asked = 200, b"", {}, 0
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.asked += 1
                self.send_response(outer.status)
                for name, value in {"Content-Length": str(len(outer.body)), **outer.headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(outer.body)

            def log_message(self, *_: Any) -> None:
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/keys"
        Thread(target=self.server.serve_forever, args=(0.01,)).start()


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    made = Issuer()
    yield made
    made.server.shutdown()
    made.server.server_close()


class Seconds:
    """A monotonic clock for tests."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


async def remote(issuer: Issuer, clock: Callable[[], float], *kids: str) -> list[bool]:
    async with RemoteKeys.client() as http:
        keys = RemoteKeys(issuer.url, http=http, monotonic=clock)
        return [await keys.key(kid) is not None for kid in kids]


async def test_a_key_is_found_and_fetched_once(issuer: Issuer) -> None:
    issuer.body = key_set(public("a"), public("b"))
    assert await remote(issuer, Seconds(), "a", "b", "a") == [True, True, True]
    assert issuer.asked == 1


async def test_made_up_key_ids_cause_few_fetches(issuer: Issuer) -> None:
    issuer.body = key_set(public("a"))
    assert not any(await remote(issuer, Seconds(), *(f"x{n}" for n in range(100))))
    assert issuer.asked == 1


async def test_a_rotated_key_is_found_after_the_pause(issuer: Issuer) -> None:
    clock = Seconds()
    async with RemoteKeys.client() as http:
        keys = RemoteKeys(issuer.url, http=http, monotonic=clock)
        issuer.body = key_set(public("a"))
        assert await keys.key("a")
        issuer.body = key_set(public("b"))
        assert await keys.key("b") is None
        clock.now += 31
        assert await keys.key("b")
        assert await keys.key("a") is None


async def test_an_outage_is_bridged_for_an_hour_and_no_longer(issuer: Issuer) -> None:
    clock = Seconds()
    async with RemoteKeys.client() as http:
        keys = RemoteKeys(issuer.url, http=http, monotonic=clock)
        issuer.body = key_set(public("a"))
        assert await keys.key("a")
        issuer.status = 500
        clock.now += 3590
        assert await keys.key("a")
        clock.now += 60
        with pytest.raises(KeysUnavailableError):
            await keys.key("a")
        issuer.status = 200
        clock.now += 31
        assert await keys.key("a")


@pytest.mark.parametrize(
    ("status", "body", "headers"),
    [
        (302, b"", {"Location": "/elsewhere"}),
        (404, b"", {}),
        (200, b"<html>", {}),
        (200, b'{"keys":{}}', {}),
        (200, b'{"keys":[]' + b" " * 300_000 + b"}", {}),
        (200, b'{"keys":[],"keys":[]}', {}),
    ],
)
async def test_an_odd_answer_verifies_nothing(
    issuer: Issuer, status: int, body: bytes, headers: dict[str, str]
) -> None:
    issuer.status, issuer.body, issuer.headers = status, body, headers
    with pytest.raises(KeysUnavailableError):
        await remote(issuer, Seconds(), "a")
    assert issuer.asked == 1


async def test_a_refused_connection_is_a_503(issuer: Issuer) -> None:
    issuer.server.shutdown()
    issuer.server.server_close()
    with pytest.raises(KeysUnavailableError):
        await remote(issuer, Seconds(), "a")


def test_secret_keys_refuse_the_whole_set() -> None:
    secret = {**OKPKey.generate_key("Ed25519").as_dict(private=True), "kid": "a"}
    for entry in (secret, {"kty": "oct", "k": "c2VjcmV0", "kid": "s"}):
        with pytest.raises(KeysUnavailableError):
            read_key_set(key_set(public("b"), entry))


def test_two_keys_of_one_id_refuse_the_set() -> None:
    with pytest.raises(KeysUnavailableError):
        read_key_set(key_set(public("a"), public("a")))


def test_keys_of_other_kinds_are_passed_over() -> None:
    curve = {**ECKey.generate_key("P-384").as_dict(private=False), "kid": "p"}
    rsa = {"kty": "RSA", "n": "AQAB", "e": "AQAB", "kid": "r"}
    found = read_key_set(key_set(public("a"), public("e", use="enc"), curve, rsa))
    assert set(found) == {"a"}


async def test_a_key_file_is_read_again_when_it_changes(tmp_path: Path) -> None:
    file = tmp_path / "keys.json"
    keys = FileKeys(file)
    with pytest.raises(KeysUnavailableError):
        await keys.key("a")
    file.write_bytes(key_set(public("a")))
    assert await keys.key("a")
    later = tmp_path / "later.json"
    later.write_bytes(key_set(public("b")))
    later.replace(file)
    assert await keys.key("b")
    assert await keys.key("a") is None


def test_the_client_follows_no_redirect_and_no_proxy() -> None:
    client: httpx.AsyncClient = RemoteKeys.client()
    assert not client.follow_redirects
    assert not client.trust_env
