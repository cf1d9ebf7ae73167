"""Canonical forms: all writings of one identifier are equal, and nothing else is let in."""

from datetime import date
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tests.vault.support import vectors
from vault import (
    Fault,
    IdentifierKind,
    NotAnIdentifierError,
    UnknownKindError,
    canonical_form,
    check_character,
    passes_luhn,
    resident_id_birth_date,
)

CASES = vectors("canonical.json")
TODAY = date.fromisoformat(CASES["today"])
KINDS = st.sampled_from(IdentifierKind)


@pytest.mark.parametrize("case", CASES["equal"], ids=lambda case: f"{case['kind']}-{case['canonical']}")
def test_all_writings_of_an_identifier_have_one_form(case: dict[str, Any]) -> None:
    forms = {canonical_form(case["kind"], written, today=TODAY).reveal() for written in case["written"]}
    assert forms == {case["canonical"]}


def test_different_identifiers_have_different_forms() -> None:
    forms = {(case["kind"], case["canonical"]) for case in CASES["equal"] if case["canonical"] != "11010519491231002X"}
    assert len(forms) >= 24


@pytest.mark.parametrize("case", CASES["refused"], ids=lambda case: f"{case['kind']}-{case['fault']}")
def test_what_is_no_identifier_is_refused_by_what_is_wrong(case: dict[str, Any]) -> None:
    with pytest.raises(NotAnIdentifierError) as refusal:
        canonical_form(case["kind"], case["written"], today=TODAY)
    assert refusal.value.fault == case["fault"]
    assert refusal.value.kind == case["kind"]
    assert not case["written"] or case["written"] not in str(refusal.value)


@st.composite
def near_identifiers(draw: st.DrawFn) -> tuple[str, str]:
    """An identifier as written, or other letters, with strange text put in."""
    case = draw(st.sampled_from(CASES["equal"]))
    written = draw(st.one_of(st.sampled_from(case["written"]), st.text(st.characters(categories=["L", "M", "Zs"]))))
    at = draw(st.integers(0, len(written)))
    return case["kind"], written[:at] + draw(st.text(max_size=4)) + written[at:]


@given(near=near_identifiers())
def test_a_form_is_its_own_form(near: tuple[str, str]) -> None:
    kind, value = near
    try:
        form = canonical_form(kind, value)
    except NotAnIdentifierError:
        return
    assert canonical_form(kind, form).reveal() == form.reveal()


@given(kind=KINDS, value=st.one_of(st.none(), st.integers(), st.binary(), st.text(), st.lists(st.text())))
def test_any_value_gives_a_form_or_a_typed_refusal(kind: IdentifierKind, value: object) -> None:
    try:
        form = canonical_form(kind, value)
    except NotAnIdentifierError:
        return
    assert form.reveal()


def test_an_unknown_kind_is_refused() -> None:
    with pytest.raises(UnknownKindError):
        canonical_form("shoe_size", "42")


resident_ids = st.builds(
    lambda region, born, order: f"{region}{born:%Y%m%d}{order:03}",
    st.sampled_from(["110000", "330113", "500101", "810000", "820000", "830000", "911156"]),
    st.dates(date(1900, 1, 1), TODAY),
    st.integers(1, 995),
)


@given(body=resident_ids, position=st.integers(0, 16), digit=st.integers(1, 9))
def test_a_wrong_digit_in_a_resident_id_is_found(body: str, position: int, digit: int) -> None:
    number = body + check_character(body)
    assert canonical_form("resident_id", number.lower(), today=TODAY).reveal() == number
    wrong = number[:position] + str((int(number[position]) + digit) % 10) + number[position + 1 :]
    with pytest.raises(NotAnIdentifierError):
        canonical_form("resident_id", wrong, today=TODAY)


@given(body=resident_ids, position=st.integers(0, 15))
def test_swapped_neighbours_in_a_resident_id_are_found(body: str, position: int) -> None:
    number = body + check_character(body)
    assume(number[position] != number[position + 1])
    swapped = number[:position] + number[position + 1] + number[position] + number[position + 2 :]
    with pytest.raises(NotAnIdentifierError):
        canonical_form("resident_id", swapped, today=TODAY)


@given(body=resident_ids)
def test_the_birth_date_is_read_out_of_both_forms_of_a_resident_id(body: str) -> None:
    born = date(int(body[6:10]), int(body[10:12]), int(body[12:14]))
    assert resident_id_birth_date(body + check_character(body)) == born
    if born.year < 2000:
        assert resident_id_birth_date(body[:6] + body[8:]) == born


def test_the_birth_date_of_an_old_foreigners_permit_is_not_guessed() -> None:
    with pytest.raises(NotAnIdentifierError) as refusal:
        resident_id_birth_date("ABC110000900307")
    assert refusal.value.fault == Fault.AMBIGUOUS


def test_without_a_date_given_the_future_is_not_judged() -> None:
    body = "11000029990101001"
    assert canonical_form("resident_id", body + check_character(body))
    assert canonical_form("birth_date", "2999-01-01").reveal() == "2999-01-01"


@pytest.mark.parametrize(("digits", "passes"), [("6200000000000005", True), ("6200000000000006", False), ("0", True)])
def test_the_luhn_check_tells_a_wrong_digit(digits: str, *, passes: bool) -> None:
    assert passes_luhn(digits) is passes


WIDE = {ord(c): 0xFEE0 + ord(c) for c in "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz()-"}
KEEPS_CASE = {IdentifierKind.ACCOUNT}
KEEPS_SPACES = {IdentifierKind.ACCOUNT, IdentifierKind.EMAIL, IdentifierKind.NAME}


@given(case=st.sampled_from(CASES["equal"]), wide=st.booleans(), lower=st.booleans(), data=st.data())
def test_any_mixture_of_width_case_and_spaces_meets(
    case: dict[str, Any], wide: bool, lower: bool, data: st.DataObject
) -> None:
    """F41: however an identifier is typed, it is one."""
    kind = IdentifierKind(case["kind"])
    text = str(case["canonical"])
    if lower and kind not in KEEPS_CASE:
        text = text.lower()
    if wide:
        text = text.translate(WIDE)
    if kind not in KEEPS_SPACES:
        at = data.draw(st.integers(0, len(text)))
        text = text[:at] + data.draw(st.sampled_from(["", " ", "\u3000", "\u00a0", "\u200b"])) + text[at:]
    assert canonical_form(kind, f" {text}\n", today=TODAY).reveal() == case["canonical"]


@given(case=st.sampled_from(CASES["equal"]), at=st.integers(min_value=0), digit=st.sampled_from("0123456789"))
def test_another_digit_is_another_identifier_or_none(case: dict[str, Any], at: int, digit: str) -> None:
    text = str(case["canonical"])
    places = [place for place, character in enumerate(text) if character.isdigit()]
    assume(places)
    place = places[at % len(places)]
    other = text[:place] + digit + text[place + 1 :]
    assume(other != text)
    try:
        assert canonical_form(case["kind"], other, today=TODAY).reveal() != text
    except NotAnIdentifierError:
        assert True
