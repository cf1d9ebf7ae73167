"""Reviews: the highest grade until someone confirms, two people to lower, history that only grows."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.classify.errors import (
    NothingAskedError,
    ReasonPersonalError,
    ReviewError,
    ReviewStaleError,
    ReviewUnknownError,
    SecondPersonError,
)
from catalog.classify.reviewing import Action, Classed, ColumnPlace, Review, ReviewedColumn, State, proposed, reviewed

TODAY = date(2026, 11, 24)
PLACE = ColumnPlace("warehouse", "loans", "khxm")


def begun(kind: str = "full_name", grade: int = 3, *, known: bool = True) -> ReviewedColumn:
    return proposed(PLACE, Classed(kind, grade), is_known=known, by="scan")[0]


def act(column: ReviewedColumn, action: Action, by: str = "li", **more: object) -> ReviewedColumn:
    review = Review(action=action, by=by, reason="looked at it", version=column.version, **more)  # type: ignore[arg-type]
    return reviewed(column, review, TODAY)[0]


def test_a_column_has_the_highest_grade_until_someone_confirms_it() -> None:
    assert (begun().grade, begun().state) == (5, State.PROPOSED)
    confirmed = act(begun(), Action.CONFIRM)
    assert (confirmed.grade, confirmed.state) == (3, State.CONFIRMED)


def test_what_is_not_known_well_enough_cannot_be_confirmed_as_it_is() -> None:
    with pytest.raises(ReviewUnknownError):
        act(begun("free_text", 1, known=False), Action.CONFIRM)


def test_raising_takes_one_person() -> None:
    assert act(begun(), Action.OVERRIDE, kind="login_password").grade == 4


def test_lowering_waits_for_a_second_person() -> None:
    asked = act(act(begun(), Action.CONFIRM), Action.OVERRIDE, kind="label", grade=1)
    assert (asked.state, asked.grade) == (State.LOWERING_ASKED, 3)
    with pytest.raises(SecondPersonError):
        act(asked, Action.APPROVE, by="li")
    done = act(asked, Action.APPROVE, by="wang")
    assert (done.state, done.grade, done.confirmed) == (State.CONFIRMED, 1, Classed("label", 1))


def test_a_refused_lowering_leaves_what_was() -> None:
    asked = act(act(begun(), Action.CONFIRM), Action.OVERRIDE, kind="label")
    assert act(asked, Action.REFUSE, by="wang").confirmed == Classed("full_name", 3)


def test_an_unknown_column_needs_two_people_for_any_grade_but_the_highest() -> None:
    unknown = begun("free_text", 1, known=False)
    assert act(unknown, Action.OVERRIDE, kind="free_text").state is State.LOWERING_ASKED
    assert act(unknown, Action.OVERRIDE, kind="free_text", grade=5).state is State.CONFIRMED


def test_nobody_approves_what_nobody_asked() -> None:
    with pytest.raises(NothingAskedError):
        act(begun(), Action.APPROVE)


def test_a_review_of_what_was_seen_before_is_refused() -> None:
    column = act(begun(), Action.CONFIRM)
    with pytest.raises(ReviewStaleError, match="version 2"):
        reviewed(column, Review(action=Action.CONFIRM, by="li", reason="late", version=1), TODAY)


def test_a_reason_must_not_hold_personal_data() -> None:
    with pytest.raises(ReasonPersonalError) as caught:
        reviewed(begun(), Review(action=Action.CONFIRM, by="li", reason="手机13800138000的列", version=1), TODAY)
    assert "13800138000" not in str(caught.value)


def test_the_id_of_a_column_tells_nothing_of_its_name() -> None:
    assert PLACE.id != ColumnPlace("warehouse", "loans", "xm").id
    assert PLACE.id.startswith("col_")
    assert len(PLACE.id) == 30


STEPS = st.lists(
    st.tuples(
        st.sampled_from([Action.CONFIRM, Action.OVERRIDE, Action.APPROVE, Action.REFUSE]),
        st.sampled_from(["li", "wang"]),
        st.sampled_from(["label", "full_name", "login_password"]),
        st.integers(1, 5),
    ),
    max_size=12,
)


@given(steps=STEPS, known=st.booleans())
def test_no_one_person_ever_lowers_a_grade(steps: list[tuple[Action, str, str, int]], known: bool) -> None:
    column = begun(known=known)
    for action, by, kind, grade in steps:
        before, asked_by = column.grade, column.asked_by
        floor = column.floor
        more = {"kind": kind, "grade": grade} if action is Action.OVERRIDE else {}
        try:
            column = act(column, action, by, **more)
        except ReviewError:
            continue
        if column.grade < min(before, floor):
            assert action is Action.APPROVE
            assert asked_by not in {None, by}
