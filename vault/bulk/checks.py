"""Check digits of many rows at once, from sums kept for every group of four digits."""

from functools import lru_cache
from typing import Final

import numpy as np

from vault.bulk.blocks import Bytes, Words
from vault.bulk.text import GROUP, Flags, Table, groups_of, read_digits, table

WEIGHTS: Final = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
CHECK_CHARACTERS: Final = b"10X98765432"
_BODY: Final = 17
_LARGEST_SUM: Final = 9 * sum(WEIGHTS)


def mod_11_2(rows: Bytes) -> tuple[Bytes, Flags]:
    """The check character (ISO 7064 MOD 11-2) of the first 17 digits of each row; says which rows have them."""
    head, head_right = read_digits(rows, 0, 8)
    tail, tail_right = read_digits(rows, 8, 8)
    last, last_right = read_digits(rows, 16, 1)
    total = last * np.uint64(WEIGHTS[16])
    for start, numbers in ((0, head), (8, tail)):
        low, high = groups_of(np.where(head_right & tail_right, numbers, np.uint64(0)), 8)
        total += _weighed(start)[high]
        total += _weighed(start + GROUP)[low]
    right = head_right & tail_right & last_right
    return _mod_11_2_characters()[np.where(right, total, np.uint64(0))], right


def luhn_sum(numbers: Words, digits: int) -> Words:
    """The Luhn sum of numbers of so many digits, the last of them the check digit."""
    sums = _luhn_sums()
    found = groups_of(numbers, digits)
    total = sums[found[0]].astype(np.uint64)
    for group in found[1:]:
        total += sums[group]
    return total


@lru_cache(maxsize=8)
def _weighed(start: int) -> Table:
    weights = WEIGHTS[start : start + GROUP]
    sums = [sum(w * int(d) for w, d in zip(weights, f"{number:04d}", strict=True)) for number in range(10**GROUP)]
    return table(sums, "u8")


@lru_cache(maxsize=1)
def _mod_11_2_characters() -> Table:
    return table([CHECK_CHARACTERS[total % 11] for total in range(_LARGEST_SUM + 1)], "u1")


@lru_cache(maxsize=1)
def _luhn_sums() -> Table:
    doubled = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)
    sums = [
        sum(doubled[int(d)] if place % 2 == 0 else int(d) for place, d in enumerate(f"{number:04d}"))
        for number in range(10**GROUP)
    ]
    return table(sums, "u8")
