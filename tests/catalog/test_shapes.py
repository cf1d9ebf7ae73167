"""Shaping values: ranges, groups, flags, and what is refused."""

import math
from bisect import bisect_right
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog import (
    Catalog,
    Feature,
    FormNotShapedError,
    ReleaseForm,
    ShapeError,
    Shapes,
    Transform,
    ValueType,
    ValueTypeError,
    shape,
)
from catalog.shapes import EdgeBuckets, FlagShape, FlagTest, GroupBuckets, range_labels

FLAG, BUCKET, PLAIN = ReleaseForm.FLAG, ReleaseForm.BUCKET, ReleaseForm.PLAIN


def feature(kind: ValueType, shapes: Shapes, *, form: ReleaseForm = PLAIN, field: str = "account_tier") -> Feature:
    return Feature(
        view="v",
        name="f",
        zh="值",
        en="Value",
        type=kind,
        transform=Transform.RAW,
        inputs=(Catalog.builtin().fields[field],),
        form=form,
        shapes=shapes,
    )


def ranges(*edges: str) -> Shapes:
    return Shapes(bucket=EdgeBuckets(edges, range_labels(edges)))


def asking(test: FlagTest, *operands: str) -> Shapes:
    return Shapes(flag=FlagShape(test, operands))


INTEGER, NUMBER, STRING = ValueType.INTEGER, ValueType.NUMBER, ValueType.STRING
BOOLEAN, DATE = ValueType.BOOLEAN, ValueType.DATE


@pytest.mark.parametrize(
    ("value", "label"),
    [(-1, "<500"), (499, "<500"), (500, "[500,1000)"), (999, "[500,1000)"), (1000, ">=1000"), (10**15, ">=1000")],
)
def test_a_value_falls_into_the_range_whose_lower_edge_it_reaches(value: int, label: str) -> None:
    assert shape(value, feature(INTEGER, ranges("500", "1000")), BUCKET) == label


def test_numbers_and_dates_have_ranges_too() -> None:
    rate = feature(NUMBER, ranges("0.5", "0.9"))
    assert [shape(value, rate, BUCKET) for value in (0.4999, 0.5, 1)] == ["<0.5", "[0.5,0.9)", ">=0.9"]
    day = feature(DATE, ranges("2020-01-01"))
    assert [shape(value, day, BUCKET) for value in ("2019-12-31", "2020-01-01")] == ["<2020-01-01", ">=2020-01-01"]


def test_given_labels_stand_for_the_ranges() -> None:
    bands = feature(INTEGER, Shapes(bucket=EdgeBuckets(("30", "50"), ("young", "middle", "old"))))
    assert [shape(age, bands, BUCKET) for age in (29, 30, 50)] == ["young", "middle", "old"]


def test_a_text_leaves_as_its_group_or_as_other() -> None:
    regions = feature(STRING, Shapes(bucket=GroupBuckets((("north", ("北京", "天津")),), "elsewhere")))
    assert [shape(text, regions, BUCKET) for text in ("北京", "广州", "")] == ["north", "elsewhere", "elsewhere"]


@pytest.mark.parametrize(
    ("kind", "shapes", "yes", "no"),
    [
        (INTEGER, asking(FlagTest.AT_LEAST, "2"), 2, 1),
        (INTEGER, asking(FlagTest.AT_MOST, "2"), 2, 3),
        (NUMBER, asking(FlagTest.AT_LEAST, "0.5"), 0.5, 0.4),
        (DATE, asking(FlagTest.AT_MOST, "2020-02-29"), "2020-02-29", "2020-03-01"),
        (STRING, asking(FlagTest.EQUALS, "yes"), "yes", "no"),
        (STRING, asking(FlagTest.ONE_OF, "a", "b"), "b", "c"),
        (INTEGER, asking(FlagTest.ONE_OF, "1", "3"), 3, 2),
        (BOOLEAN, asking(FlagTest.EQUALS, "false"), False, True),
        (INTEGER, asking(FlagTest.PRESENT), 0, None),
    ],
)
def test_a_flag_answers_its_question(kind: ValueType, shapes: Shapes, yes: Any, no: Any) -> None:
    asked = feature(kind, shapes)
    assert shape(yes, asked, FLAG) is True
    assert shape(no, asked, FLAG) is False


@pytest.mark.parametrize("kind", ValueType)
def test_no_value_stays_no_value(kind: ValueType) -> None:
    assert shape(None, feature(kind, Shapes()), PLAIN) is None
    assert shape(None, feature(INTEGER, ranges("1")), BUCKET) is None
    assert shape(None, feature(INTEGER, asking(FlagTest.AT_LEAST, "1")), FLAG) is None


WRONG = [
    (INTEGER, True),
    (INTEGER, 1.0),
    (INTEGER, "1"),
    (NUMBER, math.nan),
    (NUMBER, math.inf),
    (NUMBER, False),
    (STRING, 1),
    (BOOLEAN, 1),
    (BOOLEAN, "true"),
    (DATE, "2020-02-30"),
    (DATE, "20200101"),
    (DATE, "2020-W01-1"),
    (DATE, 20200101),
    (STRING, ["a"]),
    (STRING, b"a"),
]


@pytest.mark.parametrize(("kind", "value"), WRONG, ids=repr)
def test_a_value_of_a_wrong_type_is_an_error_that_does_not_repeat_it(kind: ValueType, value: object) -> None:
    with pytest.raises(ValueTypeError, match=f"v:f .*{kind}") as caught:
        shape(value, feature(kind, Shapes()), PLAIN)
    assert repr(value) not in str(caught.value)
    assert isinstance(caught.value, ShapeError)


@pytest.mark.parametrize("form", [ReleaseForm.WITHHELD, ReleaseForm.TOKEN, ReleaseForm.MASKED, FLAG, BUCKET])
def test_a_form_without_a_shape_is_refused(form: ReleaseForm) -> None:
    with pytest.raises(FormNotShapedError, match=form):
        feature(STRING, Shapes()).shaper(form)


@given(st.lists(st.integers(-1000, 1000), min_size=1, max_size=8, unique=True), st.integers(-1100, 1100))
def test_every_integer_has_exactly_one_range(edges: list[int], value: int) -> None:
    ascending = sorted(edges)
    texts = tuple(map(str, ascending))
    released = shape(value, feature(INTEGER, ranges(*texts)), BUCKET)
    assert released == range_labels(texts)[bisect_right(ascending, value)]
    assert len(set(range_labels(texts))) == len(texts) + 1
