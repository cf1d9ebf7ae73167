"""Feature values over HTTP: all rows or none, sealed, read through the gate."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from api.options import ClassifySettings
from api.settings import Settings
from tests.api.routes.conftest import Lender, opened


def at(**ago: float) -> str:
    return (datetime.now(UTC) - timedelta(**ago)).isoformat()


def rows(lender: Lender, **values: Any) -> dict[str, Any]:
    row = {"subject": lender.world.subjects[0], "observed_at": at(seconds=-1), "values": values or {"orders": 60}}
    return {"view": "behaviour", "rows": [row]}


async def limit_of(lender: Lender) -> Any:
    await lender.subject("POST", "/v1/grants", lender.grant())
    result = (await lender.read([lender.world.subjects[0]])).json()["results"][0]
    return result["features"]["behaviour:limit"]["value"]


async def test_a_newer_observation_is_what_the_next_read_gives(lender: Lender) -> None:
    assert await limit_of(lender) == 20000
    stored = await lender.call("steward", "POST", "/v1/values", rows(lender, limit=31000, orders=None))
    assert stored.status_code == 200, stored.text
    told = stored.json()
    entry = await lender.call("auditor", "GET", f"/v1/entries/{told.pop('entry')}")
    assert (entry.json()["kind"], entry.json()["about"]) == ("values.loaded", "behaviour")
    assert told == {"view": "behaviour", "rows": 1, "subjects": 1, "segments": 2, "held_back": []}
    assert await limit_of(lender) == 31000
    asked = await lender.call("auditor", "GET", "/v1/entries", params={"kind": "values.loaded"})
    assert [one["actor"]["role"] for one in asked.json()["entries"]] == ["steward"]


async def test_an_older_observation_never_replaces_a_newer_one(lender: Lender) -> None:
    body = rows(lender, limit=1)
    body["rows"][0]["observed_at"] = at(days=9)
    assert (await lender.call("steward", "POST", "/v1/values", body)).status_code == 200
    assert await limit_of(lender) == 20000


@pytest.mark.parametrize(
    ("values", "pointer", "kind"),
    [
        ({"limit": "31000"}, "#/rows/0/values/limit", "not_integer"),
        ({"limit": True}, "#/rows/0/values/limit", "not_integer"),
        ({"limit": 1.5}, "#/rows/0/values/limit", "not_integer"),
        ({"limit": 10**15}, "#/rows/0/values/limit", "not_integer"),
        ({"nothing": 1}, "#/rows/0/values", "unknown_feature"),
    ],
)
async def test_a_value_of_another_type_is_refused_by_place(
    lender: Lender, values: dict[str, Any], pointer: str, kind: str
) -> None:
    answer = await lender.call("steward", "POST", "/v1/values", rows(lender, **values))
    assert (answer.status_code, answer.json()["code"]) == (422, "request/invalid")
    assert [(one["pointer"], one["kind"]) for one in answer.json()["errors"]] == [(pointer, kind)]


async def test_one_wrong_row_keeps_all_rows_out(lender: Lender) -> None:
    body = rows(lender, limit=31000)
    body["rows"].append({"subject": "sub_" + "a" * 26, "observed_at": at(seconds=1), "values": {"limit": 1}})
    answer = await lender.call("steward", "POST", "/v1/values", body)
    assert answer.status_code == 422
    assert [(one["pointer"], one["kind"]) for one in answer.json()["errors"]] == [
        ("#/rows/1/subject", "subject_unknown")
    ]
    assert await limit_of(lender) == 20000


async def test_what_was_observed_lies_in_the_past(lender: Lender) -> None:
    body = rows(lender)
    body["rows"][0]["observed_at"] = at(hours=-1)
    answer = await lender.call("steward", "POST", "/v1/values", body)
    assert [(one["pointer"], one["kind"]) for one in answer.json()["errors"]] == [("#/rows/0/observed_at", "in_future")]


async def test_an_unknown_view_is_not_found(lender: Lender) -> None:
    answer = await lender.call("steward", "POST", "/v1/values", {**rows(lender), "view": "nothing"})
    assert (answer.status_code, answer.json()["code"]) == (404, "catalog/view_not_found")
    foreign = await lender.call("steward", "POST", "/v1/values", rows(lender), tenant="other")
    assert (foreign.status_code, foreign.json()["code"]) == (404, "catalog/view_not_found")


async def test_a_batch_has_a_bound(lender: Lender) -> None:
    body = rows(lender)
    body["rows"] = body["rows"] * 1001
    answer = await lender.call("steward", "POST", "/v1/values", body)
    assert (answer.status_code, answer.json()["code"], answer.json()["limit"]) == (422, "request/too_many_rows", 1000)


async def test_the_same_batch_twice_under_one_key_is_on_record_once(lender: Lender) -> None:
    body = rows(lender)
    first, again = [await lender.call("steward", "POST", "/v1/values", body, key="k") for _ in range(2)]
    assert (again.content, again.headers["idempotent-replayed"]) == (first.content, "true")
    asked = await lender.call("auditor", "GET", "/v1/entries", params={"kind": "values.loaded"})
    assert len(asked.json()["entries"]) == 1


NOTES = """
views:
  - name: notes
    handler: lender
    zh: 备注
    en: Notes
    features:
      - {name: nickname, zh: 昵称, en: Nickname, type: string, transform: derived, fields: [credit_limit], form: plain}
"""


@pytest.fixture
async def lenient(settings: Settings) -> AsyncIterator[Lender]:
    """The application of a deployment that holds identifiers back and takes the rest."""
    quarantine = settings.model_copy(update={"classify": ClassifySettings(guard="quarantine")})
    async with opened(quarantine) as (made, _):
        yield made


async def test_in_quarantine_the_answer_names_what_was_held_back(lenient: Lender) -> None:
    headers = lenient.headers("steward") | {"Content-Type": "application/yaml"}
    assert (await lenient.http.put("/v1/catalogue/views", content=NOTES.encode(), headers=headers)).status_code == 200
    body = {**rows(lenient, nickname="我的手机13800138000"), "view": "notes"}
    body["rows"].append({**body["rows"][0], "subject": lenient.world.subjects[1], "values": {"nickname": "快乐小鱼"}})
    answer = await lenient.call("steward", "POST", "/v1/values", body)
    assert answer.status_code == 200, answer.text
    assert answer.json()["held_back"] == [{"pointer": "#/rows/0/values/nickname", "kind": "identifier"}]
    assert "13800138000" not in answer.text


async def test_an_identifier_in_a_field_not_declared_for_it_is_refused_and_not_repeated(lender: Lender) -> None:
    headers = lender.headers("steward") | {"Content-Type": "application/yaml"}
    put = await lender.http.put("/v1/catalogue/views", content=NOTES.encode(), headers=headers)
    assert put.status_code == 200, put.text
    body = {**rows(lender, nickname="我的手机13800138000"), "view": "notes"}
    answer = await lender.call("steward", "POST", "/v1/values", body)
    assert [(one["pointer"], one["kind"]) for one in answer.json()["errors"]] == [
        ("#/rows/0/values/nickname", "identifier")
    ]
    assert "13800138000" not in answer.text
    body["rows"][0]["values"] = {"nickname": "快乐小鱼"}
    assert (await lender.call("steward", "POST", "/v1/values", body)).status_code == 200
