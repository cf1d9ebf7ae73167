"""Canonical JSON against an implementation of RFC 8785 by others."""

import json
import math
from enum import StrEnum
from typing import Any

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from catalog import CanonicalFormError, canonical, digest

texts = st.text(st.characters(exclude_categories=["Cs"]))
integers = st.integers(-(2**53) + 1, 2**53 - 1)
leaves = st.none() | st.booleans() | integers | texts
values = st.recursive(leaves, lambda inner: st.lists(inner) | st.dictionaries(texts, inner), max_leaves=40)


class Colour(StrEnum):
    RED = "red"


@given(values)
def test_the_bytes_are_those_of_rfc_8785(value: Any) -> None:
    assert canonical(value) == rfc8785.dumps(value)


@given(st.text(st.characters(max_codepoint=0x2FF)))
def test_control_characters_are_escaped_as_rfc_8785_says(text: str) -> None:
    assert canonical([text, {text: text}]) == rfc8785.dumps([text, {text: text}])


def test_every_character_of_the_basic_plane_is_written_as_rfc_8785_says() -> None:
    text = "".join(map(chr, [*range(0xD800), *range(0xE000, 0x10000)]))
    assert canonical(text) == rfc8785.dumps(text)


def test_keys_stand_in_the_order_of_utf_16_code_units() -> None:
    """The example of RFC 8785, 3.2.3: an emoji sorts before U+FB33, though its code point is higher."""
    keys = ["\u20ac", "\r", "\ufb33", "1", "\U0001f600", "\u0080", "\u00f6"]
    written = json.loads(canonical({"outer": [dict.fromkeys(keys, 1)]}))
    assert list(written["outer"][0]) == ["\r", "1", "\u0080", "\u00f6", "\u20ac", "\U0001f600", "\ufb33"]


@given(st.dictionaries(st.text(st.sampled_from("a\ue000\uffff\U00010000\U0010ffff"), max_size=3), integers))
def test_keys_beyond_the_basic_plane_agree_too(value: dict[str, int]) -> None:
    assert canonical({"inner": value}) == rfc8785.dumps({"inner": value})


def test_the_members_of_an_enumeration_and_tuples_are_written_as_what_they_hold() -> None:
    assert canonical({Colour.RED: (Colour.RED, 1)}) == b'{"red":["red",1]}'


@pytest.mark.parametrize(
    "value",
    [1.0, math.nan, [0.5], {"a": [{"b": 1.5}]}, b"x", {1, 2}, {1: 2}, object(), 2**53, [-(2**53)], "\ud800", 1j],
    ids=lambda value: "object" if type(value) is object else repr(value),
)
def test_what_has_no_canonical_form_is_refused(value: object) -> None:
    with pytest.raises(CanonicalFormError):
        canonical(value)


def test_depth_is_bounded() -> None:
    nested: list[Any] = []
    for _ in range(63):
        nested = [nested]
    assert canonical(nested) == b"[" * 64 + b"]" * 64
    with pytest.raises(CanonicalFormError, match="64 levels"):
        canonical([nested])
    nested.append(nested)
    with pytest.raises(CanonicalFormError, match="64 levels"):
        canonical(nested)


def test_the_digest_is_the_sha_256_of_the_bytes() -> None:
    assert digest({"b": 1, "a": [None, True]}) == "4497945677e3378613ba31b7012bfcc8501cd552059e322d3a96f72e35913ca7"


def test_an_error_never_repeats_the_value() -> None:
    with pytest.raises(CanonicalFormError) as caught:
        canonical({"id": ["\ud800 110101199003070000"]})
    assert "1101" not in str(caught.value)
