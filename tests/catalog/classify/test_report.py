"""The report loads nothing, escapes everything, and reads in both languages."""

import base64
import hashlib
import re
from datetime import date

import pytest

from catalog.classify.columns.neighbours import ColumnSample
from catalog.classify.drift import with_reviews
from catalog.classify.report import html_report
from catalog.classify.results import classified, result_document, table_document
from catalog.classify.reviewing import Action, Classed, ColumnPlace, Review, proposed, reviewed
from catalog.classify.sources.sampling import TableSample
from catalog.classify.tags import tags_document
from tests.evaluation import numbers
from tests.evaluation.cells import rng_of

RNG = rng_of("report")
IDS = [numbers.resident_id(RNG) for _ in range(30)]
NASTY = '<script>alert("x")</script>'


@pytest.fixture(scope="module")
def document() -> dict:
    columns = (ColumnSample("sfzh", IDS), ColumnSample(NASTY, ["a"] * 30), ColumnSample("f3", [1] * 30))
    table = classified(TableSample(NASTY, columns, 30), date(2026, 11, 24))
    return result_document("warehouse", "2026-11-24T00:00:00Z", [table_document(table)])


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_page_loads_nothing_and_its_policy_forbids_it(document: dict, language: str) -> None:
    page = html_report(document, language=language)
    style = re.search(r"<style>(.*?)</style>", page, re.DOTALL)
    assert style is not None
    digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    assert f"sha256-{digest}" in page
    assert "default-src &#x27;none&#x27;" in page
    assert not re.search(r"<script|<img|<link|<iframe|src=|href=|url\(|@import|style=|onclick", page)


def test_names_from_outside_are_escaped(document: dict) -> None:
    page = html_report(document)
    assert NASTY not in page
    assert "&lt;script&gt;" in page


def test_no_value_stands_in_any_output(document: dict) -> None:
    written = html_report(document) + str(document) + str(tags_document(document, producer="urn:x"))
    assert not any(each in written for each in IDS)


def test_a_page_speaks_the_readers_language(document: dict) -> None:
    assert "待确认" in html_report(document, language="zh")
    assert "to be confirmed" in html_report(document, language="en")


def test_what_a_person_confirmed_stands_before_what_a_scan_found(document: dict) -> None:
    place = ColumnPlace("warehouse", NASTY, "f3")
    begun, _ = proposed(place, Classed("quantity", 1), is_known=False, by="scan")
    wanted = Review(action=Action.OVERRIDE, by="li", reason="asked its owner", version=1, kind="age", grade=5)
    done, _ = reviewed(begun, wanted, date(2026, 11, 24))
    shown = with_reviews("warehouse", document, {place.id: done})
    tags = {
        (tag.get("field"), tag["key"]): tag["value"]
        for tag in tags_document(shown, producer="urn:x")[0]["facets"]["tags"]["tags"]
    }
    assert [tags["f3", key] for key in ("grade", "kind", "classification")] == ["5", "age", "confirmed"]
    assert "confirmed as <code>age</code> 5" in html_report(shown, language="en")


def test_a_page_names_the_group_and_what_was_not_read(document: dict) -> None:
    why = {"name": "<b>", "en": "the file is empty", "zh": "文件为空"}
    page = html_report({**document, "unread": [why]})
    assert "GB/T 43697: 身份 identity" in page
    assert "&lt;b&gt;</b>: 文件为空" in page


def test_tags_are_facets_of_openlineage(document: dict) -> None:
    dataset = tags_document(document, producer="urn:yumen:classify")[0]
    facet = dataset["facets"]["tags"]
    assert facet["_producer"] == "urn:yumen:classify"
    assert "TagsDatasetFacet" in facet["_schemaURL"]
    tags = {(tag.get("field"), tag["key"]): tag["value"] for tag in facet["tags"]}
    assert tags["sfzh", "kind"] == "id_card_no"
    assert (tags["sfzh", "jr_t0171"], tags["sfzh", "classification"]) == ("C2", "found")
    assert tags["f3", "classification"] == "unconfirmed"
    assert all(set(tag) <= {"key", "value", "source", "field"} for tag in facet["tags"])
