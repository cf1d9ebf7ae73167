"""Every fault is a problem with a stable code, in two languages, that repeats nothing."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from api.identity import IdentityError
from api.problems import KINDS, kind_of
from catalog.errors import CatalogError
from consent.errors import ConsentError, NotLiveError, PurposeNotFoundError
from gate.errors import GateError
from lineage.errors import LineageError
from vault.errors import NotAnIdentifierError, VaultError

ROOTS: list[type[Exception]] = [CatalogError, ConsentError, VaultError, LineageError, GateError, IdentityError]
MEMBERS = {"type", "title", "status", "detail", "instance", "code", "title_zh", "title_en"}
CANARY = "11010519491231002X"
Headers = Callable[..., dict[str, str]]


def leaves(root: type[Exception]) -> Iterator[type[Exception]]:
    for kind in root.__subclasses__():
        yield from leaves(kind)
        if not kind.__subclasses__():
            yield kind


@pytest.mark.parametrize("root", ROOTS, ids=lambda root: root.__name__)
def test_every_error_of_every_room_has_a_kind(root: type[Exception]) -> None:
    product = [leaf for leaf in leaves(root) if not leaf.__module__.startswith("tests")]
    assert product
    assert [leaf.__name__ for leaf in product if getattr(leaf, "code", None) not in KINDS] == []


@pytest.mark.parametrize("code", KINDS)
def test_every_kind_speaks_both_languages(code: str) -> None:
    kind = KINDS[code]
    for zh in (kind.zh, kind.do_zh):
        assert any("\u4e00" <= letter <= "\u9fff" for letter in zh)
    for en in (kind.en, kind.do_en):
        assert en
        assert not any("\u4e00" <= letter <= "\u9fff" for letter in en)
    assert kind.retry_s is None or kind.status in {409, 429, 503}


def test_an_unknown_error_is_internal() -> None:
    assert kind_of(ValueError("x")).code == "service/internal"


def test_only_configuration_names_are_shown() -> None:
    assert kind_of(PurposeNotFoundError("credit_scoring")).shown(PurposeNotFoundError("credit_scoring")) == {
        "name": "credit_scoring"
    }
    for foreign in (CANARY, "13800000000", "a\nb", "x" * 500):
        error = PurposeNotFoundError("name")
        error.name = foreign
        assert kind_of(error).shown(error) == {}
    live = NotLiveError("gr_x", "withdrawn")
    assert kind_of(live).shown(live) == {"state": "withdrawn"}
    wrong = NotAnIdentifierError("mobile", "wrong length")
    assert kind_of(wrong).shown(wrong) == {"kind": "mobile", "fault": "wrong length"}


async def test_the_accepted_language_is_spoken(http: httpx.AsyncClient) -> None:
    for accepted, spoken in [
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh"),
        ("en;q=0.5, zh;q=0.9", "zh"),
        ("en, zh", "en"),
        ("fr", "en"),
        ("zh;q=x", "en"),
        ("*;q=" + "9" * 500, "en"),
    ]:
        answer = await http.get("/nowhere", headers={"Accept-Language": accepted})
        body = answer.json()
        assert answer.headers["content-language"] == spoken, accepted
        assert body["title"] == body[f"title_{spoken}"]


async def test_what_the_framework_refuses_is_a_problem_too(http: httpx.AsyncClient) -> None:
    for method, path, code in [
        ("GET", "/nowhere", "request/not_found"),
        ("GET", "/livez/", "request/not_found"),
        ("DELETE", "/livez", "request/method_not_allowed"),
        ("GET", "/problems/a/b/c", "request/not_found"),
        ("GET", "/problems/gate/nothing", "request/not_found"),
        ("GET", "/problems/GATE/nothing", "request/invalid"),
    ]:
        answer = await http.request(method, path)
        body = answer.json()
        assert body["code"] == code
        assert body["status"] == answer.status_code == KINDS[code].status
        assert body.keys() >= MEMBERS
        assert answer.headers["content-type"] == "application/problem+json"
        assert body["instance"].endswith(answer.headers["x-request-id"])


async def test_a_problem_type_leads_to_its_page(http: httpx.AsyncClient) -> None:
    listed = (await http.get("/problems")).json()
    assert len(listed) == len(KINDS)
    for kind in listed:
        assert (await http.get(kind["type"])).json() == kind
    page = await http.get("/problems/consent/not_live", headers={"Accept": "text/html"})
    assert "授权当前状态不允许此操作" in page.text
    assert page.headers["content-type"].startswith("text/html")


async def test_an_uncaught_fault_says_nothing(http: httpx.AsyncClient, bearer: Headers) -> None:
    answer = await http.get(f"/test/break/{CANARY}", headers=bearer("scorer"))
    assert (answer.status_code, answer.json()["code"]) == (500, "service/internal")
    assert CANARY not in answer.text


async def test_the_place_of_a_fault_is_named_by_the_schema(http: httpx.AsyncClient, bearer: Headers) -> None:
    body = {
        "name": CANARY,
        "at": "yesterday",
        "items": [{"count": 1}, {"count": CANARY}, {"count": 99, CANARY: 1}],
        CANARY: 2,
    }
    answer = await http.post("/test/echo", json=body, headers=bearer("scorer"))
    assert answer.status_code == 422
    assert {(error["pointer"], error["kind"]) for error in answer.json()["errors"]} == {
        ("#/name", "string_pattern_mismatch"),
        ("#/at", "datetime_from_date_parsing"),
        ("#/items/1/count", "int_type"),
        ("#/items/2/count", "less_than_equal"),
        ("#/items/2", "extra_forbidden"),
        ("#", "extra_forbidden"),
    }
    assert CANARY not in answer.text
    assert all(error["message_zh"] and error["message_en"] for error in answer.json()["errors"])


BAD_BODIES: list[Any] = [
    f'{{"name": "{CANARY}"}}',
    f'{{"{CANARY}": 1}}',
    f'{{"name": ["{CANARY}"]}}',
    f'{{"name": "ok", "items": "{CANARY}"}}',
    f'{{"name": "ok", "items": [{{"{CANARY}": {{}}}}]}}',
    f'{{"name": "ok", "role": "{CANARY}"}}',
    f'{{"name": "ok", "at": "{CANARY}"}}',
    f'{{"name": {CANARY[:17]}{CANARY[:17]}}}',
    f'{{"name": "{CANARY}", "name": "{CANARY}"}}',
    f'"{CANARY}"',
    f"[{CANARY[:17]}]",
    f"{CANARY}",
    f'{{"name": "{CANARY}',
    "",
    "null",
    "[" * 100 + f'"{CANARY}"',
    f'"{CANARY}'.encode() + b"\xff",
    f'{{"name": "{CANARY}\\u0000"}}',
]


async def test_no_answer_repeats_what_was_sent(
    http: httpx.AsyncClient, bearer: Headers, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    headers = bearer("scorer")
    answers = [
        await http.post("/test/echo", content=body, headers={**headers, "Content-Type": "application/json"})
        for body in BAD_BODIES
    ]
    answers += [
        await http.post("/test/echo", content=CANARY, headers={**headers, "Content-Type": f"text/{CANARY}"}),
        await http.post(f"/test/{CANARY}", headers=headers),
        await http.get(f"/test/audit/{CANARY}", headers=headers, params={CANARY: CANARY}),
        await http.get("/test/score", headers={"Authorization": f"Bearer {CANARY}"}),
        await http.post(
            "/test/write", json={"name": "ok"}, headers={**headers, "Idempotency-Key": f"{CANARY} {CANARY}"}
        ),
        await http.request(CANARY, "/livez"),
        await http.get("/livez", headers={"Accept-Language": CANARY, "X-Request-ID": CANARY}),
    ]
    metrics = (await http.get("/metrics")).text
    for number, answer in enumerate(answers):
        assert answer.status_code < 500, number
        assert CANARY not in answer.text + str(answer.headers), number
    assert [answer.status_code for answer in answers[: len(BAD_BODIES)] if not 400 <= answer.status_code < 500] == []
    assert CANARY not in metrics
    ours = [record for record in caplog.records if not record.name.startswith(("httpx", "aiosqlite", "asyncio"))]
    assert CANARY not in json.dumps([[record.getMessage(), str(record.__dict__)] for record in ours])


async def test_bodies_are_plain_json_and_nothing_else(http: httpx.AsyncClient, bearer: Headers) -> None:
    good, headers = b'{"name": "ok"}', bearer("scorer")
    for kind in ("application/json", "application/json; charset=utf-8", 'application/json; charset="UTF-8"'):
        assert (
            await http.post("/test/echo", content=good, headers={**headers, "Content-Type": kind})
        ).status_code == 200
    for kind in ("text/plain", "application/x-www-form-urlencoded", "application/json; charset=gbk", ""):
        answer = await http.post("/test/echo", content=good, headers={**headers, "Content-Type": kind})
        assert (answer.status_code, answer.json()["code"]) == (415, "request/media_type")
    packed = await http.post(
        "/test/echo", content=good, headers={**headers, "Content-Encoding": "gzip", "Content-Type": "application/json"}
    )
    assert packed.status_code == 415


async def test_the_token_is_asked_for_before_the_body_is_read(http: httpx.AsyncClient) -> None:
    answer = await http.post("/test/echo", content=b"{{{", headers={"Content-Type": "application/json"})
    assert answer.status_code == 401


async def test_every_answer_carries_the_security_headers(http: httpx.AsyncClient) -> None:
    for path in ("/livez", "/nowhere", "/problems"):
        headers = (await http.get(path)).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert "default-src 'none'" in headers["content-security-policy"]
        assert headers["cache-control"] == "no-store"
