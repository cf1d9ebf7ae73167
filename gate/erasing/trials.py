"""Showing by trial that what was destroyed cannot be had any more.

Rules:
- samples are taken before: each is opened, resolved or found the way a read would do it, or it proves nothing later;
- the same ways are gone again after the rows are destroyed, in the same transaction; each must fail, with the code that
  says why, or the whole erasure is taken back;
- what was opened is forgotten at once; a trial holds names of fields and codes, never a value.

Law: PIPL 47. Format: docs/formats/erasure-certificate.md.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import islice
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from gate.store_values import read_segments
from vault import (
    KeyMissingError,
    KeyRing,
    Shredded,
    SubjectKey,
    TamperedError,
    TokenNotFoundError,
    VaultError,
    find_by_index,
    identifiers,
    resolve_token,
    subject_keys,
)

SAMPLES: Final = 4  # of each sort: the key is what counts, and it is one


class Sort(StrEnum):
    """What is tried."""

    IDENTIFIER = "identifier"
    VALUE = "value"
    INDEX = "index"
    TOKEN = "token"  # noqa: S105  # the name of a trial


@dataclass(frozen=True, slots=True)
class Trial:
    """One thing that was tried: what it is, and what came of it before and after."""

    sort: Sort
    name: str
    before: str
    after: str

    @property
    def document(self) -> dict[str, str]:
        """As it stands in a certificate."""
        return {"after": self.after, "before": self.before, "name": self.name, "sort": self.sort.value}


@dataclass(frozen=True, slots=True)
class Sample:
    """One thing to try again."""

    sort: Sort
    name: str
    before: str
    blob: bytes | str = field(repr=False)
    recipient: str = ""


OPENED, FOUND, RESOLVED = "opened", "found", "resolved"
NOTHING = "nothing"
SUCCESSES: Final = frozenset((OPENED, FOUND, RESOLVED))


def take_samples(
    keys: KeyRing, tenant: str, subject: str, shredded: Shredded, values: Sequence[tuple[str, bytes]]
) -> list[Sample]:
    """Open, with the key that is about to be forgotten, some of what was stored."""
    key = _key(keys, tenant, subject, shredded.wrapped)
    samples = [
        Sample(sort, name, _opens(key, sealed, name), sealed)
        for sort, stored in ((Sort.IDENTIFIER, sorted(shredded.identifiers.items())), (Sort.VALUE, sorted(values)))
        for name, sealed in stored[:SAMPLES]
    ]
    samples += [Sample(Sort.INDEX, name, FOUND, digest) for name, digest in shredded.index[:SAMPLES]]
    samples += [
        Sample(Sort.TOKEN, name, RESOLVED, token, recipient)
        for token, name, recipient in islice(shredded.tokens, SAMPLES)
    ]
    return samples


async def try_again(
    connection: AsyncConnection, keys: KeyRing, tenant: str, samples: Mapping[str, Sequence[Sample]]
) -> dict[str, list[Trial]]:
    """Try every sample the way a read would, by what the database holds now."""
    refs = sorted(samples)
    wrapped = await subject_keys(connection, tenant, refs)
    rows = await _stored(connection, tenant, samples)
    tried: dict[str, list[Trial]] = {}
    for ref in refs:
        key = _key(keys, tenant, ref, wrapped.get(ref))
        tried[ref] = []
        for sample in samples[ref]:
            if isinstance(sample.blob, str):
                after = await _resolves(connection, keys, tenant, sample)
            elif sample.sort is Sort.INDEX:
                found = await find_by_index(connection, tenant, sample.name, [sample.blob])
                after = FOUND if ref in found.get(sample.blob, ()) else NOTHING
            else:
                left = rows.get((ref, sample.sort, sample.name))
                after = _opens(key, sample.blob if left is None else left, sample.name)
            tried[ref].append(Trial(sample.sort, sample.name, sample.before, after))
    return tried


async def _stored(
    connection: AsyncConnection, tenant: str, samples: Mapping[str, Sequence[Sample]]
) -> dict[tuple[str, Sort, str], bytes]:
    """What of the samples is stored still, by subject, sort and name."""
    refs = sorted(samples)
    fields, segments = (sorted(set(_names(samples, sort))) for sort in (Sort.IDENTIFIER, Sort.VALUE))
    found: dict[tuple[str, Sort, str], bytes] = {}
    for (ref, name), sealed in (await identifiers(connection, tenant, refs, fields)).items():
        found[ref, Sort.IDENTIFIER, name] = sealed
    for row in await read_segments(connection, tenant, refs, segments):
        found[row.subject, Sort.VALUE, row.segment] = row.sealed
    return found


def _names(samples: Mapping[str, Sequence[Sample]], sort: Sort) -> Iterator[str]:
    return (sample.name for taken in samples.values() for sample in taken if sample.sort is sort)


def _key(keys: KeyRing, tenant: str, subject: str, wrapped: bytes | None) -> SubjectKey | str:
    """The subject's key, or the code that says why there is none."""
    if wrapped is None:
        return KeyMissingError.code
    try:
        return keys.open_subject_key(tenant, subject, wrapped)
    except VaultError as error:
        return error.code


def _opens(key: SubjectKey | str, sealed: bytes, name: str) -> str:
    if isinstance(key, str):
        return key
    try:
        key.open(sealed, name)
    except VaultError as error:
        return error.code
    return OPENED


async def _resolves(connection: AsyncConnection, keys: KeyRing, tenant: str, sample: Sample) -> str:
    try:
        await resolve_token(connection, tenant, str(sample.blob), sample.recipient, rows=keys.rows)
    except (TokenNotFoundError, TamperedError) as error:
        return error.code
    return RESOLVED
