"""Postal addresses and coordinates.

An address in prose is found from its house number: from there it is read to the left as far as the nearest place name or
word that introduces one, and to the right over building, floor and room. Both ways are short and bounded, so the whole
takes linear time.
"""

import re
from collections.abc import Iterator
from datetime import date
from typing import Final

from catalog.classify.values.finding import Finding, Judgement
from catalog.classify.values.likelihood import Likelihood as L  # noqa: N817  a table of steps reads better short
from catalog.classify.values.regions import CITIES, PROVINCES

LEFT: Final = 48
HOUSE: Final = re.compile(
    r"(?:[0-9]{1,5}(?:-[0-9]{1,5})?|[一二三四五六七八九十百]{1,4})(?:号院|号楼|号|弄|栋|幢|座|单元|室|组|楼|期)|[0-9]{1,3}-[0-9]{1,3}-[0-9]{2,4}"
)
REST: Final = re.compile(
    r"(?:[ ,-]?(?:[一-龥]{2,6}(?=[0-9A-Z]{1,3}(?:座|栋|幢|期|号楼)))?(?:[0-9A-Za-z]{1,5}|[一二三四五六七八九十甲乙丙丁]{1,3}|附[0-9]{1,3})"
    r"(?:号楼|号院|号|弄|栋|幢|座|单元|层|楼|室|户|期))*(?:-?[0-9]{1,5}(?:-[0-9]{1,4}){0,2}(?:室|户)?(?![0-9A-Za-z年月日元]))?"
)
ROAD: Final = re.compile(
    r"[一-龥0-9]{1,8}?(?:大街|大道|公路|街道|胡同|小区|花园|新村|社区|家园|公寓|苑|路|街|巷|弄|里|村|镇|乡|坊|园|庄)"
)
_WAYS: Final = re.compile("[街道路区苑巷弄里村镇乡坊园庄同寓]")
_AREA: Final = re.compile(r"[一-龥]{2,9}(?:特别行政区|自治区|自治州|省|市|盟|地区|新区|区|县|旗)")
_RUN: Final = re.compile(r"[一-龥0-9A-Za-z·() -]*\Z")
_INTRO: Final = re.compile(
    r"住在|住址|地址|位于|现住|家住|居住|寄到|寄往|送到|送至|寄至|发往|搬到|就在|搬至|户籍|[:为是在到至于寄往]"
)
_NAMES: Final = re.compile("|".join(sorted((*PROVINCES, *CITIES), key=len, reverse=True)))
_NOT_HOUSES: Final = re.compile(r"(?:订单|编|单|账|卡|证|型|批|学|工|书|房|病)\Z|[第年月]\Z")
_COORDINATES: Final = re.compile(r"(-?[0-9]{1,3}\.[0-9]{3,12})[NSEWnsew°]{0,2}")


def addresses(text: str, floor: L = L.POSSIBLE) -> Iterator[Finding]:
    """Find postal addresses in a half-width text."""
    covered = 0
    for match in HOUSE.finditer(text):
        if match.start() < covered or _NOT_HOUSES.search(text[max(match.start() - 2, 0) : match.start()]):
            continue
        lowest = max(covered, match.start() - LEFT)
        if _WAYS.search(text, lowest, match.start()) is None:
            continue
        start = _beginning(text, lowest, match.start())
        before = text[start : match.start()]
        likelihood = _likelihood(before)
        if likelihood < floor:
            continue
        rest = REST.match(text, match.end())
        covered = rest.end() if rest else match.end()
        yield Finding("postal_address", start, covered, likelihood, ("road_and_house",))


def address(value: str, today: date) -> Judgement | None:
    """Judge a whole cell: a place name, or an area and a road."""
    del today
    if not 5 <= len(value) <= 80:
        return None
    named = _NAMES.search(value, 0, 20) is not None
    areas = _AREA.search(value) is not None
    road, house = ROAD.search(value) is not None, HOUSE.search(value) is not None
    if (road or house) and (named or areas):
        return Judgement(L.VERY_LIKELY, L.VERY_LIKELY, "road_and_house")
    return Judgement(L.POSSIBLE, L.LIKELY, "road_and_house") if road and house else None


def _beginning(text: str, lowest: int, house: int) -> int:
    """Where an address begins whose house number stands at a place."""
    run = _RUN.search(text, lowest, house)
    start = house if run is None else run.start()
    named = _NAMES.search(text, start, house)
    if named is not None:
        return named.start()
    for match in _INTRO.finditer(text, start, house):
        start = match.end()
    while start < house and text[start] in " ()-·":
        start += 1
    return start


def _likelihood(before: str) -> L:
    if ROAD.search(before) is None:
        return L.VERY_UNLIKELY
    if _NAMES.search(before) is not None or _AREA.search(before) is not None:
        return L.VERY_LIKELY
    return L.POSSIBLE if len(before) >= 3 else L.VERY_UNLIKELY


def coordinates(value: str, today: date) -> Judgement | None:
    """A pair of longitude and latitude, in either order, with at least three decimals; China counts as likelier."""
    del today
    pair = [float(number) for number in _COORDINATES.findall(value)]
    if len(pair) != 2:
        return None
    longitude, latitude = (pair[0], pair[1]) if abs(pair[0]) > abs(pair[1]) else (pair[1], pair[0])
    if abs(longitude) > 180 or abs(latitude) > 90:
        return None
    in_china = 73 <= longitude <= 136 and 3 <= latitude <= 54
    return Judgement(L.LIKELY if in_china else L.UNLIKELY, L.VERY_LIKELY, "in_range")
