"""The catalogue as a value: revision, lineage of grades, changes that fit and changes that do not."""

import copy
import dataclasses
import hashlib
import json
import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog import (
    Catalog,
    CatalogDocumentError,
    CatalogValueError,
    FeatureView,
    Field,
    FieldInUseError,
    Jrt0171,
    PiplKind,
    ReleaseForm,
    Transform,
    ViewNotFoundError,
    canonical,
    load_views,
    segment_id,
)
from tests.catalog.strategies import FIELDS, inputs, make, view_lists
from tests.catalog.views import GOOD

BUILTIN = Catalog.builtin()


def loaded() -> Catalog:
    return BUILTIN.with_views("one", load_views(GOOD, "one"))


def stricter(name: str) -> Field:
    return dataclasses.replace(BUILTIN.fields[name], form=ReleaseForm.WITHHELD, derived_form=ReleaseForm.WITHHELD)


@given(view_lists, st.randoms(use_true_random=False))
def test_the_revision_does_not_depend_on_any_order(views: list[FeatureView], chance: random.Random) -> None:
    def shuffled(view: FeatureView) -> FeatureView:
        features = list(view.features)
        chance.shuffle(features)
        return dataclasses.replace(view, features=tuple(features))

    other = [shuffled(view) for view in views]
    fields = list(FIELDS)
    chance.shuffle(other)
    chance.shuffle(fields)
    first = BUILTIN.with_views("one", views)
    second = Catalog({field.name: field for field in fields}, tuple(other))
    assert first.revision == second.revision
    assert first == second
    assert hash(first) == hash(second)


@given(view_lists)
def test_a_document_gives_the_same_catalogue_again(views: list[FeatureView]) -> None:
    catalog = BUILTIN.with_views("one", views)
    written = canonical(catalog.document())
    assert hashlib.sha256(written).hexdigest() == catalog.revision
    read = Catalog.from_document(json.loads(written))
    assert read == catalog
    assert read.revision == catalog.revision


@given(inputs, st.sampled_from([Transform.AGGREGATE, Transform.DERIVED]))
def test_a_derived_grade_is_at_least_every_inputs_grade(fields: list[Field], transform: Transform) -> None:
    feature = make("f", fields, transform)
    assert feature.grade == max(field.grade for field in fields)


@given(inputs, st.sampled_from(FIELDS), st.sampled_from(Transform))
def test_a_further_field_never_lowers_the_grade_or_shows_more(
    fields: list[Field], further: Field, transform: Transform
) -> None:
    before = make("f", fields, transform)
    after = make("f", [*fields, further], transform)
    assert after.grade >= before.grade
    assert not after.allowed_form.is_milder_than(before.allowed_form)
    assert not after.form.is_milder_than(before.form)
    assert not after.provided_form.is_milder_than(before.provided_form)


@given(view_lists)
def test_every_released_form_is_one_its_fields_allow(views: list[FeatureView]) -> None:
    for feature in (feature for view in BUILTIN.with_views("one", views).views for feature in view.features):
        assert all(not form.is_milder_than(feature.allowed_form) for form in feature.forms)
        assert (feature.forms == ()) == (feature.form is ReleaseForm.WITHHELD)
        assert not any(field.jrt0171 is Jrt0171.C3 for field in feature.inputs) or feature.forms == ()


def test_a_segment_is_the_view_and_the_set_of_fields() -> None:
    joined = hashlib.sha256(b"clickstream+page_dwell_seconds").hexdigest()[:12]
    assert segment_id("spending", ["page_dwell_seconds", "clickstream"]) == f"spending/{joined}"
    feature = loaded().feature("one", "spending:clicks")
    assert feature is not None
    assert feature.segment == f"spending/{joined}"


def test_a_feature_is_found_by_tenant_and_full_name() -> None:
    catalog = loaded()
    assert catalog.feature("one", "spending:spend") is not None
    assert catalog.feature("two", "spending:spend") is None
    assert catalog.feature("one", "spending:nothing") is None
    assert catalog.view("one", "spending").handler == "lender_one"
    with pytest.raises(ViewNotFoundError, match="two has no feature view spending"):
        catalog.view("two", "spending")


def test_views_of_a_tenant_are_replaced_as_a_whole() -> None:
    first = loaded()
    both = first.with_views("two", load_views(GOOD, "two"))
    assert [view.tenant for view in both.views] == ["one", "one", "two", "two"]
    assert both.with_views("two", ()).revision == first.revision
    assert first.with_views("one", ()).revision == BUILTIN.revision


def test_a_view_of_another_tenant_is_refused() -> None:
    with pytest.raises(CatalogValueError, match="belongs to tenant two, not to one"):
        BUILTIN.with_views("one", load_views(GOOD, "two"))


def test_a_view_may_stand_only_once() -> None:
    view = load_views(GOOD, "one")[0]
    with pytest.raises(CatalogValueError, match="the name stands there twice"):
        BUILTIN.with_views("one", [view, view])


def test_a_field_in_use_cannot_be_removed() -> None:
    with pytest.raises(FieldInUseError, match="clickstream is used by one's spending:clicks"):
        loaded().without_fields(["clickstream"])
    smaller = loaded().without_fields(["imei"])
    assert "imei" not in smaller.fields
    assert smaller.field("imei").grade == 5


def test_a_stricter_field_makes_its_features_be_judged_again() -> None:
    with pytest.raises(CatalogValueError, match="spending:spend: form: bucket is milder than its fields allow"):
        loaded().with_fields([stricter("ecom_spend_12m")])


def test_a_regraded_field_regrades_its_features() -> None:
    raised = dataclasses.replace(BUILTIN.fields["account_tier"], jrt0197=4)
    tier = loaded().with_fields([raised]).feature("one", "spending:tier")
    assert tier is not None
    assert tier.grade == 4


def test_a_field_at_odds_with_itself_is_refused() -> None:
    odd = dataclasses.replace(BUILTIN.fields["account_tier"], pipl=PiplKind.SENSITIVE)
    with pytest.raises(CatalogValueError, match="field account_tier: pipl"):
        BUILTIN.with_fields([odd])
    with pytest.raises(CatalogValueError, match="filed under another name"):
        Catalog({"other": BUILTIN.fields["account_tier"]}, ())


def test_views_made_in_code_obey_the_rules_of_files() -> None:
    view = load_views(GOOD, "one")[0]
    spend = view.features[2]
    milder = dataclasses.replace(spend, form=ReleaseForm.PLAIN)
    elsewhere = dataclasses.replace(spend, view="other")
    for features, says in [((milder,), "milder"), ((elsewhere,), "belongs to view other"), ((spend, spend), "twice")]:
        with pytest.raises(CatalogValueError, match=says):
            BUILTIN.with_views("one", [dataclasses.replace(view, features=features)])
    with pytest.raises(CatalogValueError, match="is no name"):
        BUILTIN.with_views("one", [dataclasses.replace(view, handler="A Bank")])


def test_another_handler_may_get_less() -> None:
    score = make("score", [BUILTIN.fields["internal_credit_score"]], Transform.RAW)
    assert score.form is ReleaseForm.PLAIN
    assert score.provided_form is ReleaseForm.WITHHELD
    limit = make("limit", [BUILTIN.fields["credit_limit"]], Transform.RAW)
    assert limit.provided_form is limit.form


def test_the_same_catalogue_is_built_only_once() -> None:
    assert Catalog.builtin() is Catalog.builtin()


def broken(change: Any) -> dict[str, Any]:
    document = copy.deepcopy(json.loads(canonical(loaded().document())))
    change(document)
    return dict(document)


DAMAGES = [
    lambda document: document.update(v=2),
    lambda document: document.pop("fields"),
    lambda document: document.update(more=1),
    lambda document: document["fields"].append(document["fields"][0]),
    lambda document: document["fields"][0].update(jrt0197="2"),
    lambda document: document["fields"][0].update(form="open"),
    lambda document: document.update(tenants={"One": []}),
    lambda document: document["tenants"].update({"one two": document["tenants"].pop("one")}),
    lambda document: document["tenants"]["one"].append(document["tenants"]["one"][0]),
    lambda document: document["tenants"]["one"][0]["features"][0].update(fields=["nothing"]),
    lambda document: document["tenants"]["one"][0]["features"][0]["shapes"].update(bucket={"edges": ["x"]}),
]


@pytest.mark.parametrize("damage", DAMAGES, ids=map(str, range(len(DAMAGES))))
def test_a_damaged_document_is_refused(damage: Any) -> None:
    with pytest.raises(CatalogDocumentError):
        Catalog.from_document(broken(damage))


@pytest.mark.parametrize("document", [None, 3, [], {}, "text"], ids=str)
def test_what_is_no_document_is_refused(document: object) -> None:
    with pytest.raises(CatalogDocumentError):
        Catalog.from_document(document)
