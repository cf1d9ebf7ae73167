"""The mapping of every regime to the five grades."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog import FORM_ORDER, Gbt43697, Jrt0171, Nfra, PiplKind, ReleaseForm, SensitiveKind
from catalog.grades import Classification, effective_grade, grade_parts

LOWEST = {"pipl": PiplKind.GENERAL, "jrt0197": 1, "jrt0171": Jrt0171.NONE}
CASES = [
    ({}, 2),
    ({"pipl": PiplKind.CAUTION}, 3),
    ({"pipl": PiplKind.SENSITIVE, "sensitive_kind": SensitiveKind.FINANCIAL}, 3),
    ({"pipl": PiplKind.SENSITIVE, "sensitive_kind": SensitiveKind.BIOMETRIC}, 4),
    ({"authentication": True}, 4),
    *(({"jrt0197": level}, max(level, 2)) for level in range(1, 6)),
    ({"jrt0171": Jrt0171.C1}, 2),
    ({"jrt0171": Jrt0171.C2}, 3),
    ({"jrt0171": Jrt0171.C3}, 4),
    ({"gbt45574": SensitiveKind.OTHER}, 3),
    ({"gbt45574": SensitiveKind.BIOMETRIC}, 4),
    ({"gbt43697": Gbt43697.GENERAL_1}, 2),
    ({"gbt43697": Gbt43697.GENERAL_4}, 4),
    ({"gbt43697": Gbt43697.IMPORTANT}, 5),
    ({"gbt43697": Gbt43697.CORE}, 5),
    ({"nfra": Nfra.OTHER}, 2),
    ({"nfra": Nfra.SENSITIVE}, 3),
    ({"nfra": Nfra.IMPORTANT}, 5),
    ({"nfra": Nfra.CORE}, 5),
    ({"jrt0197": 2, "jrt0171": Jrt0171.C1, "nfra": Nfra.SENSITIVE}, 3),
]

classifications = st.builds(
    Classification,
    pipl=st.sampled_from(PiplKind),
    jrt0197=st.integers(1, 5),
    jrt0171=st.sampled_from(Jrt0171),
    sensitive_kind=st.none() | st.sampled_from(SensitiveKind),
    gbt45574=st.none() | st.sampled_from(SensitiveKind),
    gbt43697=st.none() | st.sampled_from(Gbt43697),
    nfra=st.none() | st.sampled_from(Nfra),
    authentication=st.booleans(),
)


@pytest.mark.parametrize(("given", "grade"), CASES, ids=str)
def test_each_regime_maps_to_its_grade(given: dict[str, object], grade: int) -> None:
    assert effective_grade(Classification(**{**LOWEST, **given})) == grade  # type: ignore[arg-type]  # a table of parts


@given(classifications)
def test_the_effective_grade_is_the_highest_and_every_part_names_its_source(given: Classification) -> None:
    parts = grade_parts(given)
    assert effective_grade(given) == max(part.grade for part in parts)
    assert all(part.grade in range(1, 6) and part.source and part.given for part in parts)


def test_forms_are_ordered_from_withheld_to_plain() -> None:
    assert list(FORM_ORDER) == ["withheld", "flag", "bucket", "token", "masked", "plain"]
    assert all(stricter.strictness == milder.strictness + 1 for stricter, milder in pairwise(FORM_ORDER))
    assert all(milder.is_milder_than(stricter) for stricter, milder in pairwise(FORM_ORDER))
    assert not ReleaseForm.FLAG.is_milder_than(ReleaseForm.FLAG)


@given(st.lists(st.sampled_from(ReleaseForm), min_size=1))
def test_the_strictest_form_shows_least(forms: list[ReleaseForm]) -> None:
    strictest = ReleaseForm.strictest(*forms)
    assert strictest in forms
    assert not any(strictest.is_milder_than(form) for form in forms)


def test_without_any_rule_the_form_is_plain() -> None:
    assert ReleaseForm.strictest() is ReleaseForm.PLAIN
