"""A made-up ID number, phone, card and name are pushed through every route and must come to light nowhere.

Where: paths, queries, headers, bodies and their members' names; in requests that succeed and in requests that fail.
Looked for: answers (but those of a reveal, whose purpose it is), log, metrics, and every file of the database and the
data folder, as text, UTF-16, URL-encoded, hex and base64.

Texts of the configuration (titles, notices, contacts) are public by nature and may hold a telephone number; they are
the only members left out.
"""

import asyncio
import base64
import json
import logging
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from sqlalchemy import text

from api.app import create_app
from api.logs import JsonFormatter
from tests.api.routes.conftest import FACTORS, Lender
from tests.api.routes.people import resident_id
from tests.api.routes.samples import Sample, operations, samples, things_of

ID, PHONE, CARD, NAME = resident_id("19870629", 731), "13977310629", "6222021987062973141", "慕容紫砚"
CANARIES = (ID, PHONE, CARD, NAME)
MIXED = " ".join(CANARIES)
PUBLIC_TEXTS = {"zh", "en", "title", "necessity", "contact", "handler_contact", "basis_ref", "pipia", "reference"}


def forms(canary: str) -> Iterator[bytes]:
    """A canary as it might stand in a file."""
    for raw in (canary.encode(), canary.lower().encode(), canary.encode("utf-16-le"), canary.encode("utf-16-be")):
        yield raw
        yield raw.hex().encode()
        yield raw.hex().upper().encode()
        for shift in range(3):  # in base64, what of it shows alike whatever stands around it
            first, last = -(-8 * shift // 6), 8 * (shift + len(raw)) // 6
            yield base64.b64encode(b"\0" * shift + raw + b"\0\0")[first:last]
    yield quote(canary).encode()
    yield json.dumps(canary).strip('"').encode()


FORMS = {form: canary for canary in CANARIES for form in forms(canary) if len(form) > 6}


def hits(where: bytes) -> list[str]:
    return sorted({f"{canary} as {form!r}" for form, canary in FORMS.items() if form in where})


def variants(body: Any, put: str) -> Iterator[Any]:
    """The body with ``put`` in place of each of its values in turn, and as a member's name."""
    if isinstance(body, dict):
        yield {**body, put: 1}
        for name, value in body.items():
            if name not in PUBLIC_TEXTS:
                yield {**body, name: put}
                for inner in variants(value, put):
                    yield {**body, name: inner}
    elif isinstance(body, list) and body:
        yield [put, *body[1:]]
        for inner in variants(body[0], put):
            yield [inner, *body[1:]]


def requests(way: tuple[str, str], sample: Sample, put: str) -> Iterator[dict[str, Any]]:
    """Every place of one operation where ``put`` may be sent."""
    method, path = way
    good = {"method": method, "url": path.format(**sample.ids), "params": sample.params or None, "json": sample.body}
    for name in sample.ids:
        yield {**good, "url": path.format(**{**sample.ids, name: quote(put, safe="")})}
    for name in (*sample.params, "subject", "cursor", "from", put):
        yield {**good, "params": {**sample.params, name: put}}
    for name in ("Idempotency-Key", "Accept-Language", "X-Request-ID", "User-Agent", "Content-Type"):
        yield {**good, "headers": {name: put.encode()}}
    for body in variants(sample.body, put):
        yield {**good, "json": body}
    if sample.text is not None:
        kinds = {"headers": {"Content-Type": "application/yaml"}, "json": None}
        for old in (
            "name: behaviour",
            "handler: lender",
            "zhima_score",
            "integer",
            "edges",
            "views",
            "limit",
            "[0, 1, 3]",
        ):
            yield {**good, **kinds, "content": sample.text.replace(old, put, 1).encode()}
            yield {**good, **kinds, "content": sample.text.replace(old, f"`{put}`", 1).encode()}
    if method != "GET":
        yield {**good, "json": None, "content": f'{{"a": "{put}'.encode()}
        yield {**good, "json": None, "content": f'{{"a": "{put}", "a": "{put}"}}'.encode()}


async def database_files(lender: Lender) -> dict[str, bytes]:
    """Every file that holds the database, its write-ahead log included, and those of the data folder."""
    folders = [lender.settings.data_dir]
    async with lender.world.database.reading() as tx:
        if tx.connection.dialect.name == "postgresql":
            folders.append(Path((await tx.connection.execute(text("SHOW data_directory"))).scalar_one()))
        else:
            folders.append(Path(str(lender.world.database.engine.url.database)).parent)
    if len(folders) == 2 and (folders[1] / "PG_VERSION").exists():
        async with lender.world.database.transaction() as tx:
            await tx.connection.execute(text("SELECT pg_switch_wal()"))
    found = {str(path) for folder in folders for path in folder.rglob("*") if path.is_file()}
    return {path: await asyncio.to_thread(_read, path) for path in sorted(found)}


def _read(path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError:  # the server's own temporary files come and go
        return b""


class Lines(logging.Handler):
    """What the service would write to its log."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.setFormatter(JsonFormatter())
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if not record.name.startswith(("httpx", "httpcore", "aiosqlite", "asyncio", "hypothesis")):
            self.lines.append(self.format(record))


@pytest.fixture
def log() -> Iterator[Lines]:
    lines, root = Lines(), logging.getLogger()
    before = root.level
    root.addHandler(lines)
    root.setLevel(logging.DEBUG)
    yield lines
    root.removeHandler(lines)
    root.setLevel(before)


async def live(lender: Lender) -> str:
    """A person with all four identifiers lives through everything that succeeds; returns their reference."""
    person = {"id_card_no": ID, "mobile_no": PHONE, "bank_card_no": CARD, "full_name": NAME}
    made = await lender.call("steward", "POST", "/v1/subjects", {"identifiers": person}, key="k1")
    assert made.status_code == 201, made.text
    ref: str = made.json()["subject"]
    body = {"fields": list(person), "reason": "identity_check"}
    shown = await lender.call("dpo", "POST", f"/v1/subjects/{ref}/reveal", body, amr=FACTORS)
    assert shown.json()["identifiers"] == {**person, "mobile_no": f"+86{PHONE}"}
    found = await lender.call("dpo", "POST", "/v1/subjects/lookup", {"field": "id_card_no", "value": ID}, amr=FACTORS)
    assert found.json() == {"subjects": [ref]}
    answers = [made, found, await lender.subject("GET", f"/v1/subjects/{ref}/identifiers", name=ref)]
    await lender.subject("POST", "/v1/grants", lender.grant(), name=ref)
    answers += [await lender.read([ref]), await lender.subject("GET", "/v1/me/reads", name=ref)]
    answers += [await lender.subject("GET", "/v1/entries", name=ref)]
    answers += [await lender.call("auditor", "GET", "/v1/entries", params={"subject": ref})]
    for answer in answers:
        assert answer.status_code < 300, answer.text
        assert hits(answer.content) == []
    return ref


async def test_a_person_s_identifiers_come_to_light_nowhere(lender: Lender, log: Lines) -> None:
    await live(lender)
    things = await things_of(lender, lender.world.subjects[0])
    known, ways = samples(lender, things), operations(create_app(lender.settings).openapi())
    sent, statuses = 0, set()
    for number, way in enumerate(ways):
        sample = known[way]
        names = {"scorer": "scoring", "subject": things.subject}
        headers = lender.headers(sample.role, names.get(sample.role, "someone"), amr=FACTORS)
        for put in (CANARIES[number % len(CANARIES)], MIXED):
            for request in requests(way, sample, put):
                request["headers"] = {"Content-Type": "application/json", **headers, **request.get("headers", {})}
                if request.get("json") is None and request.get("content") is None:
                    del request["headers"]["Content-Type"]
                answer = await lender.http.request(**request)
                seen = answer.content + str(answer.headers).encode()
                assert hits(seen) == [], (way, request, answer.text)
                assert answer.status_code < 500, (way, request)
                statuses.add(answer.status_code)
                sent += 1
        bare = await lender.http.request(
            way[0], way[1].format(**sample.ids), headers={"Authorization": f"Bearer {MIXED}".encode()}
        )
        assert bare.status_code == 401
        assert hits(bare.content) == []
    assert sent > 800
    assert statuses >= {200, 400, 404, 415, 422}
    assert hits((await lender.http.get("/metrics")).content) == []
    assert hits("\n".join(log.lines).encode()) == []
    assert any("/v1/subjects/{subject}/reveal" in line for line in log.lines)
    files = await database_files(lender)
    assert any(b"identifiers.revealed" in content for content in files.values())
    assert {path: found for path, content in files.items() if (found := hits(content))} == {}


async def test_logs_and_metrics_know_nothing_of_a_person_who_was_erased(lender: Lender, log: Lines) -> None:
    ref = await live(lender)
    copy = await lender.subject("POST", "/v1/me/copies", name=ref, amr=FACTORS)
    assert hits(copy.content)
    asked = (await lender.subject("POST", "/v1/erasure-requests", name=ref)).json()
    path = f"/v1/erasure-requests/{asked['request']}/decision"
    done = await lender.call("dpo", "POST", path, {"decision": "erase"})
    assert done.json()["state"] == "erased", done.text
    assert (await lender.subject("POST", "/v1/me/copies", name=ref, amr=FACTORS)).status_code == 404
    said = "\n".join(log.lines) + (await lender.http.get("/metrics")).text
    assert hits(said.encode()) == []
    assert ref not in said
    assert re.search(r"\bps_[a-z2-7]{26}", said) is None


def test_the_search_would_find_a_canary_in_every_form() -> None:
    for canary in CANARIES:
        for raw in (canary.encode(), canary.encode("utf-16-le")):
            assert hits(b"...." + raw + b"....")
            assert hits(raw.hex().encode())
            for shift in range(5):
                assert hits(base64.b64encode(b"x" * shift + raw + b"yz")), (canary, shift)
