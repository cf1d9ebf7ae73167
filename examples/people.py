"""Made-up people, the same on every machine.

Rules:
- resident IDs stand in area 119999: 11 is a real province code, but GB/T 2260 has never assigned prefecture 99, so no
  card was or can be issued with it; the check digit is right (GB 11643, ISO 7064 MOD 11-2);
- mobile numbers start with 154, a range the Chinese numbering plan has not opened;
- bank cards start with 620000, the range payment gateways use for UnionPay test cards; the Luhn digit is right;
- mail addresses end in example.com (RFC 2606), home addresses name a district that does not exist, device
  fingerprints say that they are examples;
- names join common family names with common given names: a name alone points to nobody;
- everything is computed from an index, so 30,000 identities need not be shipped.

``python -m examples`` writes every lender's ``people.csv`` again.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, fields
from datetime import date, timedelta
from pathlib import Path
from typing import Literal

AREA = "119999"
MOBILE_RANGE = "154"
CARD_BIN = "620000"
MAIL_DOMAIN = "example.com"
REFERENCE = date(2026, 1, 1)  # the year before it has no 29 February, so every birthday below exists in every year
STORY_INDEX = 500_000  # story people start here, beyond any generated client

FAMILY = tuple("王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕")
GIVEN = tuple("安平宁和清晨明远书文思雨雪松柏青禾小满一然子涵嘉言若溪乐天宇轩星辰可欣知行云舒望舒")

_ID_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_ID_CHECKS = "10X98765432"

Sex = Literal["f", "m"]


@dataclass(frozen=True, slots=True)
class Person:
    """One made-up person; the attributes carry the catalogue's field names.

    ``repr`` shows the key alone: code that handles these people is read as an example for handling real ones.
    """

    key: str
    full_name: str = field(repr=False)
    id_card_no: str = field(repr=False)
    birth_date: str = field(repr=False)
    mobile_no: str = field(repr=False)
    bank_card_no: str = field(repr=False)
    email: str = field(repr=False)
    home_address: str = field(repr=False)
    device_fingerprint: str = field(repr=False)

    @property
    def identifiers(self) -> dict[str, str]:
        """What ``POST /v1/subjects`` takes: the catalogue field of each identifier and its value."""
        return {name: value for name, value in asdict(self).items() if name not in {"key", "birth_date"}}


def id_check_digit(first_17: str) -> str:
    """The last character of a resident ID (GB 11643: weights, sum modulo 11, table)."""
    return _ID_CHECKS[sum(int(digit) * weight for digit, weight in zip(first_17, _ID_WEIGHTS, strict=True)) % 11]


def luhn_digit(digits: str) -> str:
    """The digit that makes ``digits`` pass the Luhn test (ISO/IEC 7812-1)."""
    doubled = [int(digit) * (2 if place % 2 == 0 else 1) for place, digit in enumerate(reversed(digits))]
    return str(-sum(value // 10 + value % 10 for value in doubled) % 10)


def resident_id(birth: date, serial: int, sex: Sex) -> str:
    """A resident ID in the unassigned area; ``serial`` 0..499, doubled so that its parity tells the sex."""
    first_17 = f"{AREA}{birth:%Y%m%d}{serial * 2 + (sex == 'm'):03d}"
    return first_17 + id_check_digit(first_17)


def person(index: int, *, key: str, birth: date, sex: Sex, name: str = "") -> Person:
    """The person with this index: equal input, equal person; different indexes never share a number.

    Shape: index 0..182,499 with a birth date of :func:`birth_of`, or any index from STORY_INDEX on.
    """
    body = f"{CARD_BIN}{(index * 104_729 + 7) % 10**9:09d}"
    return Person(
        key=key,
        full_name=name or _name(index),
        id_card_no=resident_id(birth, (index // 365) % 500, sex),
        birth_date=birth.isoformat(),
        mobile_no=f"{MOBILE_RANGE}{(index * 7_919 + 12_345_678) % 10**8:08d}",
        bank_card_no=body + luhn_digit(body),
        email=f"{key.replace('_', '.')}@{MAIL_DOMAIN}",
        home_address=f"北京市无名区示例路{index % 900 + 1}号",
        device_fingerprint=f"example_{index * 2_654_435_761 % 2**64:016x}",
    )


def birth_of(index: int, age: int) -> date:
    """A birth date that makes the person ``age`` years old on REFERENCE; spread over the year by ``index``.

    Together with the serial in :func:`resident_id` the day of the year keeps generated resident IDs apart.
    """
    last_birthday = REFERENCE - timedelta(days=index % 365)
    return last_birthday.replace(year=last_birthday.year - age)


def _name(index: int) -> str:
    first, second = GIVEN[(index * 7) % len(GIVEN)], GIVEN[(index * 13 + 5) % len(GIVEN)]
    return FAMILY[index % len(FAMILY)] + first + (second if index % 3 else "")


@dataclass(frozen=True, slots=True)
class Cast:
    """A story's person before the numbers are computed."""

    key: str
    name: str = field(repr=False)
    born: date = field(repr=False)
    sex: Sex = field(repr=False)


CASTS: dict[str, tuple[Cast, ...]] = {
    "000_xiaomi_loan": (
        Cast("lin", "林知远", date(1991, 4, 18), "m"),
        Cast("qiao", "乔若溪", date(1996, 11, 2), "f"),
        Cast("zhou", "周望舒", date(1988, 7, 30), "f"),
    ),
    "001_jiebei": (
        Cast("he", "何嘉言", date(1993, 1, 25), "f"),
        Cast("tang", "唐星辰", date(1985, 9, 9), "m"),
    ),
    "002_mobile_small_loans": (
        Cast("su", "苏一然", date(1999, 3, 14), "f"),
        Cast("feng", "冯子涵", date(1994, 12, 5), "m"),
    ),
    "003_consumption_loans": (
        Cast("shen", "沈青禾", date(2003, 5, 20), "f"),
        Cast("lu", "陆思远", date(2001, 8, 16), "m"),
        Cast("mother", "吕安宁", date(1989, 2, 11), "f"),
        Cast("child", "吕小满", date(2019, 5, 21), "f"),
    ),
    "004_huabei_sesame": (
        Cast("xu", "许可欣", date(1995, 6, 1), "f"),
        Cast("gao", "高明远", date(1990, 10, 12), "m"),
    ),
}


def cast(lender: str) -> list[Person]:
    """The story people of one lender, in order."""
    names = sorted(CASTS)
    start = STORY_INDEX + 1_000 * names.index(lender)
    return [
        person(start + place * 365, key=one.key, birth=one.born, sex=one.sex, name=one.name)
        for place, one in enumerate(CASTS[lender])
    ]


def write_people(path: Path, people: Iterable[Person]) -> None:
    """Write ``people.csv``: one person a line, UTF-8, a header of catalogue field names."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, [column.name for column in fields(Person)], lineterminator="\n")
        writer.writeheader()
        writer.writerows(asdict(one) for one in people)


def read_people(path: Path) -> list[Person]:
    """Read ``people.csv`` as written by :func:`write_people`."""
    with path.open(encoding="utf-8", newline="") as file:
        return [Person(**row) for row in csv.DictReader(file)]
