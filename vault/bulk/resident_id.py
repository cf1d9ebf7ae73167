"""Format-preserving tokens of columns of resident identity numbers: `vault.fpe.resident_id` on arrays."""

from functools import lru_cache
from typing import Final, final

import numpy as np

from vault.bulk.blocks import Bytes, Words
from vault.bulk.checks import mod_11_2
from vault.bulk.ff1 import ColumnFF1
from vault.bulk.text import Flags, Table, read_digits, table, word_at, write_digits
from vault.bulk.values import days_of
from vault.fpe.resident_id import ASSIGNED, DAYS, UNASSIGNED, WHOLE, WITHIN_BIRTH, WITHIN_REGION, BirthKeptId, Keep
from vault.secret import Keeper

WIDTH: Final = 18
_REGION_BYTES: Final = np.uint64(0x0000FFFFFFFFFFFF)
_PROVINCE: Final = np.uint64(10_000_000)


@final
class ColumnResidentIds(Keeper):
    """Tokens of 18-character numbers under one key and policy."""

    __slots__ = ("_ff1", "_keep")

    def __init__(self, key: bytes, keep: Keep) -> None:
        self._keep = keep
        match keep:
            case Keep.NOTHING:
                self._ff1 = ColumnFF1(key, WHOLE)
            case Keep.REGION:
                self._ff1 = ColumnFF1(key, WITHIN_REGION, 6)
            case Keep.BIRTH_DATE:
                self._ff1 = ColumnFF1(key, WITHIN_BIRTH, 8)

    def tokens(self, rows: Bytes) -> tuple[Bytes, Flags]:
        """The token of each row; says which rows have one. The others' tokens mean nothing."""
        region, right = read_digits(rows, 0, 6)
        born, born_right = read_digits(rows, 6, 8)
        order, order_right = read_digits(rows, 14, 3)
        check, check_right = mod_11_2(rows)
        right &= born_right & order_right & check_right & (rows[:, 17] == check)
        day = days_of(np.where(right, born, np.uint64(0)))
        province = _assigned()[np.where(right, region // np.uint64(10_000), np.uint64(0))]
        right &= (day >= 0) & (day < DAYS) & (province >= 0)
        out = np.empty_like(rows)
        days = np.where(right, day, 0).astype(np.uint64)
        match self._keep:
            case Keep.NOTHING:
                self._replace((region * np.uint64(DAYS) + days) * np.uint64(1000) + order, out)
            case Keep.REGION:
                self._keep_region(days * np.uint64(1000) + order, rows, out)
            case Keep.BIRTH_DATE:
                places = np.where(right, province, 0).astype(np.uint64)
                rest = (region % np.uint64(10_000)) * np.uint64(1000) + order
                self._keep_birth(places * _PROVINCE + rest, rows, out)
        out[:, 17] = mod_11_2(out)[0]
        return out, right

    def _replace(self, numbers: Words, out: Bytes) -> None:
        left, right = _halves(numbers, 7)
        self._ff1.encrypt(left, right)
        out[:, 0] = ord("8")
        write_digits(out, left, start=1, count=7)
        third = right // np.uint64(100_000)
        rest = right - third * np.uint64(100_000)
        write_digits(out, third, start=8, count=2)
        out[:, 10:12] = ord("9")
        write_digits(out, rest, start=12, count=5)

    def _keep_region(self, numbers: Words, rows: Bytes, out: Bytes) -> None:
        left, right = _halves(numbers, 4)
        self._ff1.encrypt(left, right, (word_at(rows, 0) & _REGION_BYTES).byteswap())
        out[:, :6] = rows[:, :6]
        write_digits(out, left, start=6, count=4)
        out[:, 10:12] = ord("9")
        high = right // np.uint64(100)
        write_digits(out, high, start=12, count=2)
        out[:, 14] = ord("0")
        write_digits(out, right - high * np.uint64(100), start=15, count=2)

    def _keep_birth(self, numbers: Words, rows: Bytes, out: Bytes) -> None:
        tweaks = word_at(rows, 6).byteswap()
        walking = np.arange(len(numbers))
        while len(walking):
            left, right = _halves(numbers[walking], 5)
            self._ff1.encrypt(left, right, tweaks[walking])
            numbers[walking] = left * np.uint64(100_000) + right
            walking = walking[numbers[walking] >= np.uint64(BirthKeptId.limit)]
        province = numbers // _PROVINCE
        rest = numbers - province * _PROVINCE
        write_digits(out, _unassigned()[province], start=0, count=2)
        write_digits(out, rest // np.uint64(1000), start=2, count=4)
        out[:, 6:14] = rows[:, 6:14]
        write_digits(out, rest % np.uint64(1000), start=14, count=3)


def _halves(numbers: Words, right_digits: int) -> tuple[Words, Words]:
    scale = np.uint64(10**right_digits)
    left = numbers // scale
    return left, numbers - left * scale


@lru_cache(maxsize=1)
def _assigned() -> Table:
    places = {code: place for place, code in enumerate(ASSIGNED)}
    return table([places.get(code, -1) for code in range(100)], "i8")


@lru_cache(maxsize=1)
def _unassigned() -> Table:
    return table(UNASSIGNED, "u8")
