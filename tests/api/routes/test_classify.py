"""Classifying over HTTP, and deciding about columns: two people to lower a grade, every step in the ledger."""

import dataclasses
from typing import Any

import pytest

from api.usecases.catalogs import Catalogs
from catalog import Catalog
from catalog.store import save
from tests.api.routes.conftest import Lender
from tests.api.routes.samples import scanned_column
from tests.evaluation import numbers
from tests.evaluation.cells import rng_of

TEXT = "客户身份证11010519491231002X，手机１３８００１３８０００。"
RNG = rng_of("routes")


async def classify(lender: Lender, **body: Any) -> Any:
    answer = await lender.call("steward", "POST", "/v1/classify", body)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_a_text_is_answered_by_places_kinds_reasons_and_grade(lender: Lender) -> None:
    found = await classify(lender, text=TEXT, mask=True)
    assert [(one["kind"], TEXT[one["start"] : one["end"]]) for one in found["findings"]] == [
        ("resident_id", "11010519491231002X"),
        ("mobile", "１３８００１３８０００"),
    ]
    assert (found["grade"], found["complete"]) == (3, True)
    assert found["masked"] == "客户身份证[resident_id]，手机[mobile]。"
    assert all(one["reasons_zh"] and one["reasons_en"] for one in found["findings"])


async def test_columns_are_answered_with_counts_and_no_value(lender: Lender) -> None:
    ids = [numbers.resident_id(RNG) for _ in range(30)]
    columns = [{"name": "f1", "cells": ids}, {"name": "b", "cells": [each[6:14] for each in ids]}]
    answer = await lender.call("dpo", "POST", "/v1/classify", {"columns": columns})
    assert [(one["name"], one["kind"]) for one in answer.json()["columns"]] == [
        ("f1", "id_card_no"),
        ("b", "birth_date"),
    ]
    assert not any(each in answer.text for each in ids)


async def test_grades_are_of_the_catalogue_in_force(lender: Lender) -> None:
    raised = dataclasses.replace(Catalog.builtin().fields["mobile_no"], jrt0197=4)
    async with lender.world.database.transaction() as tx:
        before = await Catalogs().current(tx.connection)
        await save(tx.connection, before.with_fields([raised]), tx.now)
    column = await scanned_column(lender, "lender")
    phones = [numbers.mobile(RNG) for _ in range(30)]
    try:
        assert (await classify(lender, text=f"手机{phones[0]}"))["grade"] == 4
        found = await classify(lender, columns=[{"name": "f1", "cells": phones}])
        named = await review(lender, column, "li", action="override", kind="mobile_no", version=1)
    finally:
        async with lender.world.database.transaction() as tx:
            await save(tx.connection, before, tx.now)
    assert (found["columns"][0]["kind"], found["columns"][0]["grade"]) == ("mobile_no", 4)
    assert named.json()["confirmed"] == {"kind": "mobile_no", "grade": 4}


async def test_columns_of_one_name_are_all_answered(lender: Lender) -> None:
    found = await classify(lender, columns=[{"name": "a", "cells": ["x"]}, {"name": "a", "cells": ["y"]}])
    assert [one["name"] for one in found["columns"]] == ["a", "a (2)"]


@pytest.mark.parametrize("body", [{}, {"text": "x", "columns": [{"name": "a", "cells": []}]}])
async def test_it_takes_a_text_or_columns(lender: Lender, body: dict[str, Any]) -> None:
    answer = await lender.call("steward", "POST", "/v1/classify", body)
    assert (answer.status_code, answer.json()["code"]) == (422, "request/classify_one")


async def review(lender: Lender, column: str, name: str, **body: Any) -> Any:
    path = f"/v1/catalogue/columns/{column}/reviews"
    return await lender.call("steward", "POST", path, {"reason": "checked with its owner", **body}, name=name)


async def test_a_second_person_approves_what_lowers_a_grade(lender: Lender) -> None:
    column = await scanned_column(lender, "lender")
    seen = (await lender.call("dpo", "GET", f"/v1/catalogue/columns/{column}")).json()
    assert (seen["state"], seen["grade"]) == ("proposed", 5)
    assert (await review(lender, column, "li", action="confirm", version=1)).json()["grade"] == 3
    asked = (await review(lender, column, "li", action="override", kind="label", version=2)).json()
    assert (asked["state"], asked["grade"], asked["asked"]) == ("lowering_asked", 3, {"kind": "label", "grade": 1})
    own = await review(lender, column, "li", action="approve", version=3)
    assert (own.status_code, own.json()["code"]) == (409, "catalog/review_second_person")
    done = (await review(lender, column, "wang", action="approve", version=3)).json()
    assert (done["state"], done["grade"]) == ("confirmed", 1)
    whole = (await lender.call("dpo", "GET", f"/v1/catalogue/columns/{column}")).json()
    assert [one["action"] for one in whole["history"]] == ["proposed", "confirm", "ask_lowering", "approve"]
    entries = (await lender.call("auditor", "GET", "/v1/entries", params={"kind": "column.reviewed"})).json()["entries"]
    assert {entry["about"] for entry in entries} == {column}
    assert sorted(entry["action"] for entry in entries) == ["approve", "ask_lowering", "confirm"]


async def test_a_review_of_a_version_that_is_gone_is_refused(lender: Lender) -> None:
    column = await scanned_column(lender, "lender")
    assert (await review(lender, column, "li", action="confirm", version=1)).status_code == 200
    late = await review(lender, column, "wang", action="confirm", version=1)
    assert (late.status_code, late.json()["code"]) == (409, "catalog/review_stale")


async def test_a_reason_with_personal_data_is_refused_and_not_repeated(lender: Lender) -> None:
    column = await scanned_column(lender, "lender")
    answer = await review(lender, column, "li", action="confirm", version=1, reason="电话13800138000的列")
    assert (answer.status_code, answer.json()["code"]) == (422, "catalog/review_reason")
    assert "13800138000" not in answer.text


async def test_another_tenants_column_counts_as_absent(lender: Lender) -> None:
    column = await scanned_column(lender, "stranger")
    answer = await lender.call("steward", "GET", f"/v1/catalogue/columns/{column}")
    assert (answer.status_code, answer.json()["code"]) == (404, "catalog/column_not_found")


async def test_columns_come_in_pages_and_by_state(lender: Lender) -> None:
    columns = sorted([await scanned_column(lender, "lender") for _ in range(3)])
    assert (await review(lender, columns[0], "li", action="confirm", version=1)).status_code == 200
    first = (await lender.call("steward", "GET", "/v1/catalogue/columns", params={"limit": "2"})).json()
    after = {"limit": "2", "cursor": first["next"]}
    rest = (await lender.call("steward", "GET", "/v1/catalogue/columns", params=after)).json()
    assert [one["id"] for one in (*first["columns"], *rest["columns"])] == columns
    waiting = (await lender.call("steward", "GET", "/v1/catalogue/columns", params={"state": "proposed"})).json()
    assert [one["id"] for one in waiting["columns"]] == columns[1:]
