"""Check digits: each function says whether a value, already of the right shape, checks out.

Shape: compact upper-case ASCII. Chance: the share of random values of the shape that would pass.

| check | chance | standard |
| --- | --- | --- |
| mod_11_2 | 1/11 | GB 11643-1999 (ISO 7064 MOD 11-2) |
| mod_31 | 1/31 | GB 32100-2015 |
| organisation | 1/11 | GB 11714-1997 |
| luhn | 1/10 | ISO/IEC 7812-1 annex B |
| hong_kong | 1/11 | HKID check digit |
| taiwan | 1/10 | Taiwan ID check digit |
| vin | 1/11 | GB 16735-2019 |
"""

from typing import Final

_ID_WEIGHTS: Final = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_ID_CHECKS: Final = "10X98765432"
_USCC: Final = {sign: place for place, sign in enumerate("0123456789ABCDEFGHJKLMNPQRTUWXY")}
_USCC_WEIGHTS: Final = tuple(pow(3, place, 31) for place in range(17))
_ORGANISATION: Final = (3, 7, 9, 10, 5, 8, 4, 2)
_DOUBLED: Final = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)
_TAIWAN: Final = dict(zip("ABCDEFGHJKLMNPQRSTUVXYWZIO", range(10, 36), strict=True))
_VIN: Final = dict(
    zip("0123456789ABCDEFGHJKLMNPRSTUVWXYZ", (*range(10), *range(1, 9), *range(1, 6), 7, 9, *range(2, 10)), strict=True)
)
_VIN_WEIGHTS: Final = (8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2)


def mod_11_2(value: str) -> bool:
    """18 characters: 17 digits and a digit or X."""
    return id_check(value[:17]) == value[17]


def id_check(digits: str) -> str:
    """Return the check character of 17 digits."""
    return _ID_CHECKS[sum(int(digit) * weight for digit, weight in zip(digits, _ID_WEIGHTS, strict=True)) % 11]


def mod_31(value: str) -> bool:
    """18 characters of the USCC alphabet (no I O S V Z)."""
    if any(sign not in _USCC for sign in value):
        return False
    total = sum(_USCC[sign] * weight for sign, weight in zip(value[:17], _USCC_WEIGHTS, strict=True))
    return (31 - total % 31) % 31 == _USCC[value[17]]


def organisation(value: str) -> bool:
    """9 characters: 8 of 0-9 A-Z and a digit or X."""
    total = sum(int(sign, 36) * weight for sign, weight in zip(value[:8], _ORGANISATION, strict=True))
    return "0123456789X0"[11 - total % 11] == value[8]


def luhn(value: str) -> bool:
    """Any number of digits."""
    total = 0
    for place, sign in enumerate(reversed(value)):
        total += _DOUBLED[int(sign)] if place % 2 else int(sign)
    return total % 10 == 0


def hong_kong(value: str) -> bool:
    """8 or 9 characters: one or two letters, six digits, a digit or A."""
    padded = value.rjust(9)
    total = sum(
        (36 if sign == " " else int(sign, 36)) * weight
        for sign, weight in zip(padded[:8], range(9, 1, -1), strict=True)
    )
    return (total + int(padded[8], 16)) % 11 == 0


def taiwan(value: str) -> bool:
    """10 characters: a letter, then 9 digits, or a letter of the old residence permit and 8 digits."""
    first = _TAIWAN[value[0]]
    second = _TAIWAN[value[1]] % 10 if value[1].isalpha() else int(value[1])
    rest = (second, *map(int, value[2:9]))
    total = (
        first // 10 + first % 10 * 9 + sum(digit * weight for digit, weight in zip(rest, range(8, 0, -1), strict=True))
    )
    return (total + int(value[9])) % 10 == 0


def vin(value: str) -> bool:
    """17 characters without I, O and Q."""
    total = sum(_VIN[sign] * weight for sign, weight in zip(value, _VIN_WEIGHTS, strict=True))
    return "0123456789X"[total % 11] == value[8]
