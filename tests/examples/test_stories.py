"""The five stories, played over real HTTP against a real service process."""

import io
import os
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from rich.console import Console

from api.demo.outcome import Outcome
from api.demo.player import Played
from api.demo.runner import DemoOptions, Telling, own_settings, run_demo
from api.demo.transcript import Transcript
from examples.lender import LENDERS
from examples.people import cast
from examples.story import Story, Verb
from tests import postgres

pytestmark = pytest.mark.slow
CLIENTS = 1_200  # more than one batch of a thousand


@dataclass
class Performance:
    """A demonstration that was listened to."""

    outcome: Outcome = field(default_factory=Outcome)
    played: dict[str, list[Played]] = field(default_factory=dict)
    told: io.StringIO = field(default_factory=io.StringIO)

    def telling(self) -> Telling:
        transcript = Transcript(Console(file=self.told, width=60, highlight=False, markup=False, emoji=False))

        def begin(name: str, story: Story) -> None:
            self.played[name] = []
            transcript.begin(name, story)

        def step(name: str, played: Played) -> None:
            self.played[name].append(played)
            transcript.step(played)

        return Telling(transcript.note, begin, step, transcript.progress)

    def denials(self, lender: str) -> set[str]:
        """Every reason code a lender's reads were answered with."""
        return {
            code
            for played in self.played[lender]
            if played.step.do in {Verb.READ, Verb.SWEEP, Verb.TIME}
            for code in played.answer["reasons"]
        }

    def releases(self, lender: str) -> set[str]:
        """Every form in which a lender's features were released."""
        return {
            feature["form"]
            for played in self.played[lender]
            if played.step.do in {Verb.READ, Verb.SWEEP, Verb.TIME}
            for result in played.answer["results"]
            for feature in result["features"].values()
            if feature["status"] == "released"
        }


@pytest.fixture(scope="module")
def empty_postgres(request: pytest.FixtureRequest) -> Iterator[str]:
    """The URL of a database without a schema."""
    dsn: str = request.getfixturevalue("postgres_dsn")
    name, url = postgres.new_database(dsn)
    yield url
    postgres.drop_database(dsn, name)


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def performance(request: pytest.FixtureRequest) -> Performance:
    """All five stories, played once on each database."""
    url = request.getfixturevalue("empty_postgres") if request.param == "postgres" else None
    heard = Performance()
    heard.outcome = run_demo(DemoOptions(clients=CLIENTS, database_url=url), heard.telling())
    return heard


@pytest.mark.parametrize("lender", LENDERS)
def test_every_step_comes_out_as_told(performance: Performance, lender: str) -> None:
    played = performance.played[lender]
    assert played
    assert [(one.number, one.faults) for one in played if one.faults] == []


def test_the_ledger_is_sound_after_all_stories(performance: Performance) -> None:
    assert performance.outcome.is_good
    assert performance.outcome.ledger["faults"] == []
    assert performance.outcome.ledger["authenticated"] is True
    assert performance.outcome.ledger["reads"] > CLIENTS


def test_each_denial_carries_its_article_and_both_languages(performance: Performance) -> None:
    for lender in LENDERS:
        for played in performance.played[lender]:
            for reason in played.answer["reasons"].values() if played.step.do is Verb.READ else ():
                assert reason["law"]
                assert reason["zh"]
                assert reason["en"]
                assert reason["remedy_zh"]
                assert reason["remedy_en"]


def test_the_transcript_shows_each_denial_with_its_article_and_no_identity_but_the_revealed_one(
    performance: Performance,
) -> None:
    told = performance.told.getvalue()
    assert max(len(line) for line in told.splitlines()) <= 60
    for said in (
        "《个人信息保护法》第 15 条 Art. 15",
        "该个人已撤回同意。",
        "The person has withdrawn consent.",
        "people/s",
    ):
        assert said in told, said
    everyone = [one for lender in LENDERS for one in cast(lender)]
    shown = {value for one in everyone for value in one.identifiers.values() if value in told}
    assert shown == {next(one.mobile_no for one in everyone if one.key == "lin")}


def test_story_000_shows_encryption_second_factor_log_grades_and_the_border(performance: Performance) -> None:
    steps = performance.played["000_xiaomi_loan"]
    (files,) = (one.answer for one in steps if one.step.do is Verb.FILES)
    assert any(size > 0 for size in files["files"].values())
    assert files["found"] == []
    assert [one.status for one in steps if one.step.do is Verb.REVEAL] == [401, 200]
    assert "EXPORT_BLOCKED" in performance.denials("000_xiaomi_loan")
    assert {"bucket", "token", "plain"} <= performance.releases("000_xiaomi_loan")
    assert any(one.answer.get("grade") == 3 for one in steps)
    assert any(one.step.given.get("kind") == "identifiers.revealed" for one in steps)


def test_story_001_reads_nothing_before_the_grant_nor_after_the_withdrawal(performance: Performance) -> None:
    reads = [one for one in performance.played["001_jiebei"] if one.step.do is Verb.READ]
    ended = [one.answer["results"][0]["status"] for one in reads if one.step.name == "limit_engine"]
    assert ended == ["denied", "released", "released", "released", "denied"]
    by_engine = [one.answer["results"][0]["features"] for one in reads if one.step.name == "limit_engine"]
    limits = [features["limit:current_limit"].get("value") for features in by_engine[1:4]]
    assert limits == [6_000, 9_000, 4_000]
    assert {"NO_GRANT", "GRANT_WITHDRAWN", "PURPOSE_MISMATCH"} <= performance.denials("001_jiebei")


def test_story_002_approves_in_milliseconds_and_tells_who_read(performance: Performance) -> None:
    steps = performance.played["002_mobile_small_loans"]
    timings = {one.step.do: one.timing for one in steps if one.timing}
    single, swept = timings[Verb.TIME], timings[Verb.SWEEP]
    assert single is not None
    assert single.requests == 200
    assert swept is not None
    assert swept.people == CLIENTS
    (mine,) = (one.answer for one in steps if one.step.do is Verb.MY_READS)
    assert mine["reads"][0]["outcome"] == "denied"
    assert steps[-1].status == 404


def test_story_003_releases_flags_and_buckets_only(performance: Performance) -> None:
    assert performance.releases("003_consumption_loans") == {"flag", "bucket"}
    denied = performance.denials("003_consumption_loans")
    assert {"NEEDS_GUARDIAN", "GRANT_REFUSED", "FIELD_OUTSIDE_CEILING", "FORM_WITHHELD"} <= denied


def test_story_004_shares_only_with_separate_and_written_consent(performance: Performance) -> None:
    assert {"NEEDS_SEPARATE_PROVISION", "NEEDS_WRITTEN"} <= performance.denials("004_huabei_sesame")


def test_the_caller_s_settings_neither_reach_the_demonstration_nor_are_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("YUMEN_MODE", "production")
    with own_settings():
        assert "YUMEN_MODE" not in os.environ
        os.environ["YUMEN_DATA_DIR"] = "elsewhere"
    assert os.environ["YUMEN_MODE"] == "production"
    assert "YUMEN_DATA_DIR" not in os.environ
