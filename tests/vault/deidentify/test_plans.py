"""Plans of de-identification: what makes no sense is refused with its place, and nothing breaks the reading."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.vault.deidentify.test_tables import COLUMNS
from vault import DeidPlanError
from vault.deid_plans import read_deid_plan

BAD_PLANS: list[tuple[dict[str, Any], str]] = [
    ({"columns": {"age": {"role": "quasi", "ladder": {"bins": [5, 12]}}}}, "each a multiple"),
    ({"columns": {"age": {"role": "quasi", "ladder": {"cuts": [[1, 2], [3]]}}}}, "is part of the one before"),
    ({"columns": {"age": {"role": "quasi", "ladder": {"dates": ["year", "month"]}}}}, "get coarser"),
    ({"columns": {"age": {"role": "quasi", "ladder": {"prefixes": [2, 4]}}}}, "shorter"),
    (
        {"columns": {"age": {"role": "quasi", "ladder": {"hierarchy": {"a": ["x", "y"], "b": ["x", "z"]}}}}},
        "has one label",
    ),
    ({"columns": {"age": {"role": "quasi", "ladder": {"bins": [5], "cuts": [[1]]}}}}, "of one kind"),
    ({"columns": {"age": {"role": "quasi", "ladder": [5]}}}, "a ladder is a table of one kind"),
    ({"columns": {"age": {"role": "quasi", "ladder": {"bins": 5}}}}, "bins is a list of steps"),
    ({"columns": {"age": {"role": "quasi", "ladder": {"bins": [5], "origin": "0"}}}}, "origin is an integer"),
    ({"columns": {"age": {"role": "quasi", "ladder": {"cuts": [5]}}}}, "cuts are lists of edges"),
    ({"columns": {"age": {"role": "quasi", "ladder": {"cuts": [[2, 1]]}}}}, "edges ascend"),
    ({"columns": {"age": {"role": "quasi", "ladder": {"dates": ["week"]}}}}, "dates are steps of"),
    ({"columns": {"age": {"role": "quasi", "ladder": {"hierarchy": []}}}}, "a hierarchy is a table"),
    ({"columns": {"age": {"role": "quasi", "ladder": {"hierarchy": {"a": ["x"], "b": ["x", "y"]}}}}}, "equally many"),
    ({"columns": {"age": {"role": "quasi", "ladder": {"hierarchy": {"a": [1]}}}}}, "labels are texts"),
    ({"columns": {"age": {"role": "sensitive", "distance": "far"}}}, "distance is one of"),
    ({"columns": {"age": {"role": "direct", "action": "deterministic"}}}, "field and kind are needed"),
    ({"columns": {"age": {"role": "quasi", "distance": "equal"}}}, "a quasi column has the members"),
    ({"columns": []}, "a table of columns is needed"),
    ({"columns": {"age": {"role": "quasi", "from": 2}}}, "from is a level"),
    ({"columns": {"age": {"role": "quasi", "weight": 0}}}, "weight is a number"),
    ({"columns": {"age": {"role": "secret"}}}, "role is one of direct, quasi"),
    ({"columns": {"age": {"role": "direct", "action": "keep"}}}, "action is one of"),
    ({"columns": {"age": {"role": "direct", "action": "random", "field": "id_card_no"}}}, "action is one of"),
    ({"columns": {"age": {"role": "plain", "field": "shoe_size"}}}, "no such field"),
    ({"columns": {"age": {"role": "plain"}}}, "nothing to generalise"),
    ({"k": 1}, "k: an integer from 2"),
    ({"k": True}, "k: an integer from 2"),
    ({"max_suppressed": 1.5}, "max_suppressed: a number from 0 to 1"),
    ({"columns": {"age": {"role": "quasi"}}, "l": 2}, "there is none"),
    ({"one_row_per": "nobody"}, "names a column"),
    ({"n": 1}, "a plan has the members"),
]


@pytest.mark.parametrize(("change", "said"), BAD_PLANS, ids=[said for _, said in BAD_PLANS])
def test_a_plan_that_makes_no_sense_is_refused(change: dict[str, Any], said: str) -> None:
    with pytest.raises(DeidPlanError, match=said):
        read_deid_plan({"k": 3, "columns": COLUMNS, **change}, {"id_card_no": "resident_id"})


SINGLE = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4)
ODD = st.recursive(SINGLE, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(SINGLE, inner, max_size=3))
LADDERS = st.dictionaries(
    st.sampled_from(["bins", "cuts", "dates", "prefixes", "hierarchy", "origin", "otherwise"]), ODD
)
ROLES = ["direct", "quasi", "sensitive", "plain"]
ENTRIES = st.dictionaries(
    st.sampled_from(["role", "action", "field", "ladder", "from", "weight", "distance"]),
    ODD | LADDERS | st.sampled_from([*ROLES, "drop", "deterministic", "id_card_no", "ordered"]),
)


MEMBERS = st.dictionaries(st.sampled_from(["k", "l", "t", "max_suppressed", "one_row_per"]), ODD)


@given(MEMBERS, st.dictionaries(SINGLE, ENTRIES, max_size=3))
@settings(max_examples=300, deadline=None)
def test_whatever_a_plan_says_is_read_or_refused_and_never_breaks(asked: dict[str, Any], columns: Any) -> None:
    try:
        found = read_deid_plan({**asked, "columns": columns}, {"id_card_no": "resident_id"})
    except DeidPlanError as error:
        assert error.problems  # noqa: PT017  either end is fine
    else:
        assert found.quasi
        assert len(found.digest()) == 64
