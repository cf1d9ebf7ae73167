"""Which rows of a column are identifiers as they stand, and their canonical bytes.

Rules:
- a row passes here only if it is right beyond doubt and written canonically, or one step from it; all others take the
  scalar way, which knows every writing and every fault;
- what passes here is what `canonical_value` accepts, byte for byte; tests compare.
"""

from collections.abc import Callable, Collection
from datetime import date, timedelta
from functools import lru_cache
from typing import Final, TypeAlias

import numpy as np

from vault.bulk.blocks import Bytes, Words
from vault.bulk.checks import mod_11_2
from vault.bulk.text import Flags, Table, read_digits, read_numerals, table
from vault.fpe.layouts import ALNUM, FpeKind
from vault.fpe.plain import MOST_ALNUM, MOST_DIGITS
from vault.kinds import IdentifierKind
from vault.resident_id import EARLIEST

Reader: TypeAlias = Callable[[Bytes], tuple[Bytes, Flags]]

FIRST_YEAR: Final = EARLIEST.year
YEARS: Final = 300
MONTHS_AND_DAYS: Final = 1300
_PLUS_86: Final = np.frombuffer(b"+86", np.uint8)


def reader_of(of: str, width: int) -> Reader | None:
    """The reader of rows of one width; None where only the scalar way reads them."""
    reader, widths = _READERS.get(of, (None, ()))
    return reader if width in widths else None


def resident_ids(rows: Bytes) -> tuple[Bytes, Flags]:
    """18 characters with a right check character and a real birth date."""
    check, right = mod_11_2(rows)
    right &= rows[:, 17] == check
    right &= rows[:, 0] != ord("0")
    born, _ = read_digits(rows, 6, 8)
    right &= days_of(born) >= 0
    return rows, right


def mobiles(rows: Bytes) -> tuple[Bytes, Flags]:
    """A mainland mobile, with or without +86."""
    width = rows.shape[1]
    right = np.ones(len(rows), np.bool_)
    if width == 11:
        full = np.empty((len(rows), 14), np.uint8)
        full[:, :3] = _PLUS_86
        full[:, 3:] = rows
    else:
        full = rows
        right &= (rows[:, :3] == _PLUS_86).all(axis=1)
    right &= (full[:, 3] == ord("1")) & (full[:, 4] >= ord("3"))
    _, are_digits = read_digits(full, 3, 11)
    return full, right & are_digits


def cards(rows: Bytes) -> tuple[Bytes, Flags]:
    """13 to 19 digits that are not all zeros."""
    width = rows.shape[1]
    head, right = read_digits(rows, 0, min(16, width))
    total = head
    if width > 16:
        tail, tail_right = read_digits(rows, 16, width - 16)
        right &= tail_right
        total = head | tail
    return rows, right & (total != 0)


def passports(rows: Bytes) -> tuple[Bytes, Flags]:
    """Capital letters and digits, a digit among them."""
    _, right = read_numerals(rows, 0, rows.shape[1], ALNUM)
    return rows, right & (rows <= ord("9")).any(axis=1)


def digits(rows: Bytes) -> tuple[Bytes, Flags]:
    """Digits only."""
    right = np.ones(len(rows), np.bool_)
    for start in range(0, rows.shape[1], 8):
        right &= read_digits(rows, start, min(8, rows.shape[1] - start))[1]
    return rows, right


def alphanumerics(rows: Bytes) -> tuple[Bytes, Flags]:
    """Capital letters and digits."""
    return rows, read_numerals(rows, 0, rows.shape[1], ALNUM)[1]


def days_of(born: Words) -> Table:
    """Days since 1800-01-01 of dates written as eight digits; -1 where there is no such day before 2100."""
    year = born // np.uint64(10_000)
    within = born - year * np.uint64(10_000)
    fits = (year >= FIRST_YEAR) & (year < FIRST_YEAR + YEARS) & (within < MONTHS_AND_DAYS)
    place = (year - np.uint64(FIRST_YEAR)) * np.uint64(MONTHS_AND_DAYS) + within
    found: Table = np.where(fits, _days()[np.where(fits, place, np.uint64(0))], -1)
    return found


@lru_cache(maxsize=1)
def _days() -> Table:
    days = np.full(YEARS * MONTHS_AND_DAYS, -1, np.int64)
    for day in range((date(FIRST_YEAR + YEARS, 1, 1) - EARLIEST).days):
        at = EARLIEST + timedelta(days=day)
        days[(at.year - FIRST_YEAR) * MONTHS_AND_DAYS + at.month * 100 + at.day] = day
    return table(days, "i8")


_READERS: Final[dict[str, tuple[Reader, Collection[int]]]] = {
    IdentifierKind.RESIDENT_ID: (resident_ids, (18,)),
    IdentifierKind.MOBILE: (mobiles, (11, 14)),
    IdentifierKind.BANK_CARD: (cards, range(13, 20)),
    IdentifierKind.PASSPORT: (passports, range(5, 16)),
    FpeKind.DIGITS: (digits, range(6, MOST_DIGITS + 1)),
    FpeKind.ALPHANUMERIC: (alphanumerics, range(4, MOST_ALNUM + 1)),
}
