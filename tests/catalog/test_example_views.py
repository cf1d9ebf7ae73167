"""The feature views of the five example lenders."""

from pathlib import Path

import pytest

from catalog import Catalog, FeatureView, Field, ReleaseForm, ValueType, load_views

EXAMPLES = Path(__file__).parents[2] / "examples"
TENANTS = {
    "000_xiaomi_loan": "xiaomi",
    "001_jiebei": "jiebei",
    "002_mobile_small_loans": "weilidai",
    "003_consumption_loans": "consumption",
    "004_huabei_sesame": "ant",
}


def views(lender: str) -> list[FeatureView]:
    return load_views(EXAMPLES / lender / "views.yaml", TENANTS[lender])


@pytest.mark.parametrize("lender", TENANTS)
def test_an_example_lenders_views_load(lender: str) -> None:
    catalog = Catalog.builtin().with_views(TENANTS[lender], views(lender))
    assert catalog.views_of(TENANTS[lender]) != ()


@pytest.mark.parametrize("lender", TENANTS)
def test_every_released_feature_can_also_leave_in_a_milder_purpose(lender: str) -> None:
    """A purpose limited to buckets can still be served: whatever may be plain has a bucket or a flag too."""
    for feature in (feature for view in views(lender) for feature in view.features):
        if feature.form is ReleaseForm.PLAIN:
            assert {ReleaseForm.BUCKET, ReleaseForm.FLAG} & set(feature.forms), feature.full_name


def test_the_five_lenders_share_one_catalogue() -> None:
    catalog = Catalog.builtin()
    for lender, tenant in TENANTS.items():
        catalog = catalog.with_views(tenant, views(lender))
    assert {view.tenant for view in catalog.views} == set(TENANTS.values())
    assert Catalog.from_document(catalog.document()) == catalog


def test_the_credit_clients_have_more_than_twenty_numeric_features() -> None:
    (clients,) = [view for view in views("002_mobile_small_loans") if view.name == "credit_clients"]
    assert len(clients.features) == 24
    assert {feature.type for feature in clients.features} == {ValueType.INTEGER}
    by_name = {feature.name: feature for feature in clients.features}
    assert by_name["credit_limit"].fields == ("credit_limit",)
    assert by_name["worst_status_6m"].fields == ("overdue_record",)
    assert by_name["repayment_status_m1"].shaper(ReleaseForm.BUCKET)(-2) == "no_debt"
    assert by_name["repayment_status_m1"].shaper(ReleaseForm.BUCKET)(9) == "three_months_or_more"
    assert by_name["age_years"].shaper(ReleaseForm.BUCKET)(24) == "[18,25)"


def test_social_relations_and_raw_clicks_are_withheld() -> None:
    listed = [feature for lender in TENANTS for view in views(lender) for feature in view.features]
    social = {"friend_graph", "moments_interaction", "subscription_topics", "contact_list"}
    assert {feature.forms for feature in listed if social & set(feature.fields)} == {()}
    assert {feature.form for feature in listed if feature.name == "clicks"} == {ReleaseForm.WITHHELD}


def test_no_example_reads_what_scoring_must_not_see() -> None:
    used: dict[str, Field] = {
        field.name: field
        for lender in TENANTS
        for view in views(lender)
        for feature in view.features
        for field in feature.inputs
    }
    assert "gender" not in used
    assert all(field.grade < 4 for field in used.values())


def test_the_consumption_lender_releases_ranges_and_flags_only() -> None:
    forms = {form for view in views("003_consumption_loans") for feature in view.features for form in feature.forms}
    assert forms == {ReleaseForm.BUCKET, ReleaseForm.FLAG}


def test_the_products_of_one_group_are_three_handlers() -> None:
    assert {view.handler for view in views("004_huabei_sesame")} == {"huabei", "jiebei", "zhima"}
