"""Every lender file is whole and fits the catalogue, the views and the consent room's own rules."""

import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from catalog import Catalog, load_views
from examples import LENDERS, LenderError, Story, load_lender, load_story
from examples.lender import HERE, Lender, find_lender

NOW = datetime(2026, 11, 23, tzinfo=UTC)
ARTICLES = {name: load_lender(HERE / name) for name in LENDERS}
STORIES = {name: load_story(HERE / name) for name in LENDERS}


@pytest.fixture(params=LENDERS)
def lender(request: pytest.FixtureRequest) -> Lender:
    return ARTICLES[request.param]


@pytest.fixture(params=LENDERS)
def story(request: pytest.FixtureRequest) -> Story:
    return STORIES[request.param]


def test_every_view_of_a_lender_loads_and_is_held_by_one_of_its_parties(lender: Lender) -> None:
    parties = {party.name for party in lender.file.parties}
    for view in load_views(lender.views_file, lender.file.tenant):
        assert view.handler in parties, view.name


def test_every_field_of_a_ceiling_is_in_the_catalogue(lender: Lender) -> None:
    catalogue = Catalog.builtin()
    for purpose in lender.file.purposes:
        for entry in purpose.ceiling:
            assert catalogue.field(entry.field).classified, entry.field
            assert entry.necessity.zh
            assert entry.necessity.en


def test_every_notice_shows_the_sensitive_fields_apart(lender: Lender) -> None:
    """PIPL 29 and 30: separate consent needs the fields shown separately, with necessity and impact."""
    catalogue = Catalog.builtin()
    for notice in lender.file.notices:
        apart = {name for name in notice.fields if catalogue.field(name).separate}
        assert apart <= set(notice.separate), notice.name
        assert notice.necessity
        assert notice.impact
        assert {"handler_name", "purpose_text", "method_text", "retention", "rights"} <= set(notice.document())


def test_every_assessment_holds_for_three_years_from_loading(lender: Lender) -> None:
    for purpose in lender.file.purposes:
        assert purpose.body(NOW)["pipia_expires"] == "2029-11-22T00:00:00Z"


def test_every_observation_has_the_features_of_its_view(lender: Lender) -> None:
    views = {view.name: view for view in load_views(lender.views_file, lender.file.tenant)}
    assert lender.observations
    for row in lender.observations:
        assert set(row.values) <= {feature.name for feature in views[row.view].features}, row.view
        assert row.days_ago < 60


def test_every_story_is_told_in_both_languages(story: Story) -> None:
    for said in (story.title, story.worry, *(step.say for step in story.steps)):
        assert said.zh
        assert said.en
        assert any("一" <= letter <= "鿿" for letter in said.zh)


def test_a_lender_is_found_by_the_beginning_of_its_name() -> None:
    assert find_lender("001").name == "001_jiebei"
    with pytest.raises(LenderError, match="no lender"):
        find_lender("9")


def test_a_misspelt_key_names_the_file_and_the_place(tmp_path: Path) -> None:
    broken = tmp_path / "lender"
    shutil.copytree(HERE / "001_jiebei", broken)
    text = (broken / "lender.yaml").read_text("utf-8")
    (broken / "lender.yaml").write_text(text.replace("handler_contact", "handler_kontact"), "utf-8")
    with pytest.raises(LenderError, match=r"lender: .*handler_kontact"):
        load_lender(broken)


def test_a_client_of_nobody_is_refused(tmp_path: Path) -> None:
    broken = tmp_path / "lender"
    shutil.copytree(HERE / "001_jiebei", broken)
    text = (broken / "lender.yaml").read_text("utf-8")
    (broken / "lender.yaml").write_text(text.replace("party: jiebei_lending", "party: nobody"), "utf-8")
    with pytest.raises(LenderError, match="no party nobody"):
        load_lender(broken)
