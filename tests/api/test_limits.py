"""Size and time limits, through the real server."""

import socket
import time
from collections.abc import Callable, Iterator

import httpx
import pytest

from api.options import LimitSettings

KIB = 1024
Headers = Callable[..., dict[str, str]]


def exchange(port: int, *parts: bytes, wait_s: float = 5) -> bytes:
    """Send ``parts`` as they are and read until the server closes."""
    with socket.create_connection(("127.0.0.1", port), timeout=wait_s) as connection:
        received = b""
        try:
            for part in parts:
                connection.sendall(part)
            while data := connection.recv(65_536):
                received += data
        except ConnectionError:
            pass  # a server that closes early resets what is still on its way
        return received


def head(headers: dict[str, str], *more: str, path: str = "/test/echo") -> bytes:
    lines = [f"POST {path} HTTP/1.1", "Host: test", "Content-Type: application/json", "Connection: close"]
    return "\r\n".join([*lines, *(f"{name}: {value}" for name, value in headers.items()), *more, "", ""]).encode()


def test_a_body_announced_too_long_is_refused_at_once(served: int, bearer: Headers) -> None:
    began = time.monotonic()
    answer = exchange(served, head(bearer("scorer"), "Content-Length: 100000000"))
    assert answer.startswith(b"HTTP/1.1 413")
    assert b"request/too_large" in answer
    assert time.monotonic() - began < 2


def test_a_body_that_grows_too_long_is_refused_on_the_way(served: int, bearer: Headers) -> None:
    def body() -> Iterator[bytes]:
        for _ in range(1600):
            yield b" " * (64 * KIB)

    with httpx.Client(timeout=10) as client:
        began = time.monotonic()
        try:
            answer = client.post(
                f"http://127.0.0.1:{served}/test/echo",
                content=body(),
                headers={**bearer("scorer"), "Content-Type": "application/json"},
            )
            assert answer.status_code == 413
        except (httpx.WriteError, httpx.ReadError):
            pass  # closed while the client was still sending
        assert time.monotonic() - began < 5
    assert httpx.get(f"http://127.0.0.1:{served}/livez").status_code == 200


def test_a_chunked_body_just_over_the_limit_gets_its_answer(served: int, bearer: Headers) -> None:
    chunk = b"10001\r\n" + b" " * 65_537 + b"\r\n"
    answer = exchange(served, head(bearer("scorer"), "Transfer-Encoding: chunked"), chunk, b"0\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 413")


def test_a_body_within_the_limit_is_read(served: int, bearer: Headers) -> None:
    body = b'{"name": "ok"}' + b" " * (60 * KIB)
    answer = exchange(served, head(bearer("scorer"), f"Content-Length: {len(body)}"), body)
    assert answer.startswith(b"HTTP/1.1 200")


def test_a_body_that_stops_coming_is_given_up(served: int, bearer: Headers) -> None:
    answer = exchange(served, head(bearer("scorer"), "Content-Length: 100"), b'{"name"')
    assert answer.startswith(b"HTTP/1.1 408")


def test_headers_that_never_end_are_cut(served: int) -> None:
    began = time.monotonic()
    assert exchange(served, b"GET /livez HTTP/1.1\r\nHost: test\r\nX-Slow: ") == b""
    assert time.monotonic() - began < 3


def test_a_silent_connection_is_cut(served: int) -> None:
    began = time.monotonic()
    assert exchange(served) == b""
    assert time.monotonic() - began < 3


def test_headers_without_end_are_cut_by_size(served: int) -> None:
    parts = [b"GET /livez HTTP/1.1\r\nHost: test\r\n", *[b"X-A: " + b"a" * 1000 + b"\r\n"] * 5000]
    answer = exchange(served, *parts)
    assert answer == b"" or answer.startswith(b"HTTP/1.1 4")


def test_large_headers_are_a_431(served: int) -> None:
    answer = exchange(served, b"GET /livez HTTP/1.1\r\nHost: t\r\nX-A: " + b"a" * 16_400 + b"\r\n\r\n")
    assert answer == b"" or answer.startswith(b"HTTP/1.1 431")


def test_many_slow_connections_do_not_hinder_others(served: int) -> None:
    slow = [socket.create_connection(("127.0.0.1", served)) for _ in range(200)]
    for connection in slow:
        connection.sendall(b"POST /test/echo HTTP/1.1\r\nHost:")
    began = time.monotonic()
    assert httpx.get(f"http://127.0.0.1:{served}/livez").status_code == 200
    assert time.monotonic() - began < 1
    for connection in slow:
        connection.close()


def test_what_is_not_http_is_a_400(served: int) -> None:
    assert exchange(served, b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n").startswith(b"HTTP/1.1 400")


@pytest.mark.parametrize("path", ["/problems/gate/%00", "/problems/gate/%ff", "/livez?x=%00", "/livez?x=%ff%fe"])
def test_a_path_that_is_no_text_is_a_400(served: int, path: str) -> None:
    answer = httpx.get(f"http://127.0.0.1:{served}{path}")
    assert (answer.status_code, answer.json()["code"]) == (400, "request/not_utf8")


def test_the_server_does_not_name_itself(served: int) -> None:
    assert "server" not in httpx.get(f"http://127.0.0.1:{served}/livez").headers


def test_a_thousand_subjects_fit_the_batch_limit() -> None:
    reference = '"sub_' + "a" * 26 + '",'
    assert len(reference) * 1000 + 100 * 131 < LimitSettings().batch_body_bytes
