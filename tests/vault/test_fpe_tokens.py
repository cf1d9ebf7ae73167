"""Format-preserving tokens: one to one, recognisable, never a value of their kind."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.vault.identifiers import POLICIES, VALUES
from tests.vault.support import vectors
from vault import (
    DomainTooSmallError,
    FpeKind,
    IdentifierKind,
    Keep,
    NotAnIdentifierError,
    NotTokenisableError,
    TokenSpecError,
    canonical_form,
    check_character,
    is_fpe_token,
    passes_luhn,
)
from vault.fpe import FpeCipher, layout_of
from vault.fpe.phones_and_cards import ISSUERS, with_luhn

KEY = bytes(range(32))
each_policy = pytest.mark.parametrize(("kind", "keep"), POLICIES, ids=str)


def cipher(kind: FpeKind, keep: Keep = Keep.NOTHING) -> FpeCipher:
    return FpeCipher(KEY, layout_of(kind, keep))


@pytest.mark.parametrize("case", vectors("fpe.json"), ids=lambda case: f"{case['kind']}-{case['keep']}-{case['value']}")
def test_tokens_are_the_published_ones(case: dict[str, Any]) -> None:
    maker = FpeCipher(bytes.fromhex(case["key"]), layout_of(FpeKind(case["kind"]), Keep(case["keep"])))
    assert maker.tokenise(case["value"]) == case["token"]
    assert maker.reveal(case["token"]) == case["value"]


@each_policy
@settings(deadline=None, max_examples=50)
@given(data=st.data())
def test_a_token_is_undone_recognised_and_no_value_of_its_kind(kind: FpeKind, keep: Keep, data: st.DataObject) -> None:
    value = data.draw(VALUES[kind])
    maker = cipher(kind, keep)
    token = maker.tokenise(value)
    assert maker.reveal(token) == value
    assert is_fpe_token(kind, token)
    assert not is_fpe_token(kind, value.removeprefix("+86"))
    for policy in (Keep.NOTHING, keep):
        with pytest.raises(NotTokenisableError):  # a token is no value, under any policy
            cipher(kind, policy).tokenise(token)


@settings(deadline=None, max_examples=300)
@given(VALUES[FpeKind.RESIDENT_ID], st.sampled_from([Keep.NOTHING, Keep.REGION]), st.binary(min_size=32, max_size=32))
def test_a_replaced_number_is_refused_where_numbers_of_persons_are_read(value: str, keep: Keep, key: bytes) -> None:
    token = FpeCipher(key, layout_of(FpeKind.RESIDENT_ID, keep)).tokenise(value)
    assert len(token) == 18
    assert check_character(token[:17]) == token[17]
    assert (token[:6] == value[:6]) >= (keep is Keep.REGION)
    with pytest.raises(NotAnIdentifierError) as refused:
        canonical_form(IdentifierKind.RESIDENT_ID, token)
    assert refused.value.fault == "date"


@settings(deadline=None, max_examples=300)
@given(VALUES[FpeKind.RESIDENT_ID], st.binary(min_size=32, max_size=32))
def test_a_number_with_its_birth_date_kept_lies_in_a_province_that_never_was(value: str, key: bytes) -> None:
    token = FpeCipher(key, layout_of(FpeKind.RESIDENT_ID, Keep.BIRTH_DATE)).tokenise(value)
    assert token[6:14] == value[6:14]
    assert check_character(token[:17]) == token[17]
    assert int(token[:2]) not in {*range(11, 16), *range(21, 24), *range(31, 38), *range(41, 47), *range(50, 55)}
    assert int(token[:2]) not in {*range(61, 66), 71, 81, 82, 83, *range(90, 100)}


@settings(deadline=None, max_examples=100)
@given(VALUES[FpeKind.BANK_CARD])
def test_a_card_token_keeps_length_and_issuer_and_passes_luhn(value: str) -> None:
    token = cipher(FpeKind.BANK_CARD).tokenise(value)
    assert len(token) == len(value)
    assert passes_luhn(token)
    assert token[0] in "017"
    assert token[:6] == ISSUERS[value[:2]] + value[2:6]


def test_no_two_issuers_share_a_mark_and_no_mark_is_an_issuer() -> None:
    assert len(set(ISSUERS.values())) == len(ISSUERS)
    assert not set(ISSUERS.values()) & set(ISSUERS)


@settings(deadline=None, max_examples=100)
@given(VALUES[FpeKind.MOBILE])
def test_a_mobile_token_is_read_as_no_mobile(value: str) -> None:
    token = cipher(FpeKind.MOBILE).tokenise(value)
    assert len(token) == 11
    with pytest.raises(NotAnIdentifierError):
        canonical_form(IdentifierKind.MOBILE, token)


@settings(deadline=None, max_examples=100)
@given(VALUES[FpeKind.PLATE])
def test_a_plate_token_keeps_length_and_special_use(value: str) -> None:
    token = cipher(FpeKind.PLATE).tokenise(value)
    assert len(token) == len(value)
    assert (value[-1] in "学警港澳挂") == (token[-1] in "学警港澳挂")
    assert not set("IO") & set(token)


REFUSED = [
    (FpeKind.RESIDENT_ID, "not a number", "shape"),
    (FpeKind.RESIDENT_ID, "110105194912310021", "check_digit"),
    (FpeKind.RESIDENT_ID, "ABC123456789012", "shape"),
    (FpeKind.RESIDENT_ID, "18010519491231002" + check_character("18010519491231002"), "region"),
    (FpeKind.RESIDENT_ID, "11010520991231002" + check_character("11010520991231002"), "date"),
    (FpeKind.RESIDENT_ID, "11010519490230002" + check_character("11010519490230002"), "date"),
    (FpeKind.MOBILE, "+85261234567", "foreign"),
    (FpeKind.MOBILE, "13800138000", "foreign"),
    (FpeKind.BANK_CARD, "6200000000000004", "check_digit"),
    (FpeKind.BANK_CARD, "6200", "shape"),
    (FpeKind.BANK_CARD, with_luhn("220000000000000"), "prefix"),
    (FpeKind.PASSPORT, "123456789", "shape"),
    (FpeKind.PLATE, "京I12345", "shape"),
    (FpeKind.PLATE, "京A1234", "shape"),
    (FpeKind.PLATE, "京A12345港", "shape"),
    (FpeKind.DIGITS, "12345a", "characters"),
    (FpeKind.DIGITS, "", "characters"),
    (FpeKind.DIGITS, "1" * 29, "length"),
    (FpeKind.ALPHANUMERIC, "abcdef", "characters"),
    (FpeKind.ALPHANUMERIC, "A" * 19, "length"),
]


@pytest.mark.parametrize(("kind", "value", "fault"), REFUSED, ids=str)
def test_what_has_no_place_in_a_layout_is_refused_without_being_shown(kind: FpeKind, value: str, fault: str) -> None:
    with pytest.raises(NotTokenisableError) as refused:
        cipher(kind).tokenise(value)
    assert refused.value.fault == fault
    assert not value or value not in str(refused.value)


@pytest.mark.parametrize(("kind", "value"), [(FpeKind.DIGITS, "12345"), (FpeKind.ALPHANUMERIC, "AB1")])
def test_a_value_of_a_small_domain_is_refused(kind: FpeKind, value: str) -> None:
    with pytest.raises(DomainTooSmallError):
        cipher(kind).tokenise(value)


@each_policy
def test_what_is_no_token_is_revealed_by_nobody(kind: FpeKind, keep: Keep) -> None:
    for text in ("", "x", "11010519491231002X", "13800138000", "6200000000000005", "E12345678", "京A12345", "0T"):
        if kind in {FpeKind.DIGITS, FpeKind.ALPHANUMERIC} or not is_fpe_token(kind, text):
            with pytest.raises((NotTokenisableError, DomainTooSmallError)):
                cipher(kind, keep).reveal(text)


def test_a_token_of_the_right_form_that_stands_for_nothing_is_refused() -> None:
    """Most texts of a token's form come from no value: the form has room to spare."""
    refusals = 0
    for account in range(40):
        try:
            cipher(FpeKind.MOBILE).reveal(f"2{account:010d}")
        except NotTokenisableError as error:
            refusals += error.fault == "not_a_token"
    assert 0 < refusals < 40


@pytest.mark.parametrize("kind", [kind for kind in FpeKind if kind is not FpeKind.RESIDENT_ID])
@pytest.mark.parametrize("keep", [Keep.REGION, Keep.BIRTH_DATE])
def test_only_resident_numbers_keep_a_part_by_policy(kind: FpeKind, keep: Keep) -> None:
    with pytest.raises(TokenSpecError):
        layout_of(kind, keep)
