"""The published fold: its vectors, and histories it must refuse."""

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from consent import GrantEvent, HistoryBrokenError, Kind, State, fold, new_id
from consent.grants import TRANSITIONS
from tests.consent.world import seeded

DOCUMENT = Path(__file__).parents[2] / "docs/formats/consent-events.md"
GRANT: dict[str, Any] = {
    "id": "gr_" + "a" * 26,
    "version": 1,
    "purpose": "credit_scoring",
    "recipient": "lender",
    "notice": "scoring_notice",
    "notice_version": 1,
    "notice_hash": "0" * 64,
    "material": "1" * 64,
    "form": "separate",
    "guardian": False,
    "evidence": False,
    "provision": False,
    "fields": ["a", "b"],
    "max_form": "bucket",
    "channel": "app",
    "given": "2026-11-23T02:00:00.000000Z",
    "starts": "2026-11-23T02:00:00.000000Z",
    "expires": None,
}
GIVEN = GrantEvent(1, Kind.GIVEN, GRANT)


def after(kind: Kind, seq: int = 2, **parts: Any) -> GrantEvent:
    return GrantEvent(seq, kind, {**GRANT, "version": 2, **parts})


def test_the_documented_vector_folds_to_the_documented_states() -> None:
    blocks = re.findall(r"```json\n(.*?)```", DOCUMENT.read_text(), re.DOTALL)
    told, expected = (json.loads(block) for block in blocks[-2:])
    found = fold(GrantEvent(event["consent_version"], Kind(event["kind"]), event["grant"]) for event in told)
    states = {
        name: {
            "state": grant.state,
            "version": grant.version,
            "fields": list(grant.fields),
            "is_current": grant.is_current,
        }
        for name, grant in found.items()
    }
    assert states == expected


def test_the_documented_transitions_are_those_of_the_code() -> None:
    table = re.findall(r"^\| `(consent\.\w+)` \| ([\w, ]+) \| (\w+|unchanged) \|", DOCUMENT.read_text(), re.MULTILINE)
    told = {
        (State(source), Kind(kind)): State(source if target == "unchanged" else target)
        for kind, sources, target in table
        if sources != "none"
        for source in sources.split(", ")
    }
    assert told == TRANSITIONS


BROKEN = {
    "out of order": [replace(GIVEN, seq=2), after(Kind.WITHDRAWN, 2)],
    "never given": [after(Kind.WITHDRAWN)],
    "given twice": [GIVEN, replace(GIVEN, seq=2)],
    "born old": [replace(GIVEN, grant={**GRANT, "version": 2})],
    "born without fields": [replace(GIVEN, grant={**GRANT, "fields": []})],
    "illegal step": [GIVEN, after(Kind.RESUMED)],
    "step after the end": [GIVEN, after(Kind.WITHDRAWN), after(Kind.PAUSED, 3, version=3)],
    "version skipped": [GIVEN, after(Kind.WITHDRAWN, version=3)],
    "term changed": [GIVEN, after(Kind.PAUSED, max_form="plain")],
    "expiry moved": [GIVEN, after(Kind.PAUSED, expires="2030-01-01T00:00:00.000000Z")],
    "fields grow": [GIVEN, after(Kind.FIELD_WITHDRAWN, fields=["a", "b", "c"])],
    "fields stay": [GIVEN, after(Kind.FIELD_WITHDRAWN)],
    "no field left": [GIVEN, after(Kind.FIELD_WITHDRAWN, fields=[])],
    "fields change unasked": [GIVEN, after(Kind.PAUSED, fields=["a"])],
    "not a document": [GrantEvent(1, Kind.GIVEN, {"id": "x"})],
    "wrong form": [replace(GIVEN, grant={**GRANT, "form": "verbal"})],
    "wrong time": [replace(GIVEN, grant={**GRANT, "starts": "today"})],
}


@pytest.mark.parametrize("events", BROKEN.values(), ids=BROKEN.keys())
def test_a_broken_history_is_refused(events: list[GrantEvent]) -> None:
    with pytest.raises(HistoryBrokenError):
        fold(events)


def test_the_fold_of_nothing_is_nothing() -> None:
    assert fold([]) == {}


def test_a_new_id_is_a_prefix_and_130_random_bits() -> None:
    assert new_id("gr", lambda size: b"\xff" * size) == "gr_" + "7" * 26
    assert new_id("gr", bytes) == "gr_" + "a" * 26
    assert new_id("gr", seeded(1)) != new_id("gr", seeded(2))
