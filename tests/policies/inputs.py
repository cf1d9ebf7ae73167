"""Random policy inputs: well formed ones over small vocabularies, and the same with parts missing or mistyped."""

from __future__ import annotations

import copy
import json
from typing import Any

from hypothesis import strategies as st

FIELDS = ["a", "b", "c"]
FORMS = ["withheld", "flag", "bucket", "token", "masked", "plain"]
JUNK = [
    None,
    True,
    False,
    0,
    1,
    -1,
    2.5,
    "",
    "live",
    "consent",
    "written",
    [],
    ["a"],
    [["a"]],
    [0],
    {},
    {"a": "a"},
    {"status": "known"},
]

some_fields = st.lists(st.sampled_from(FIELDS), unique=True, max_size=3).map(sorted)
forms = st.sampled_from([*FORMS, *["plain"] * 20])


def mostly(likely: Any, *others: Any) -> st.SearchStrategy[Any]:
    """The first value nearly always, so that whole decisions get through the many parts."""
    return st.sampled_from([likely] * 40 * len(others) + list(others))


all_or_some = st.sampled_from([FIELDS] * 8 + [["a"], ["b", "c"], []])
purposes = st.fixed_dictionaries(
    {
        "status": mostly("active", "inactive", "unknown"),
        "basis": st.sampled_from(["consent", "consent", "contract", "contract", "statutory_duty", "emergency", "whim"]),
        "basis_ref": mostly(True, False),
        "pipia": mostly("live", "expired"),
        "fields": all_or_some,
        "necessity": all_or_some,
        "max_form": forms,
        "overrides": st.sampled_from([[], ["separate_on_consent_only"], ["other"]]),
        "notice": mostly("current", "missing"),
        "foreign_authority": mostly(False, True),
    }
)
clients = st.fixed_dictionaries(
    {
        "status": mostly("active", "suspended", "unknown"),
        "purpose": mostly(True, False),
        "product": mostly(True, False),
        "max_form": forms,
        "region": mostly("CN", "SG"),
    }
)
recipients = st.fixed_dictionaries(
    {
        "status": mostly("active", "ended", "unknown"),
        "role": mostly("lender", "credit_bureau", "processor", "stranger"),
        "transfer": st.sampled_from(["none", "assessment", "certification", "standard_contract"]),
    }
)
fields = st.fixed_dictionaries(
    {
        "status": mostly("known", "unknown"),
        "pipl": st.sampled_from(["general", "caution", "sensitive"]),
        "class": mostly("C2", "C1", "none", "C3"),
        "bases": mostly(["consent", "contract", "emergency", "statutory_duty"], ["consent"], []),
        "separate": st.booleans(),
        "written": mostly(False, True),
        "minors": mostly("guardian", "block", "never"),
    }
)
features = st.fixed_dictionaries(
    {
        "status": mostly("known", "unknown"),
        "fields": st.lists(st.sampled_from(FIELDS), unique=True, min_size=1, max_size=3).map(sorted),
        "provision": st.booleans(),
        "form": forms,
        "forms": st.lists(st.sampled_from(FORMS[1:]), unique=True, min_size=1, max_size=4),
    }
)
calls = st.fixed_dictionaries(
    {
        "purpose": purposes,
        "client": clients,
        "recipient": recipients,
        "fields": st.fixed_dictionaries(dict.fromkeys(FIELDS, fields)),
        "features": st.dictionaries(st.sampled_from(["v:x", "v:y", "w:z"]), features, min_size=1),
    }
)
grants = st.fixed_dictionaries(
    {
        "state": st.sampled_from(["live"] * 10 + ["withdrawn", "paused", "expired", "refused", "not_started"]),
        "notice": st.sampled_from(["current"] * 10 + ["stale"]),
        "form": st.sampled_from(["general", "separate", "written"] * 6 + ["implied"]),
        "guardian": st.booleans(),
        "fields": all_or_some,
        "provision": st.booleans(),
        "max_form": forms,
    }
)
subjects = st.fixed_dictionaries(
    {
        "status": st.sampled_from(["known"] * 30 + ["restricted"] * 8 + ["unknown", "erased"]),
        "age": st.sampled_from(["adult", "adult", "adult", "minor", "under_14", "under_14", "unknown"]),
        "grants": st.lists(grants, max_size=3),
        "expired": st.one_of(st.just([]), st.just([]), some_fields),
    }
)


@st.composite
def well_formed(draw: st.DrawFn) -> dict[str, Any]:
    asked = draw(st.lists(calls, min_size=1, max_size=2))
    place = st.integers(0, len(asked) - 1)
    requests = st.lists(st.fixed_dictionaries({"call": place, "subject": subjects}), max_size=4)
    return {"calls": asked, "requests": draw(requests)}


@st.composite
def damaged(draw: st.DrawFn) -> dict[str, Any]:
    """A well formed input with one to four parts dropped or replaced by something else."""
    document = json.loads(json.dumps(draw(well_formed())))  # unshared, for it is changed in place
    for _ in range(draw(st.integers(1, 4))):
        places = list(_places(document))
        if not places:
            break
        parent, key = places[draw(st.integers(0, len(places) - 1))]
        if isinstance(parent, dict) and draw(st.booleans()):
            parent.pop(key, None)
        elif isinstance(parent, dict) or key < len(parent):
            parent[key] = copy.deepcopy(draw(st.sampled_from(JUNK)))
    return document


def _places(part: Any) -> Any:
    entries = part.items() if isinstance(part, dict) else enumerate(part)
    for key, value in list(entries):
        yield part, key
        if isinstance(value, dict | list):
            yield from _places(value)
