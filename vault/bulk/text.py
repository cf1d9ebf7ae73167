"""Digits and characters of many rows at once: rows of equal length as a matrix of bytes.

Rules:
- a matrix is contiguous, rows of ASCII or UTF-8 bytes; eight digits are read by three multiplications of a word;
- reading never guesses: each reader says which rows are not what it reads, and their numbers mean nothing.
"""

from functools import lru_cache
from typing import Any, Final, TypeAlias

import numpy as np

from vault.bulk.blocks import Bytes, Words

Flags: TypeAlias = np.ndarray[Any, np.dtype[np.bool_]]
Table: TypeAlias = np.ndarray[Any, np.dtype[Any]]

GROUP: Final = 4
WORD_DIGITS: Final = 8
_ZEROS: Final = 0x3030303030303030
_HIGH: Final = np.uint64(0xF0F0F0F0F0F0F0F0)
_ALL: Final = 0xFFFFFFFFFFFFFFFF
_SIXES: Final = np.uint64(0x0606060606060606)


def word_at(rows: Bytes, start: int) -> Words:
    """The eight bytes of each row from ``start`` on, as they stand in memory; shorter rows are filled with zeros."""
    count, width = rows.shape
    if width >= WORD_DIGITS:
        begin = min(start, width - WORD_DIGITS)
        view = np.ndarray((count,), "<u8", rows, begin, (width,))
        word = view.astype(np.uint64)
        return word if begin == start else word >> np.uint64(8 * (start - begin))
    padded = np.zeros((count, WORD_DIGITS), np.uint8)
    padded[:, : width - start] = rows[:, start:]
    return padded.view("<u8")[:, 0].astype(np.uint64)


def read_digits(rows: Bytes, start: int, count: int) -> tuple[Words, Flags]:
    """Read up to 16 digits of each row as a number; says which rows have only digits there."""
    if count > WORD_DIGITS:
        head, head_right = read_digits(rows, start, count - WORD_DIGITS)
        tail, tail_right = read_digits(rows, start + count - WORD_DIGITS, WORD_DIGITS)
        return head * np.uint64(10**WORD_DIGITS) + tail, head_right & tail_right
    shift = np.uint64(8 * (WORD_DIGITS - count))
    word = word_at(rows, start) << shift
    word |= np.uint64(_ZEROS & ((1 << int(shift)) - 1))
    right = ((word & _HIGH) == np.uint64(_ZEROS)) & (((word + _SIXES) & _HIGH) == np.uint64(_ZEROS))
    word &= np.uint64(0x0F0F0F0F0F0F0F0F)
    word = (word * np.uint64(2561)) >> np.uint64(8)
    word = ((word & np.uint64(0x00FF00FF00FF00FF)) * np.uint64(6553601)) >> np.uint64(16)
    word = ((word & np.uint64(0x0000FFFF0000FFFF)) * np.uint64(42949672960001)) >> np.uint64(32)
    return word, right


def write_digits(rows: Bytes, numbers: Words, *, start: int, count: int) -> None:
    """Write numbers as so many digits into each row."""
    left = numbers
    place = start + count
    while place > start:
        size = min(GROUP, place - start)
        if place - start > GROUP:
            rest = left // np.uint64(10**GROUP)
            group = left - rest * np.uint64(10**GROUP)
            left = rest
        else:
            group = left
        place -= size
        rows[:, place : place + size] = _written()[group][:, GROUP - size :]


def groups_of(numbers: Words, digits: int) -> list[Words]:
    """Split numbers of so many digits into groups of four, the last one first."""
    found = []
    for _ in range(-(-digits // GROUP) - 1):
        rest = numbers // np.uint64(10**GROUP)
        found.append(numbers - rest * np.uint64(10**GROUP))
        numbers = rest
    return [*found, numbers]


def read_numerals(rows: Bytes, start: int, count: int, alphabet: str) -> tuple[Words, Flags]:
    """Read characters of an alphabet as a number of its radix; says which rows have only those there."""
    places = _places(alphabet)
    number = np.zeros(len(rows), np.uint64)
    right = np.ones(len(rows), np.bool_)
    for column in range(start, start + count):
        numeral = places[rows[:, column]]
        right &= numeral < len(alphabet)
        number = number * np.uint64(len(alphabet)) + numeral
    return number, right


def write_numerals(rows: Bytes, numbers: Words, *, start: int, count: int, alphabet: str) -> None:
    """Write numbers in an alphabet into each row."""
    characters = np.frombuffer(alphabet.encode(), np.uint8)
    for column in range(start + count - 1, start - 1, -1):
        rest = numbers // np.uint64(len(alphabet))
        rows[:, column] = characters[numbers - rest * np.uint64(len(alphabet))]
        numbers = rest


def table(entries: Any, kind: str) -> Table:
    """A table that nobody can change."""
    made = np.array(entries, dtype=kind)
    made.setflags(write=False)
    return made


@lru_cache(maxsize=1)
def _written() -> Table:
    """The four characters of every number below ten thousand."""
    return table([list(f"{number:04d}".encode()) for number in range(10**GROUP)], "u1")


@lru_cache(maxsize=8)
def _places(alphabet: str) -> Table:
    """Byte -> place in the alphabet; 255 for bytes that are not in it."""
    places = [255] * 256
    for place, character in enumerate(alphabet):
        places[ord(character)] = place
    return table(places, "u8")
