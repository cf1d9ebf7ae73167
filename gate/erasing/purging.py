"""Removing values past their retention: reads deny them already, a purge takes them out of the database.

Rules:
- a segment goes when every field it derives from has a ceiling (PIPL 19) and one of them has passed: then no read may
  ever release it again; a field with a floor (PIPL 47(2)) keeps it until the floor has passed too;
- values are found by segment and age in one pass over the table's key, nothing is opened; a page is one transaction and
  one ledger entry of counts for each view; run again, it finds what is left;
- what is left decides the subject's oldest value anew;
- whoever received features of what is removed is told to delete them, in the same transaction.

Law: PIPL 19, 47(1)(2).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from catalog import Catalog
from consent import Actor, Subject
from consent.store.subjects import subjects
from gate.erasing.recipients import DUE, Recipients
from gate.facts import DAY_US, microseconds
from gate.store_values import page_of_values, remove_values, renew_oldest
from lineage import Actor as LedgerActor
from lineage import EntryDraft, Kind, Role, append
from lineage.graph import Cause, DeletionCause
from vault import KeyRing

PAGE: Final = 2000


@dataclass(frozen=True, slots=True)
class Life:
    """How long a segment of a view lives from the time it was observed, in microseconds, and the features it holds."""

    view: str
    us: int
    features: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Page:
    """What came of one page of values.

    Attributes:
        seen: how many values were looked at; `after`: the place to go on from, None at the end.
        removed: how many were removed, by segment.
        told: how many tasks were raised for recipients.
    """

    seen: int
    after: tuple[str, str] | None
    removed: Mapping[str, int]
    told: int = 0


def lives(catalog: Catalog, tenant: str) -> dict[str, Life]:
    """The segments of a tenant's views that end at all."""
    found: dict[str, Life] = {}
    for view in catalog.views_of(tenant):
        for feature in view.features:
            rules = [catalog.field(name).retention for name in feature.fields]
            ceilings = [rule.days for rule in rules if rule.days is not None]
            floors = [rule.hold_days for rule in rules if rule.hold_days is not None]
            if ceilings:
                held = tuple(f"{view.name}:{each.name}" for each in view.features if each.segment == feature.segment)
                found[feature.segment] = Life(view.name, max(min(ceilings), *floors, 0) * DAY_US, held)
    return found


@dataclass(frozen=True, slots=True)
class Purger:
    """Removes what is past its retention, a page of the table at a time; each page is one transaction."""

    tenant: str
    lives: Mapping[str, Life]
    by: Actor
    keys: KeyRing
    due: timedelta = DUE

    async def page(self, connection: AsyncConnection, after: tuple[str, str], now: datetime) -> Page:
        """Look at the next page of values, remove what has ended, and record it."""
        values = await page_of_values(connection, self.tenant, after, limit=PAGE)
        now_us = microseconds(now)
        due: dict[str, list[str]] = {}
        for subject, segment, observed_us in values:
            life = self.lives.get(segment)
            if life is not None and observed_us + life.us <= now_us:
                due.setdefault(segment, []).append(subject)
        touched: dict[str, list[str]] = {}
        removed: dict[str, int] = {}
        for segment, refs in sorted(due.items()):
            gone = await remove_values(connection, self.tenant, segment, refs, now_us - self.lives[segment].us)
            removed[segment] = len(gone)
            for ref in gone:
                touched.setdefault(ref, []).append(segment)
        told = 0
        if touched:
            await renew_oldest(connection, self.tenant, sorted(touched), rows=self.keys.rows)
            await append(connection, self._entries(removed), now=now, mac=self.keys.mac)
            told = await self._tell(connection, touched, now)
        return Page(len(values), values[-1][:2] if len(values) == PAGE else None, removed, told)

    async def _tell(self, connection: AsyncConnection, touched: Mapping[str, Sequence[str]], now: datetime) -> int:
        """Raise the tasks of recipients; touched = {reference: segments removed}, their rows locked."""
        people = await subjects(connection, self.tenant, sorted(touched))
        alike: dict[tuple[str, tuple[str, ...]], list[Subject]] = {}
        for ref, each in sorted(people.items()):
            views: dict[str, list[str]] = {}
            for segment in touched[ref]:
                views.setdefault(self.lives[segment].view, []).append(segment)
            for view, gone in views.items():
                alike.setdefault((view, tuple(sorted(gone))), []).append(each)
        by, told = LedgerActor(Role(self.by.role), self.by.id), 0
        for (view, segments), those in sorted(alike.items(), key=lambda pair: pair[0]):
            features = tuple(name for segment in segments for name in self.lives[segment].features)
            cause = DeletionCause(Cause.PURGE, by, about=view, features=features)
            told += await Recipients(self.keys, self.due).told_of_purge(connection, those, cause, now)
        return told

    def _entries(self, removed: Mapping[str, int]) -> list[EntryDraft]:
        """One entry for each view: counts, and the digests by which segments are named."""
        by = LedgerActor(Role(self.by.role), self.by.id)
        views: dict[str, int] = {}
        for segment, count in removed.items():
            view = self.lives[segment].view
            views[view] = views.get(view, 0) + count
        return [
            EntryDraft(Kind.VALUES_PURGED, self.tenant, by, about=view, parts={"segments": count})
            for view, count in sorted(views.items())
        ]
