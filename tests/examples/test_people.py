"""No example may name a real person, and no example may be refused for a wrong check digit."""

import csv
import re
from dataclasses import fields
from datetime import date
from pathlib import Path

import pytest

from examples.lender import HERE, LENDERS
from examples.people import AREA, CASTS, Person, birth_of, cast, id_check_digit, luhn_digit, person, read_people
from vault import IdentifierKind, canonical_form

# libphonenumber 9.0 for mainland mobiles; what it does not know was never given to a subscriber
ASSIGNED_MOBILES = re.compile(r"1(?:[38]\d|4[57]|[59][0-35-9]|6[25-7]|7[0-35-8])\d{8}")

PEOPLE = [one for lender in LENDERS for one in read_people(HERE / lender / "people.csv")]
CROWD = [person(i, key=f"c{i}", birth=birth_of(i, 21 + i % 59), sex="f" if i % 2 else "m") for i in range(1, 30_001, 7)]


def test_the_shipped_people_are_what_the_generator_makes() -> None:
    assert [one for lender in LENDERS for one in cast(lender)] == PEOPLE
    assert sorted(CASTS) == list(LENDERS)


@pytest.mark.parametrize("one", PEOPLE + CROWD[:50], ids=lambda one: one.key)
def test_every_number_has_its_right_check_digit(one: Person) -> None:
    assert id_check_digit(one.id_card_no[:17]) == one.id_card_no[17]
    assert luhn_digit(one.bank_card_no[:-1]) == one.bank_card_no[-1]
    kinds = {
        "id_card_no": IdentifierKind.RESIDENT_ID,
        "mobile_no": IdentifierKind.MOBILE,
        "bank_card_no": IdentifierKind.BANK_CARD,
        "full_name": IdentifierKind.NAME,
        "email": IdentifierKind.EMAIL,
        "home_address": IdentifierKind.ADDRESS,
        "device_fingerprint": IdentifierKind.DEVICE,
    }
    for name, kind in kinds.items():
        canonical_form(kind, one.identifiers[name])


def test_check_digits_agree_with_published_examples() -> None:
    assert id_check_digit("11010519491231002") == "X"
    assert luhn_digit("620000000000000") == "5"


def test_no_number_can_belong_to_anyone() -> None:
    for one in PEOPLE + CROWD:
        assert one.id_card_no.startswith(AREA)
        assert not ASSIGNED_MOBILES.fullmatch(one.mobile_no)
        assert one.bank_card_no.startswith("620000")
        assert one.email.endswith("@example.com")


def test_no_two_people_share_a_number() -> None:
    for name in ("id_card_no", "mobile_no", "bank_card_no", "device_fingerprint"):
        numbers = [getattr(one, name) for one in PEOPLE + CROWD]
        assert len(set(numbers)) == len(numbers), name


def test_a_resident_id_tells_the_birth_date_and_the_sex() -> None:
    one = person(41, key="one", birth=date(1990, 2, 3), sex="f")
    assert one.id_card_no[6:14] == "19900203"
    assert int(one.id_card_no[16]) % 2 == 0
    assert int(person(41, key="one", birth=date(1990, 2, 3), sex="m").id_card_no[16]) % 2 == 1


def test_a_generated_age_is_the_age_at_the_reference_date() -> None:
    for index in (0, 1, 58, 364, 365, 29_999):
        born = birth_of(index, 30)
        assert (
            date(born.year + 30, born.month, born.day) <= date(2026, 1, 1) < date(born.year + 31, born.month, born.day)
        )


def test_a_person_shows_no_number_when_printed() -> None:
    one = PEOPLE[0]
    assert repr(one) == f"Person(key='{one.key}')"


def test_the_child_of_the_third_story_is_under_fourteen_for_years_to_come() -> None:
    child = next(one for one in PEOPLE if one.key == "child")
    assert date.fromisoformat(child.birth_date).year + 14 >= 2033


@pytest.mark.parametrize("lender", LENDERS)
def test_people_files_have_the_columns_of_a_person(lender: str) -> None:
    with Path(HERE / lender / "people.csv").open(encoding="utf-8", newline="") as file:
        assert next(csv.reader(file)) == [column.name for column in fields(Person)]
