"""The hot route keeps every promise of the others, though it stands in front of the framework."""

import io
import json
import logging
import socket
from collections.abc import Callable

import httpx
import pytest

from api.hot import HotReads
from api.logs import configure
from api.observed import HEADERS
from api.options import LogSettings
from tests.api.test_limits import exchange, head

Headers = Callable[..., dict[str, str]]
PATH = "/v1/reads"
BODY = {"purpose": "credit_scoring", "product": "cash_loan", "subjects": ["sub_" + "a" * 26], "features": ["a:b"]}


def test_a_body_announced_too_long_is_refused_at_once(served: int, bearer: Headers) -> None:
    answer = exchange(served, head(bearer("scorer"), "Content-Length: 600000", path=PATH))
    assert answer.startswith(b"HTTP/1.1 413")
    assert b"request/too_large" in answer


def test_a_body_that_grows_too_long_is_refused_on_the_way(served: int, bearer: Headers) -> None:
    chunk = b"80001\r\n" + b" " * 0x80001 + b"\r\n"
    answer = exchange(served, head(bearer("scorer"), "Transfer-Encoding: chunked", path=PATH), chunk, b"0\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 413")


def test_a_body_that_stops_coming_is_given_up(served: int, bearer: Headers) -> None:
    answer = exchange(served, head(bearer("scorer"), "Content-Length: 100", path=PATH), b'{"purpose"')
    assert answer.startswith(b"HTTP/1.1 408")
    assert b"request/timeout" in answer


def test_a_body_in_pieces_is_read_whole(served: int, bearer: Headers) -> None:
    body = json.dumps(BODY).encode()
    parts = [body[start : start + 40] for start in range(0, len(body), 40)]
    answer = exchange(served, head(bearer("scorer"), f"Content-Length: {len(body)}", path=PATH), *parts)
    assert answer.startswith(b"HTTP/1.1 200")


def test_a_caller_that_waits_to_be_told_to_go_on_is_told(served: int, bearer: Headers) -> None:
    body = json.dumps(BODY).encode()
    more = ("Expect: 100-continue", f"Content-Length: {len(body)}")
    answer = exchange(served, head(bearer("scorer"), *more, path=PATH), body)
    assert answer.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200")


def test_a_caller_that_leaves_in_the_middle_harms_nobody(served: int, bearer: Headers) -> None:
    with socket.create_connection(("127.0.0.1", served)) as connection:
        connection.sendall(head(bearer("scorer"), "Content-Length: 100", path=PATH) + b"{")
    assert httpx.get(f"http://127.0.0.1:{served}/livez").status_code == 200


async def test_who_does_not_say_who_they_are_is_not_even_read(http: httpx.AsyncClient) -> None:
    answer = await http.post(PATH, content=b"\xff not json")
    assert (answer.status_code, answer.json()["code"]) == (401, "identity/token_missing")
    assert "www-authenticate" in answer.headers


@pytest.mark.parametrize(
    ("content", "headers", "code"),
    [
        (b"{", {}, "request/malformed_json"),
        (b'{"purpose":"a","purpose":"b"}', {}, "request/duplicate_key"),
        (b"[" * 100, {}, "request/malformed_json"),
        (b"[" * 100 + b"]" * 100, {}, "request/too_deep"),
        (b"\xff", {}, "request/not_utf8"),
        (b"{}", {"Content-Type": "text/plain"}, "request/media_type"),
        (b"{}", {"Content-Encoding": "gzip"}, "request/media_type"),
        (b"", {"Content-Type": "application/json"}, "request/malformed_json"),
    ],
)
async def test_what_is_no_plain_json_is_a_problem(
    http: httpx.AsyncClient, bearer: Headers, content: bytes, headers: dict[str, str], code: str
) -> None:
    sent = {"Content-Type": "application/json", **bearer("scorer"), **headers}
    answer = await http.post(PATH, content=content, headers=sent)
    assert answer.json()["code"] == code
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["instance"] == f"urn:yumen:request:{answer.headers['x-request-id']}"


async def test_every_answer_bears_the_headers_of_all_answers(http: httpx.AsyncClient, bearer: Headers) -> None:
    for headers in (bearer("scorer"), bearer("auditor"), {}):
        answer = await http.post(PATH, json=BODY, headers=headers)
        assert {name.decode(): value.decode() for name, value in HEADERS}.items() <= dict(answer.headers).items()
        assert answer.headers["cache-control"] == "no-store"
        assert len(answer.headers["x-request-id"]) == 32


async def test_request_ids_do_not_repeat(http: httpx.AsyncClient) -> None:
    ids = {(await http.post(PATH)).headers["x-request-id"] for _ in range(300)}
    assert len(ids) == 300


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
async def test_other_methods_are_not_allowed(http: httpx.AsyncClient, bearer: Headers, method: str) -> None:
    answer = await http.request(method, PATH, headers=bearer("scorer"))
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")


async def test_a_read_is_one_line_of_the_log_and_one_count(http: httpx.AsyncClient, bearer: Headers) -> None:
    root = logging.getLogger()
    before, level = root.handlers, root.level
    stream = io.StringIO()
    configure(LogSettings(), stream=stream)
    await http.post(PATH, json=BODY, headers=bearer("scorer"))
    await http.post(PATH, content=b"{", headers={"Content-Type": "application/json", **bearer("scorer")})
    root.handlers, root.level = before, level
    logging.captureWarnings(capture=False)
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    requests = [line for line in lines if line["log"] == "yumen.access"]
    assert [(line["route"], line["status"], line.get("problem")) for line in requests] == [
        (PATH, 200, None),
        (PATH, 400, "request/malformed_json"),
    ]
    assert "sub_" not in stream.getvalue()


async def test_what_nobody_foresaw_is_an_answer_that_says_nothing(
    http: httpx.AsyncClient, bearer: Headers, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: object) -> bytes:
        raise RuntimeError("a secret")

    monkeypatch.setattr(HotReads, "_answer", broken)
    answer = await http.post(PATH, json=BODY, headers=bearer("scorer"))
    assert (answer.status_code, answer.json()["code"]) == (500, "service/internal")
    assert "secret" not in answer.text
