"""``POST /v1/reads`` as HTTP: what is asked wrongly, what is told of it, what it costs nobody."""

from typing import Any

import pytest

from api.routes.wire import NAME, SUBJECT
from tests.api.routes.conftest import Lender
from tests.world import FEATURES

CANARY = "210102198706297315"
STRANGER = "sub_" + "a" * 26


async def test_each_feature_leaves_in_its_form_or_says_why_not(lender: Lender) -> None:
    who = lender.world.subjects[0]
    await lender.subject("POST", "/v1/grants", lender.grant(fields=["credit_limit", "ecom_order_count"]))
    answer = (await lender.read([who, STRANGER], features=[*FEATURES, "no:such"])).json()
    known, unknown = answer["results"]
    assert known["features"]["behaviour:limit"] == {"status": "released", "form": "plain", "value": 20000}
    assert known["features"]["behaviour:orders"] == {"status": "released", "form": "bucket", "value": "[10,50)"}
    assert known["features"]["no:such"]["reasons"] == ["UNCLASSIFIED"]
    assert (known["status"], unknown["status"]) == ("partial", "denied")
    assert all("SUBJECT_UNKNOWN" in feature["reasons"] for feature in unknown["features"].values())
    assert answer["reasons"]["SUBJECT_UNKNOWN"]["zh"]
    assert answer["policy"]
    assert answer["catalog"] == lender.world.catalog.revision


@pytest.mark.parametrize("given", [{"purpose": "nothing"}, {"product": "nothing"}])
async def test_an_unknown_purpose_or_product_is_a_denial_on_record(lender: Lender, given: dict[str, str]) -> None:
    who = lender.world.subjects[0]
    answer = await lender.read([who], **given)
    assert answer.status_code == 200
    (result,) = answer.json()["results"]
    assert result["status"] == "denied"
    entry = await lender.call("auditor", "GET", f"/v1/entries/{result['entry']}")
    assert entry.json()["outcome"] == "denied"


async def test_an_explanation_releases_nothing(lender: Lender) -> None:
    await lender.subject("POST", "/v1/grants", lender.grant())
    answer = await lender.read([lender.world.subjects[0]], mode="dry_run")
    (result,) = answer.json()["results"]
    assert result["status"] == "would_release"
    assert {feature["status"] for feature in result["features"].values()} == {"would_release"}
    assert "value" not in str(result)


@pytest.mark.parametrize(
    ("changes", "code", "place"),
    [
        ({"purpose": "a\n"}, "request/invalid", ("#/purpose", "string_pattern_mismatch")),
        ({"purpose": "p1234567"}, "request/invalid", ("#/purpose", "string_pattern_mismatch")),
        ({"subjects": [STRANGER + "\n"]}, "request/invalid", ("#/subjects/0", "string_pattern_mismatch")),
        ({"features": ["a:b\n"]}, "request/invalid", ("#/features/0", "string_pattern_mismatch")),
        ({"features": ["a"]}, "request/invalid", ("#/features/0", "string_pattern_mismatch")),
        ({"subjects": []}, "request/invalid", ("#/subjects", "too_short")),
        ({"subjects": "all"}, "request/invalid", ("#/subjects", "list_type")),
        ({"subjects": [1]}, "request/invalid", ("#/subjects/0", "string_type")),
        ({"mode": "force"}, "request/invalid", ("#/mode", "enum")),
        ({"tenant": "other"}, "request/invalid", ("#", "extra_forbidden")),
        ({"locale": "zh"}, "request/invalid", ("#", "extra_forbidden")),
        ({CANARY: 1}, "request/invalid", ("#", "extra_forbidden")),
        ({f"x - at `$.{CANARY}`": 1}, "request/invalid", ("#", "extra_forbidden")),
        ({f"x - at `$.purpose{CANARY}`": 1}, "request/invalid", ("#", "extra_forbidden")),
        ({"subjects": [STRANGER, STRANGER]}, "request/repeated", None),
        ({"features": [FEATURES[0], FEATURES[0]]}, "request/repeated", None),
    ],
)
async def test_what_is_asked_wrongly_is_told_by_place(
    lender: Lender, changes: dict[str, Any], code: str, place: tuple[str, str] | None
) -> None:
    answer = await lender.read([lender.world.subjects[0]], **changes)
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    if place is not None:
        assert [(one["pointer"], one["kind"]) for one in answer.json()["errors"]] == [place]
    assert CANARY not in answer.text


async def test_a_read_has_bounds(lender: Lender) -> None:
    many = ["sub_" + f"{number:026d}".translate(str.maketrans("0123456789", "abcdefghij")) for number in range(1001)]
    answer = await lender.read(many)
    assert (answer.json()["code"], answer.json()["limit"]) == ("request/too_many_subjects", 1000)
    wide = await lender.read([STRANGER], features=[f"v:f{number}" for number in range(101)])
    assert (wide.json()["code"], wide.json()["limit"]) == ("request/too_many_features", 100)


async def test_only_a_scoring_service_reads(lender: Lender) -> None:
    for role in ("subject", "steward", "auditor", "dpo", "operator"):
        name = STRANGER if role == "subject" else "someone"
        answer = await lender.call(role, "POST", "/v1/reads", {}, name=name)
        assert (answer.status_code, answer.json()["code"]) == (403, "identity/role_missing")


async def test_a_client_that_is_not_registered_is_denied_on_record(lender: Lender) -> None:
    answer = await lender.read([lender.world.subjects[0]], client="intruder")
    assert answer.status_code == 200
    assert answer.json()["results"][0]["status"] == "denied"
    asked = await lender.call("auditor", "GET", "/v1/entries", params={"client": "intruder"})
    assert [entry["outcome"] for entry in asked.json()["entries"]] == ["denied"]


def test_the_patterns_are_those_of_the_description() -> None:
    assert NAME.endswith("$")
    assert SUBJECT.startswith("^")
