"""Masks: golden vectors, and that they show little."""

from typing import Any

import pytest

from tests.vault.support import vectors
from vault import IdentifierKind, NotAnIdentifierError, UnknownKindError, mask

MASKS = vectors("masks.json")["masks"]
EQUAL = vectors("canonical.json")["equal"]


@pytest.mark.parametrize("case", MASKS, ids=lambda case: f"{case['kind']}-{case['masked']}")
def test_masks_are_the_published_ones(case: dict[str, Any]) -> None:
    assert mask(case["kind"], case["value"]) == case["masked"]


def test_every_kind_has_a_published_mask() -> None:
    assert {case["kind"] for case in MASKS} == set(IdentifierKind)


@pytest.mark.parametrize("case", EQUAL, ids=lambda case: f"{case['kind']}-{case['canonical']}")
def test_all_writings_of_an_identifier_mask_alike_and_hide_something(case: dict[str, Any]) -> None:
    masked = {mask(case["kind"], written) for written in case["written"]}
    assert len(masked) == 1
    assert "*" in masked.pop()


def test_what_cannot_be_masked_is_refused_and_not_shown() -> None:
    with pytest.raises(NotAnIdentifierError):
        mask("mobile", "12345")
    with pytest.raises(UnknownKindError):
        mask("shoe_size", "42")
