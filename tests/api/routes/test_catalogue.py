"""The catalogue over HTTP: what every caller may see, and how a steward puts views in force."""

import json
from typing import Any

import httpx
import pytest

from tests.api.routes.conftest import Lender
from tests.world import TENANT, VIEWS

OTHER_VIEWS = """
views:
  - name: limits
    handler: lender
    zh: 额度
    en: Limits
    features:
      - {name: limit, zh: 额度, en: Limit, type: integer, transform: raw, fields: [credit_limit], form: plain}
"""


async def put(lender: Lender, text: str, kind: str = "application/yaml", **options: Any) -> httpx.Response:
    headers = lender.headers("steward", **options) | {"Content-Type": kind}
    return await lender.http.put("/v1/catalogue/views", content=text.encode(), headers=headers)


async def test_the_catalogue_is_open_to_every_caller_of_the_tenant(lender: Lender) -> None:
    for role, name in (("scorer", "scoring"), ("subject", lender.world.subjects[0]), ("auditor", "a"), ("dpo", "d")):
        shown = (await lender.call(role, "GET", "/v1/catalogue", name=name)).json()
        assert shown == {
            "revision": lender.world.catalog.revision,
            "fields": len(lender.world.catalog.fields),
            "views": 1,
        }
    assert (await lender.call("dpo", "GET", "/v1/catalogue", tenant="other")).json()["views"] == 0


async def test_a_field_is_shown_with_the_sources_of_its_grade(lender: Lender) -> None:
    field = (await lender.call("steward", "GET", "/v1/catalogue/fields/id_card_no")).json()
    assert (field["grade"], field["form"], field["pipl"], field["identifier"]) == (
        3,
        "token",
        "caution",
        "resident_id",
    )
    assert max(part["grade"] for part in field["grade_parts"]) == field["grade"]
    used = (await lender.call("steward", "GET", "/v1/catalogue/fields/credit_limit")).json()
    assert used["features"] == ["behaviour:limit"]
    absent = await lender.call("steward", "GET", "/v1/catalogue/fields/nothing")
    assert (absent.status_code, absent.json()["code"]) == (404, "catalog/field_not_found")


async def test_fields_are_listed_by_grade_and_kind_page_by_page(lender: Lender) -> None:
    fields, cursor = [], None
    while True:
        params = {"limit": 30, **({"cursor": cursor} if cursor else {})}
        page = (await lender.call("dpo", "GET", "/v1/catalogue/fields", params=params)).json()
        fields += page["fields"]
        cursor = page["next"]
        if cursor is None:
            break
    assert [field["name"] for field in fields] == sorted(lender.world.catalog.fields)
    params = {"grade": 4, "kind": "sensitive", "limit": 200}
    some = (await lender.call("dpo", "GET", "/v1/catalogue/fields", params=params)).json()["fields"]
    assert some == [field for field in fields if (field["grade"], field["pipl"]) == (4, "sensitive")]
    assert some


async def test_a_view_is_shown_with_its_features(lender: Lender) -> None:
    view = (await lender.call("scorer", "GET", "/v1/catalogue/views/behaviour", name="scoring")).json()
    assert next(feature["name"] for feature in view["features"]) == "behaviour:limit"
    assert (await lender.call("dpo", "GET", "/v1/catalogue/views")).json() == {"views": [view], "next": None}
    foreign = await lender.call("dpo", "GET", "/v1/catalogue/views/behaviour", tenant="other")
    assert (foreign.status_code, foreign.json()["code"]) == (404, "catalog/view_not_found")


@pytest.mark.parametrize("kind", ["application/yaml", "application/json", "application/json; charset=utf-8"])
async def test_views_are_put_in_force_as_a_whole(lender: Lender, kind: str) -> None:
    feature = {"name": "limit", "zh": "额度😀", "en": "Limit", "type": "integer", "transform": "raw"}
    feature |= {"fields": ["credit_limit"], "form": "plain"}
    view = {
        "name": "limits",
        "handler": "lender",
        "zh": "额度",
        "en": "Limits",
        "features": [feature],
    }
    text = OTHER_VIEWS if kind.endswith("yaml") else json.dumps({"views": [view]}, indent="\t")
    done = await put(lender, text, kind)
    assert done.status_code == 200, done.text
    assert (done.json()["views"], done.json()["features"]) == (["limits"], 1)
    shown = (await lender.call("dpo", "GET", "/v1/catalogue")).json()
    assert (shown["revision"], shown["views"]) == (done.json()["catalog"], 1)
    entry = (await lender.call("auditor", "GET", "/v1/entries", params={"kind": "view.loaded"})).json()["entries"][0]
    assert (entry["about"], entry["catalog"], entry["features"]) == ("limits", done.json()["catalog"], ["limit"])
    who = lender.world.subjects[0]
    result = (await lender.read([who], features=["behaviour:limit"])).json()["results"][0]
    assert result["features"]["behaviour:limit"]["reasons"] == ["UNCLASSIFIED"]


async def test_every_fault_of_the_file_is_told_by_line_and_column(lender: Lender) -> None:
    wrong = VIEWS.replace("type: integer", "type: intger", 1).replace("[credit_limit]", "[credit_limits]")
    answer = await put(lender, wrong)
    assert (answer.status_code, answer.json()["code"]) == (422, "catalog/file_refused")
    faults = [(one["line"], one["message_en"]) for one in answer.json()["errors"]]
    assert len(faults) == 2
    assert "did you mean `integer`?" in faults[0][1]
    assert "unknown field `…`; did you mean `credit_limit`?" in faults[1][1]
    assert (await lender.call("dpo", "GET", "/v1/catalogue")).json()["revision"] == lender.world.catalog.revision


@pytest.mark.parametrize(
    ("text", "kind", "status", "code"),
    [
        ("views: [", "application/yaml", 422, "catalog/file_refused"),
        ("", "application/yaml", 422, "catalog/file_refused"),
        ("views: []\nviews: []", "application/yaml", 422, "catalog/file_refused"),
        ("a: &a [1]\nviews: *a", "application/yaml", 422, "catalog/file_refused"),
        ("{", "application/json", 400, "request/malformed_json"),
        ('{"views": [], "views": []}', "application/json", 400, "request/duplicate_key"),
        ('{"views": [], "tenant": "other"}', "application/json", 422, "catalog/file_refused"),
        ("views: []", "text/plain", 415, "request/media_type"),
        ("views: []", "multipart/form-data", 415, "request/media_type"),
    ],
)
async def test_what_is_no_file_of_views_is_refused(
    lender: Lender, text: str, kind: str, status: int, code: str
) -> None:
    answer = await put(lender, text, kind)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


async def test_one_tenant_s_views_leave_another_s_alone(lender: Lender) -> None:
    unregistered = await put(lender, OTHER_VIEWS, tenant="other")
    assert (unregistered.status_code, unregistered.json()["code"]) == (404, "consent/tenant_not_found")
    emptied = await put(lender, "views: []")
    assert emptied.json()["views"] == []
    assert TENANT not in str((await lender.call("dpo", "GET", "/v1/catalogue/views")).json())


async def test_every_reason_a_read_can_answer_is_listed(lender: Lender) -> None:
    listed = (await lender.subject("GET", "/v1/reasons")).json()
    codes = {reason["code"] for reason in listed["reasons"]}
    assert {"NO_GRANT", "GRANT_WITHDRAWN", "POLICY_UNAVAILABLE"} <= codes
    assert all(reason[part] for reason in listed["reasons"] for part in ("zh", "en", "remedy_zh", "remedy_en"))
    denied = (await lender.read([lender.world.subjects[0]])).json()
    assert denied["policy"] == listed["policy"]
    assert denied["reasons"].keys() <= codes
