"""Who may call what: every operation of the description, in every role, against a committed table."""

import os
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from api.app import create_app
from tests.api.routes.conftest import FACTORS, Lender
from tests.api.routes.samples import Sample, operations, samples, things_of

GOLDEN = Path(__file__).with_name("roles.yaml")
ROLES = ("scorer", "subject", "auditor", "steward", "dpo", "operator")
OF_SCORERS = {
    "POST /v1/reads",
    "POST /v1/scores",
    "POST /v1/decisions",
    "POST /v1/tasks/{task}/acknowledge",
    "POST /v1/aggregates",
    "POST /v1/reveals",
    "POST /v1/reveal-requests",
}
STAFF = frozenset(ROLES) - {"scorer", "subject"}


async def send(lender: Lender, way: tuple[str, str], sample: Sample, role: str | None, **more: Any) -> httpx.Response:
    """Send a sample in a role (None: without a token)."""
    method, path = way
    names = {"scorer": "scoring", "subject": more.pop("name", lender.world.subjects[0])}
    headers = {} if role is None else lender.headers(role, names.get(role, "someone"), **more)
    body = sample.body
    if role in STAFF and sample.staff:
        body = {**(body or {}), **sample.staff}
    options: dict[str, Any] = {"json": body}
    if sample.text is not None:
        options = {"content": sample.text.encode()}
        headers["Content-Type"] = "application/yaml"
    url = path.format(**sample.ids)
    return await lender.http.request(method, url, params=sample.params or None, headers=headers, **options)


async def statuses(lender: Lender, way: tuple[str, str]) -> dict[str, int]:
    """The status of an operation for each caller, each on a grant of its own."""
    found: dict[str, int] = {}
    for role in (None, *ROLES):
        sample = samples(lender, await things_of(lender, lender.world.subjects[0]))[way]
        answer = await send(lender, way, sample, role, **({"amr": FACTORS} if role else {}))
        found[role or "nobody"] = answer.status_code
        if role and answer.status_code < 400:
            bare = await send(lender, way, sample, role)
            if bare.status_code == 401 and bare.json()["code"] == "identity/second_factor_needed":
                found[f"{role} without a second factor"] = bare.status_code
        if answer.status_code == 201 and "register" in way[1]:
            found[role or "nobody"] = 201
    return found


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)  # who may is decided before any database is asked
async def test_every_role_may_do_what_the_table_says_and_nothing_else(lender: Lender) -> None:
    ways = operations(create_app(lender.settings).openapi())
    found: dict[str, dict[str, int]] = {}
    for way in ways:
        found[" ".join(way)] = await statuses(lender, way)
    if os.environ.get("YUMEN_TEST_WRITE_GOLDEN"):
        GOLDEN.write_text(yaml.safe_dump(found, sort_keys=True, default_flow_style=None, width=200), encoding="utf-8")
    assert found == yaml.safe_load(GOLDEN.read_text(encoding="utf-8"))


def test_nothing_is_open_to_nobody_and_personal_data_needs_a_second_factor() -> None:
    table = yaml.safe_load(GOLDEN.read_text(encoding="utf-8"))
    assert {row["nobody"] for row in table.values()} == {401}
    guarded = {way for way, row in table.items() if any("second factor" in caller for caller in row)}
    assert guarded == {"POST /v1/me/copies", "POST /v1/subjects/lookup", "POST /v1/subjects/{subject}/reveal"}
    for way, row in table.items():
        may = {role for role in ROLES if row[role] not in {401, 403}}
        if way in OF_SCORERS:
            assert may == {"scorer"}
        elif not way.startswith("GET"):
            assert "scorer" not in may, way
            assert "auditor" not in may, way


async def test_a_token_without_roles_that_fit_learns_nothing_from_the_body(lender: Lender) -> None:
    for body in ({}, {"scope": "odd"}, lender.grant(state="live")):
        answer = await lender.call("auditor", "POST", "/v1/grants", body)
        assert (answer.status_code, answer.json()["code"]) == (403, "identity/role_missing")
