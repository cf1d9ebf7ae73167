"""Storing observed values, set by set, in the caller's transaction: for bulk loads and single calls alike.

Rules:
- values are sealed under their subject's key, a segment at a time; a subject without a key gets none;
- nothing here costs a statement per subject: keys, segments and times are read and written as sets;
- whatever is stored is in the tenant's ledger in the same transaction, as counts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from catalog import FeatureView
from catalog.shapes import Scalar
from consent import Actor, note_observed
from gate.facts import instant
from gate.loading.merging import Segment
from gate.store_values import SealedSegment, lock_view, put_segments, read_segments
from lineage import Actor as LedgerActor
from lineage import EntryDraft, Kind, Role, append
from vault import KeyRing, SubjectKey, VaultError, marked, note_seals, refresh_key_ring, sealing_keys


@dataclass(frozen=True, slots=True)
class Observation:
    """What was observed of one subject at one time.

    Attributes:
        at_us: microseconds since 1970, never in the future.
        values: feature short name -> value of the feature's type; None says that there is none.
    """

    subject: str
    at_us: int
    values: Mapping[str, Scalar] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Written:
    """What became of a set of observations.

    Attributes:
        observations: how many were stored.
        subjects, segments: how many were written.
        unknown: subjects that have no key here: never registered, or erased.
        unreadable: subjects of which a stored segment does not open; their observations were not stored.
        entry: id of the ledger entry that records this; None where nothing was written.
    """

    observations: int
    subjects: int
    segments: int
    unknown: frozenset[str]
    unreadable: frozenset[str]
    entry: int | None = None


@dataclass(frozen=True, slots=True)
class ValueWriter:
    """Writes observations of one view.

    Attributes:
        by: who brings the values, for the ledger.
        replace: whether an observation stands for all of each segment it touches, or is merged into it.
    """

    keys: KeyRing
    view: FeatureView
    by: Actor
    replace: bool = False

    async def store(
        self,
        connection: AsyncConnection,
        observations: Sequence[Observation],
        *,
        now: datetime,
        facts: Mapping[str, int | str] | None = None,
    ) -> Written:
        """Seal and store observations, and record it; later ones win over earlier ones of the same time.

        Shape: ``facts`` are further counts and digests for the ledger entry.
        """
        tenant = self.view.tenant
        await lock_view(connection, tenant, self.view.name)
        refs = sorted({each.subject for each in observations})
        keys = await self._open_keys(connection, refs)
        stored, unreadable = await self._stored(connection, keys)
        fit = [each for each in observations if each.subject in keys and each.subject not in unreadable]
        merged = self._merge(stored, fit)
        rows = self._seal(keys, merged)
        await put_segments(connection, tenant, rows)
        await note_seals(connection, tenant, marked((row.subject, row.sealed) for row in rows))
        oldest: dict[str, int] = {}
        for row in rows:
            oldest[row.subject] = min(row.observed_us, oldest.get(row.subject, row.observed_us))
        observed = {ref: instant(at_us) for ref, at_us in oldest.items()}
        await note_observed(connection, tenant, observed, rows=self.keys.rows)
        written = Written(len(fit), len(oldest), len(rows), frozenset(refs) - keys.keys(), frozenset(unreadable))
        if not rows:
            return written
        [entry] = await append(connection, [self._entry(written, facts or {})], now=now, mac=self.keys.mac)
        return replace(written, entry=entry)

    async def _open_keys(self, connection: AsyncConnection, refs: Sequence[str]) -> dict[str, SubjectKey]:
        tenant = self.view.tenant
        await refresh_key_ring(connection, self.keys)
        wrapped = await sealing_keys(connection, tenant, refs)
        return {ref: self.keys.open_subject_key(tenant, ref, blob) for ref, blob in wrapped.items()}

    async def _stored(
        self, connection: AsyncConnection, keys: Mapping[str, SubjectKey]
    ) -> tuple[dict[tuple[str, str], Segment], set[str]]:
        """Open what is stored of the view; and say of which subjects something does not open."""
        segments = sorted({feature.segment for feature in self.view.features})
        opened: dict[tuple[str, str], Segment] = {}
        unreadable: set[str] = set()
        for row in await read_segments(connection, self.view.tenant, sorted(keys), segments):
            try:
                plain = keys[row.subject].open(row.sealed, row.segment)
                opened[row.subject, row.segment] = Segment.opened(plain, row.observed_us)
            except (VaultError, msgspec.DecodeError):
                if not self.replace:
                    unreadable.add(row.subject)
        return opened, unreadable

    def _merge(
        self, stored: dict[tuple[str, str], Segment], observations: Sequence[Observation]
    ) -> dict[tuple[str, str], Segment]:
        segment_of = {feature.name: feature.segment for feature in self.view.features}
        touched: dict[tuple[str, str], Segment] = {}
        for each in sorted(observations, key=lambda o: o.at_us):
            parts: dict[str, dict[str, Scalar]] = {}
            for name, value in each.values.items():
                parts.setdefault(segment_of[name], {})[name] = value
            for segment, values in parts.items():
                place = (each.subject, segment)
                held = touched.get(place) or stored.get(place) or Segment()
                touched[place] = held
                (held.replace if self.replace else held.merge)(each.at_us, values)
        return touched

    def _seal(self, keys: Mapping[str, SubjectKey], merged: Mapping[tuple[str, str], Segment]) -> list[SealedSegment]:
        names = frozenset(feature.name for feature in self.view.features)
        rows: list[SealedSegment] = []
        for (ref, segment), held in sorted(merged.items(), key=lambda item: item[0]):
            if held.is_changed:
                observed_us, plain = held.closed(names)
                rows.append(SealedSegment(ref, segment, observed_us, keys[ref].seal(plain, segment)))
        return rows

    def _entry(self, written: Written, facts: Mapping[str, int | str]) -> EntryDraft:
        counts = {"rows": written.observations, "subjects": written.subjects, "segments": written.segments}
        return EntryDraft(
            Kind.VALUES_LOADED,
            self.view.tenant,
            LedgerActor(Role(self.by.role), self.by.id),
            about=self.view.name,
            parts={**facts, **counts},
        )
