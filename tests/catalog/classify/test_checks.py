"""Check digits against the standards' own examples."""

import pytest

from catalog.classify.values import checks
from tests.evaluation import numbers
from tests.evaluation.cells import rng_of


@pytest.mark.parametrize(
    ("check", "right"),
    [
        (checks.mod_11_2, "11010519491231002X"),
        (checks.mod_31, "91350100M000100Y43"),
        (checks.organisation, "M000100Y4"),
        (checks.luhn, "490154203237518"),
        (checks.luhn, "6200000000000005"),
        (checks.hong_kong, "A1234563"),
        (checks.hong_kong, "L5555550"),
        (checks.taiwan, "A123456789"),
        (checks.vin, "1M8GDM9AXKP042788"),
    ],
)
def test_a_standards_example_passes_and_no_other_last_sign_does(check, right: str) -> None:
    assert check(right)
    place = 8 if check is checks.vin else len(right) - 1
    others = [right[:place] + sign + right[place + 1 :] for sign in "0123456789" if sign != right[place]]
    assert not any(check(other) for other in others)


def test_a_fifteen_digit_number_gets_the_check_character_of_its_eighteen_digit_form() -> None:
    assert checks.id_check("11010519491231002") == "X"


@pytest.mark.parametrize(
    ("check", "chance"), [(checks.mod_11_2, 1 / 11), (checks.luhn, 1 / 10)], ids=["mod_11_2", "luhn"]
)
def test_random_numbers_pass_as_often_as_chance_says(check, chance: float) -> None:
    rng = rng_of("chance", check.__name__)
    passed = sum(check(numbers.digits(rng, 18)) for _ in range(4000)) / 4000
    assert abs(passed - chance) < 0.02
