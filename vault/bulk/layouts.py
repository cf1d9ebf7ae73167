"""Format-preserving tokens of columns of phones, cards, papers, digits and letters: `vault.fpe` on arrays."""

from collections.abc import Callable
from functools import lru_cache
from typing import Final, Protocol, TypeAlias, final

import numpy as np

from vault.bulk.blocks import Bytes, Words
from vault.bulk.checks import luhn_sum
from vault.bulk.ff1 import ColumnFF1
from vault.bulk.resident_id import ColumnResidentIds
from vault.bulk.text import (
    Flags,
    Table,
    read_digits,
    read_numerals,
    table,
    word_at,
    write_digits,
    write_numerals,
)
from vault.fpe.ff1 import Domain
from vault.fpe.layouts import ALNUM, FpeKind
from vault.fpe.papers import PASSPORT_MARK, PASSPORTS
from vault.fpe.phones_and_cards import ISSUER_DIGITS, ISSUERS, NUMBERS
from vault.fpe.plain import ALNUM_MARK, DIGITS_MARK, MOST_ALNUM, MOST_DIGITS
from vault.fpe.resident_id import Keep

Made: TypeAlias = tuple[Bytes, Flags]
_ISSUER_BYTES: Final = np.uint64(0x0000FFFFFFFFFFFF)


class ColumnLayout(Protocol):
    """Makes tokens of rows of one width, a piece at a time."""

    def tokens(self, rows: Bytes) -> Made:
        """The token of each row, and which rows have one."""
        ...


def column_layout(kind: FpeKind, keep: Keep, *, key: bytes, width: int) -> ColumnLayout | None:
    """The layout for rows of one width in bytes; None where only the scalar way reads them."""
    make = _MAKERS.get(kind)
    if kind is FpeKind.RESIDENT_ID:
        return ColumnResidentIds(key, keep) if width == 18 else None
    return None if make is None else make(key, width)


@final
class Mobiles:
    """11 digits, with or without +86 before them."""

    def __init__(self, key: bytes, width: int) -> None:
        self._ff1 = ColumnFF1(key, NUMBERS)
        self._start = width - 11

    def tokens(self, rows: Bytes) -> Made:
        """The token of each row, and which rows have one."""
        numbers, right = read_digits(rows, self._start + 1, 10)
        right &= (rows[:, self._start] == ord("1")) & (rows[:, self._start + 1] >= ord("3"))
        for place, character in enumerate(b"+86"[: self._start]):
            right &= rows[:, place] == character
        left, low = _halves(np.where(right, numbers, np.uint64(0)), NUMBERS)
        self._ff1.encrypt(left, low)
        out = np.empty((len(rows), 11), np.uint8)
        out[:, 0] = ord("2")
        write_digits(out, left, start=1, count=5)
        write_digits(out, low, start=6, count=5)
        return out, right


@final
class Cards:
    """13 to 19 digits with a right Luhn digit."""

    def __init__(self, key: bytes, width: int) -> None:
        self._account = width - ISSUER_DIGITS - 1
        self._domain = Domain(10, self._account)
        self._ff1 = ColumnFF1(key, self._domain, ISSUER_DIGITS)

    def tokens(self, rows: Bytes) -> Made:
        """The token of each row, and which rows have one."""
        issuer, right = read_digits(rows, 0, ISSUER_DIGITS)
        account, account_right = read_digits(rows, ISSUER_DIGITS, self._account)
        check, check_right = read_digits(rows, rows.shape[1] - 1, 1)
        right &= account_right & check_right
        issuer, account = (np.where(right, part, np.uint64(0)) for part in (issuer, account))
        head = issuer // np.uint64(10_000)
        mapped = _issuers()[head]
        right &= (mapped >= 0) & ((self._sum(issuer, account) + check) % np.uint64(10) == 0)
        issuer = np.where(right, mapped, 0).astype(np.uint64) * np.uint64(10_000) + issuer % np.uint64(10_000)
        left, low = _halves(account, self._domain)
        self._ff1.encrypt(left, low, (word_at(rows, 0) & _ISSUER_BYTES).byteswap())
        account = left * np.uint64(10**self._domain.right) + low
        out = np.empty_like(rows)
        write_digits(out, issuer, start=0, count=ISSUER_DIGITS)
        write_digits(out, account, start=ISSUER_DIGITS, count=self._account)
        due = (np.uint64(10) - self._sum(issuer, account) % np.uint64(10)) % np.uint64(10)
        out[:, -1] = due + np.uint64(ord("0"))
        return out, right

    def _sum(self, issuer: Words, account: Words) -> Words:
        """The Luhn sum of a number whose check digit is 0."""
        shifted = np.uint64(10)
        rest = luhn_sum(account * shifted, self._account + 1)
        is_odd = (self._account + 1) % 2  # the issuer then begins at a doubled place
        return rest + luhn_sum(issuer * shifted if is_odd else issuer, ISSUER_DIGITS + is_odd)


@final
class Passports:
    """A letter, a letter or digit, seven digits."""

    def __init__(self, key: bytes, width: int) -> None:
        del width
        self._ff1 = ColumnFF1(key, PASSPORTS)

    def tokens(self, rows: Bytes) -> Made:
        """The token of each row, and which rows have one."""
        letter, right = read_numerals(rows, 0, 1, ALNUM[10:])
        second, second_right = read_numerals(rows, 1, 1, ALNUM)
        digits, digits_right = read_digits(rows, 2, 7)
        right &= second_right & digits_right
        numbers = (letter * np.uint64(36) + second) * np.uint64(10**7) + digits
        left, low = _halves(np.where(right, numbers, np.uint64(0)), PASSPORTS)
        self._ff1.encrypt(left, low)
        out = np.empty_like(rows)
        out[:, :2] = np.frombuffer(PASSPORT_MARK.encode(), np.uint8)
        write_numerals(out, left, start=2, count=PASSPORTS.left, alphabet=ALNUM)
        write_numerals(out, low, start=2 + PASSPORTS.left, count=PASSPORTS.right, alphabet=ALNUM)
        return out, right


@final
class PlainColumn:
    """Strings of one alphabet; the token is one character longer."""

    def __init__(self, key: bytes, width: int, *, alphabet: str, mark: str) -> None:
        self._alphabet = alphabet
        self._mark = ord(mark)
        self._domain = Domain(len(alphabet), width)
        self._ff1 = ColumnFF1(key, self._domain)

    def tokens(self, rows: Bytes) -> Made:
        """The token of each row, and which rows have one."""
        left, right = self._read(rows, 0, self._domain.left)
        low, low_right = self._read(rows, self._domain.left, self._domain.right)
        right &= low_right
        left, low = (np.where(right, half, np.uint64(0)) for half in (left, low))
        self._ff1.encrypt(left, low)
        out = np.empty((len(rows), rows.shape[1] + 1), np.uint8)
        out[:, 0] = self._mark
        self._write(out, left, start=1, count=self._domain.left)
        self._write(out, low, start=1 + self._domain.left, count=self._domain.right)
        return out, right

    def _read(self, rows: Bytes, start: int, count: int) -> tuple[Words, Flags]:
        if len(self._alphabet) == 10:
            return read_digits(rows, start, count)
        return read_numerals(rows, start, count, self._alphabet)

    def _write(self, out: Bytes, numbers: Words, *, start: int, count: int) -> None:
        if len(self._alphabet) == 10:
            write_digits(out, numbers, start=start, count=count)
        else:
            write_numerals(out, numbers, start=start, count=count, alphabet=self._alphabet)


def _mobiles(key: bytes, width: int) -> ColumnLayout | None:
    return Mobiles(key, width) if width in {11, 14} else None


def _cards(key: bytes, width: int) -> ColumnLayout | None:
    return Cards(key, width) if 13 <= width <= 19 else None


def _passports(key: bytes, width: int) -> ColumnLayout | None:
    return Passports(key, width) if width == 9 else None


def _digits(key: bytes, width: int) -> ColumnLayout | None:
    return PlainColumn(key, width, alphabet=ALNUM[:10], mark=DIGITS_MARK) if 6 <= width <= MOST_DIGITS else None


def _alphanumerics(key: bytes, width: int) -> ColumnLayout | None:
    return PlainColumn(key, width, alphabet=ALNUM, mark=ALNUM_MARK) if 4 <= width <= MOST_ALNUM else None


_MAKERS: Final[dict[FpeKind, Callable[[bytes, int], ColumnLayout | None]]] = {
    FpeKind.MOBILE: _mobiles,
    FpeKind.BANK_CARD: _cards,
    FpeKind.PASSPORT: _passports,
    FpeKind.DIGITS: _digits,
    FpeKind.ALPHANUMERIC: _alphanumerics,
}


def _halves(numbers: Words, domain: Domain) -> tuple[Words, Words]:
    scale = np.uint64(domain.radix**domain.right)
    left = numbers // scale
    return left, numbers - left * scale


@lru_cache(maxsize=1)
def _issuers() -> Table:
    return table([int(ISSUERS.get(f"{code:02d}", "-1")) for code in range(100)], "i8")
