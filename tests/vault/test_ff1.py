"""FF1: the standard's samples, published edge cases, and the column implementation beside the scalar one."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.vault.support import vectors
from vault import DomainTooSmallError, NotInDomainError
from vault.bulk.ff1 import ColumnFF1
from vault.fpe import FF1, Domain, to_number, to_numerals

ALPHABET = "0123456789abcdefghijklmnopqrstuvwxyz"
KEY = bytes(range(32))
CASES = vectors("ff1.json")


def numerals(text: str) -> list[int]:
    return [ALPHABET.index(character) for character in text]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_published_vectors_hold_both_ways(case: dict[str, Any]) -> None:
    cipher = FF1(bytes.fromhex(case["key"]))
    tweak = bytes.fromhex(case["tweak"])
    made = cipher.encrypt_numerals(numerals(case["plain"]), case["radix"], tweak)
    assert "".join(ALPHABET[numeral] for numeral in made) == case["token"]
    assert cipher.decrypt_numerals(made, case["radix"], tweak) == numerals(case["plain"])


@pytest.mark.parametrize(
    ("radix", "length"), [(10, 5), (10, 1), (2, 19), (36, 3), (1, 50), (65537, 2), (10, 0)], ids=str
)
def test_a_domain_below_a_million_is_refused(radix: int, length: int) -> None:
    with pytest.raises(DomainTooSmallError):
        Domain(radix, length)


@pytest.mark.parametrize(("radix", "length"), [(10, 6), (2, 20), (36, 4), (65536, 2)], ids=str)
def test_a_domain_of_a_million_is_taken(radix: int, length: int) -> None:
    domain = Domain(radix, length)
    cipher = FF1(KEY)
    assert {cipher.decrypt(cipher.encrypt(n, domain), domain) for n in (0, 1, domain.size - 1)} == {
        0,
        1,
        domain.size - 1,
    }


@pytest.mark.parametrize("number", [-1, 10**6])
def test_a_number_outside_the_domain_is_refused_not_reduced(number: int) -> None:
    for work in (FF1(KEY).encrypt, FF1(KEY).decrypt):
        with pytest.raises(NotInDomainError):
            work(number, Domain(10, 6))


def test_a_numeral_that_is_none_and_a_tweak_that_is_too_long_are_refused() -> None:
    with pytest.raises(NotInDomainError):
        FF1(KEY).encrypt_numerals([1, 2, 3, 4, 5, 10], 10)
    with pytest.raises(NotInDomainError):
        FF1(KEY).encrypt(1, Domain(10, 6), bytes((1 << 16) + 1))


def test_a_key_of_no_aes_size_is_refused() -> None:
    with pytest.raises(ValueError, match="key size"):
        FF1(bytes(20))


@settings(deadline=None, max_examples=60)
@given(data=st.data())
def test_columns_and_single_messages_agree(data: st.DataObject) -> None:
    radix, length, tweak_b = data.draw(
        st.sampled_from(
            [
                (10, 6, 6),
                (10, 9, 8),
                (10, 14, 0),
                (10, 18, 0),
                (10, 28, 3),
                (36, 7, 0),
                (36, 18, 0),
                (34, 6, 6),
                (62, 9, 1),
            ]
        )
    )
    domain = Domain(radix, length)
    numbers = [*data.draw(st.lists(st.integers(0, domain.size - 1), min_size=1, max_size=20)), 0, domain.size - 1]
    tweaks = [data.draw(st.binary(min_size=tweak_b, max_size=tweak_b)) for _ in numbers]
    scale = radix**domain.right
    left = np.array([n // scale for n in numbers], np.uint64)
    right = np.array([n % scale for n in numbers], np.uint64)
    words = np.array([int.from_bytes(tweak.ljust(8, b"\0"), "big") for tweak in tweaks], np.uint64) if tweak_b else None
    column = ColumnFF1(KEY, domain, tweak_b)
    column.encrypt(left, right, words)
    made = [int(a) * scale + int(b) for a, b in zip(left, right, strict=True)]
    assert made == [FF1(KEY).encrypt(n, domain, tweak) for n, tweak in zip(numbers, tweaks, strict=True)]
    column.decrypt(left, right, words)
    assert [int(a) * scale + int(b) for a, b in zip(left, right, strict=True)] == numbers


def test_columns_longer_than_a_piece_agree_at_its_edges() -> None:
    domain = Domain(10, 14)
    numbers = range(20_000)
    left, right = (np.array([divmod(n, 10**7)[side] for n in numbers], np.uint64) for side in (0, 1))
    ColumnFF1(KEY, domain).encrypt(left, right)
    for place in (0, 8191, 8192, 16_383, 16_384, 19_999):
        assert int(left[place]) * 10**7 + int(right[place]) == FF1(KEY).encrypt(place, domain)


@pytest.mark.parametrize(
    ("domain", "tweak_b"), [(Domain(10, 40), 0), (Domain(10, 14), 9), (Domain(36, 21), 0)], ids=str
)
def test_what_columns_cannot_do_exactly_they_refuse(domain: Domain, tweak_b: int) -> None:
    with pytest.raises(NotInDomainError):
        ColumnFF1(KEY, domain, tweak_b)


@given(st.integers(2, 62), st.data())
def test_numbers_and_numerals_are_two_writings_of_one_message(radix: int, data: st.DataObject) -> None:
    length = next(n for n in range(1, 21) if radix**n >= 10**6)
    domain = Domain(radix, length)
    number = data.draw(st.integers(0, domain.size - 1))
    assert to_number(to_numerals(number, domain), radix) == number
