"""Everything that is stored of one person, opened for that person.

Rules:
- identifiers and values open under the person's own key and are handed to the caller, who records the copy before it
  leaves; nothing is opened for anybody but the person themself;
- class C3 is left out (JR/T 0171-2020: secrets of authentication are shown to nobody), and so is a value whose feature
  no view has any more;
- what does not open is named, not left out: a copy that is silently short would be no copy.

Law: PIPL 45 (查阅、复制), GB/T 35273-2020 8.1, 8.6.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from catalog import Catalog, Feature, Jrt0171
from consent import SubjectId
from gate.facts import instant
from gate.loading.merging import Segment
from gate.store_values import read_segments
from vault import KeyMissingError, KeyRing, SubjectKey, VaultError, identifiers, subject_keys


@dataclass(frozen=True, slots=True)
class OwnIdentifier:
    """An identifier of the person, in clear; ``name`` is the field's."""

    name: str
    value: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class OwnValue:
    """A stored value of the person; no release form is applied."""

    feature: Feature
    observed: datetime
    value: int | float | bool | str = field(repr=False)


@dataclass(frozen=True, slots=True)
class OwnData:
    """What is stored of a person.

    Attributes:
        unreadable: names of what is stored and does not open.
    """

    identifiers: tuple[OwnIdentifier, ...]
    values: tuple[OwnValue, ...]
    unreadable: tuple[str, ...] = ()


async def own_data(connection: AsyncConnection, keys: KeyRing, catalog: Catalog, who: SubjectId) -> OwnData:
    """Open everything that is stored of a person. Raises: KeyMissingError: the keys are gone, or there were none."""
    wrapped = await subject_keys(connection, who.tenant, [who.ref])
    if who.ref not in wrapped:
        raise KeyMissingError("the data subject's key is gone")
    key = keys.open_subject_key(who.tenant, who.ref, wrapped[who.ref])
    fields = sorted(name for name, each in catalog.fields.items() if each.jrt0171 is not Jrt0171.C3)
    unreadable: list[str] = []
    known: list[OwnIdentifier] = []
    for (_, name), sealed in sorted((await identifiers(connection, who.tenant, [who.ref], fields)).items()):
        try:
            known.append(OwnIdentifier(name, key.open(sealed, name).decode()))
        except (VaultError, UnicodeDecodeError):
            unreadable.append(name)
    values = await _values(connection, key, _segments(catalog, who.tenant), unreadable)
    return OwnData(tuple(known), tuple(values), tuple(sorted(unreadable)))


def _segments(catalog: Catalog, tenant: str) -> dict[str, list[Feature]]:
    """The features of each segment, but for those of class C3."""
    found: dict[str, list[Feature]] = {}
    for view in catalog.views_of(tenant):
        for feature in view.features:
            if all(each.jrt0171 is not Jrt0171.C3 for each in feature.inputs):
                found.setdefault(feature.segment, []).append(feature)
    return found


async def _values(
    connection: AsyncConnection, key: SubjectKey, segments: dict[str, list[Feature]], unreadable: list[str]
) -> list[OwnValue]:
    found: list[OwnValue] = []
    for row in await read_segments(connection, key.tenant, [key.subject], sorted(segments)):
        features = segments[row.segment]
        try:
            opened = Segment.opened(key.open(row.sealed, row.segment), row.observed_us)
        except (VaultError, msgspec.DecodeError):
            unreadable += [feature.full_name for feature in features]
            continue
        found += _known(features, opened)
    return sorted(found, key=lambda each: each.feature.full_name)


def _known(features: Sequence[Feature], opened: Segment) -> Iterator[OwnValue]:
    for feature in features:
        value = opened.values.get(feature.name)
        if value is not None:
            yield OwnValue(feature, instant(opened.times[feature.name]), value)
