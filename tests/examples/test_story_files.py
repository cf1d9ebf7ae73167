"""A story with a fault is refused before anything is sent; its steps become the requests they say."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from api.demo.requests import NOBODY, request_of
from examples.story import Said, Step, StoryError, Verb, load_story

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
NAMES = {"lin": "sub_" + "b" * 26, "mother": "sub_" + "c" * 26, "kept": "gr_" + "d" * 26}
HEAD = "title: {zh: 题, en: t}\nworry: {zh: 忧, en: w}\nsteps:\n- say: {zh: 说, en: s}\n"


def step(do: Verb, **given: Any) -> Step:
    return Step(say=Said("说", "s"), do=do, actor="subject lin", given=given)


@pytest.mark.parametrize(
    ("rest", "fault"),
    [
        ("  as: scorer x\n  do: dance\n", "Invalid enum value 'dance'"),
        ("  as: scorer x\n  do: read\n  wiht: {}\n", "unknown field `wiht`"),
        ("  as: scorer\n  do: read\n", "step 1: no actor 'scorer'"),
        ("  as: wizard merlin\n  do: read\n", "step 1: no actor 'wizard merlin'"),
        ("  as: auditor someone\n  do: ask\n", "step 1: no actor 'auditor someone'"),
        ("  as: [\n", "story.yaml"),
    ],
)
def test_a_fault_names_the_file_and_what_is_wrong(tmp_path: Path, rest: str, fault: str) -> None:
    (tmp_path / "story.yaml").write_text(HEAD + rest, "utf-8")
    with pytest.raises(StoryError) as raised:
        load_story(tmp_path)
    assert fault in str(raised.value)
    assert "story.yaml" in str(raised.value)


def test_a_folder_without_a_story_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StoryError, match=r"story\.yaml"):
        load_story(tmp_path)


def test_people_become_references_in_reads() -> None:
    request = request_of(
        step(Verb.READ, purpose="p", product="q", people=["lin", "nobody"], features=["v:f"]), NAMES, NOW
    )
    assert (request.method, request.path) == ("POST", "/v1/reads")
    assert request.body["subjects"] == [NAMES["lin"], NOBODY]


def test_a_consent_runs_for_the_days_it_says() -> None:
    request = request_of(step(Verb.GIVE, purpose="p", days=10, guardian="{mother}"), NAMES, NOW)
    assert request.body == {
        "channel": "app",
        "purpose": "p",
        "guardian": NAMES["mother"],
        "expires_at": "2026-12-03T02:00:00Z",
    }
    assert request.default_status == 201


def test_the_other_verbs_become_their_requests() -> None:
    reveal = request_of(step(Verb.REVEAL, person="lin", fields=["mobile_no"], reason="complaint"), NAMES, NOW)
    assert reveal.path == f"/v1/subjects/{NAMES['lin']}/reveal"
    observe = request_of(step(Verb.OBSERVE, view="v", person="lin", values={"f": 1}), NAMES, NOW)
    assert observe.body["rows"] == [
        {"subject": NAMES["lin"], "observed_at": "2026-11-23T02:00:00Z", "values": {"f": 1}}
    ]
    ask = request_of(step(Verb.ASK, subject="lin", grant="{kept}", limit=5), NAMES, NOW)
    assert ask.query == {"subject": NAMES["lin"], "grant": NAMES["kept"], "limit": "5"}
    assert request_of(step(Verb.MY_READS), NAMES, NOW).path == "/v1/me/reads"
    assert request_of(step(Verb.WITHDRAW, scope="all"), NAMES, NOW).body == {"scope": "all"}
    assert request_of(step(Verb.REFUSE, purpose="p"), NAMES, NOW).path == "/v1/refusals"
    call = request_of(step(Verb.CALL, method="GET", path="/v1/grants/{kept}"), NAMES, NOW)
    assert (call.method, call.path) == ("GET", f"/v1/grants/{NAMES['kept']}")


@pytest.mark.parametrize("given", [{"people": ["stranger"]}, {"purpose": "{stranger}"}])
def test_a_name_nobody_has_is_refused(given: dict[str, Any]) -> None:
    with pytest.raises(StoryError, match="stranger"):
        request_of(step(Verb.READ, **given), NAMES, NOW)
