"""Erasing many, carrying out what was held, and bringing a restored database up to date: jobs in groups.

Rules:
- a group is one transaction; what is done stays done, so a job that was stopped goes on where it stopped;
- what was committed is kept beside the database before the next group begins;
- a dry run does the work of a group and takes it back.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any, TypeVar

from api.database import Database, Transaction
from api.ends import Ends, EndsRead
from api.usecases.catalogs import Catalogs
from api.usecases.noting import NotingJournal
from consent import Actor, ErasureState, Keeper
from consent.instants import to_us
from consent.repeating import RESTORER, Repeater
from consent.store.keeping import erasures_in, holds
from consent.store.registry import versions
from consent.store.subjects import by_pseudonym
from gate.erasing import ErasureDesk, Outcome, Reason, Result
from gate.erasing.desk import GROUP, Act
from gate.erasing.purging import Page, Purger, lives
from gate.erasing.recipients import DUE
from lineage import DEPLOYMENT, EntryDraft, Kind, Role, append
from lineage import Actor as LedgerActor
from lineage.content import Json
from vault import KeyRing

Item = TypeVar("Item")
OnProgress = Callable[[int], None]
DUE_AT_ONCE = 200


class _TakenBackError(Exception):
    """Ends a transaction that must not be committed."""


def _take_back(*, if_dry: bool) -> None:
    if if_dry:
        raise _TakenBackError


@dataclass(frozen=True, slots=True)
class Office:
    """What erasing needs, of a service or a command.

    Attributes:
        by: who acts.
        due: how long recipients have to delete what they hold.
    """

    database: Database
    keys: KeyRing
    ends: Ends
    by: Actor
    due: timedelta = DUE

    async def desk(self, tx: Transaction, journal: NotingJournal) -> ErasureDesk:
        """The erasure desk on one transaction's journal."""
        catalog = await Catalogs().current(tx.connection)
        keeper = Keeper(journal, rows=self.keys.rows, entropy=os.urandom)
        return ErasureDesk(self.keys, catalog, keeper, due=self.due)


@dataclass(frozen=True, slots=True)
class Job:
    """What is to be erased how.

    Attributes:
        decided: an officer decided that no statutory period stands against it.
        on_progress: is told how many are done.
    """

    tenant: str
    reason: Reason = Reason.INSTRUCTION
    decided: bool = False
    dry_run: bool = False
    on_progress: OnProgress = lambda _: None


@dataclass(slots=True)
class Erased:
    """How a job went.

    Attributes:
        results: what came of each subject.
    """

    results: dict[str, Result] = field(default_factory=dict)

    @property
    def told(self) -> int:
        """How many tasks tell recipients to delete what they hold."""
        return sum(result.told for result in self.results.values())

    @property
    def counts(self) -> dict[str, int]:
        """How many subjects there were of each outcome."""
        found = Counter(result.outcome.value for result in self.results.values())
        return {outcome.value: found[outcome.value] for outcome in Outcome}


async def erase_many(office: Office, job: Job, refs: Sequence[str]) -> Erased:
    """Erase subjects in groups; those already erased are passed over, so the same list can be given again."""
    done = Erased()
    for group in _groups(sorted(set(refs)), GROUP):
        journal = NotingJournal(office.keys.mac)
        try:
            async with office.database.transaction() as tx:
                desk = await office.desk(tx, journal)
                act = Act(tx.connection, job.tenant, office.by, tx.now, job.reason, job.decided)
                done.results |= await desk.erase(act, group)
                _take_back(if_dry=job.dry_run)
        except _TakenBackError:
            journal.told.clear()
        await office.ends.note(office.database, [entry for _, entry in journal.told])
        job.on_progress(len(done.results))
    return done


async def erase_due(office: Office, job: Job) -> Erased:
    """Carry out the requests of a tenant that were held and are held no longer."""
    done = Erased()
    place = (0, "")
    due = replace(job, reason=Reason.HOLD_ENDED, decided=True)
    while True:
        async with office.database.reading() as tx:
            found = await erasures_in(tx.connection, job.tenant, ErasureState.HELD, after=place, limit=DUE_AT_ONCE)
            refs = [each.subject for each in found if each.subject is not None]
            free = await _not_held(tx, job.tenant, refs)
        if not found:
            return done
        place = (to_us(found[-1].due), found[-1].id)
        done.results |= (await erase_many(office, due, free)).results


async def _not_held(tx: Transaction, tenant: str, refs: Sequence[str]) -> list[str]:
    standing = await holds(tx.connection, tenant, refs)
    return [ref for ref in refs if not any(hold.stands_at(tx.now) for hold in standing[ref])]


@dataclass(slots=True)
class Restored:
    """How bringing a database up to date went.

    Attributes:
        kept: entries that were kept beside the database.
        repeated: those that changed something, by kind.
        configuration: (kind, name, version) of changes of the configuration that are lost and have to be made again.
    """

    kept: int = 0
    repeated: Counter[str] = field(default_factory=Counter)
    configuration: list[tuple[str, str, int]] = field(default_factory=list)


@dataclass(slots=True)
class _Collected:
    """Ends in memory, until a restore is whole: before that the database must still count as behind."""

    kept: list[bytes] = field(default_factory=list)

    def append(self, lines: Sequence[bytes]) -> None:
        """Take lines."""
        self.kept += lines

    def lines(self) -> Iterator[bytes]:
        """Give the lines taken."""
        return iter(self.kept)


async def restore(
    given: Office, said: EndsRead, *, dry_run: bool = False, on_progress: OnProgress = lambda _: None
) -> Restored:
    """Repeat on a restored database what ended since; doing it twice changes nothing more.

    Stopped half-way, it is started again from the beginning: nothing is kept as known before all of it is done.
    Raises: KeyError, ValueError: an entry is malformed.
    """
    collected = _Collected()
    office = replace(given, ends=Ends(collected))
    done = Restored(kept=len(said.entries))
    erased: dict[str, list[str]] = {}
    for place, entry in enumerate(said.entries, 1):
        kind, tenant = str(entry["kind"]), str(entry["tenant"])
        if kind == Kind.SUBJECT_ERASED:
            erased.setdefault(tenant, []).append(str(entry["subject"]))
        elif kind.startswith(("client.", "party.", "purpose.", "notice.")):
            await _note_lost(office, entry, done)
        elif await _repeat(office, entry, dry_run=dry_run):
            done.repeated[kind] += 1
        on_progress(place)
    for tenant, names in erased.items():
        async with office.database.reading() as tx:
            refs = sorted((await by_pseudonym(tx.connection, tenant, names)).values())
        part = await erase_many(office, Job(tenant, Reason.RESTORE, decided=True, dry_run=dry_run), refs)
        if count := part.counts["erased"]:
            done.repeated[Kind.SUBJECT_ERASED.value] += count
    if not dry_run:
        await _finish(office, done)
        given.ends.log.append(collected.kept)
    return done


async def _repeat(office: Office, entry: dict[str, Any], *, dry_run: bool) -> bool:
    changed = False
    try:
        async with office.database.transaction() as tx:
            journal = NotingJournal(office.keys.mac)
            changed = await Repeater(journal, office.keys.rows, os.urandom).repeat(tx.connection, entry, tx.now)
            _take_back(if_dry=dry_run)
        await office.ends.note(office.database, [number for _, number in journal.told])
    except _TakenBackError:
        pass
    return changed


async def _note_lost(office: Office, entry: dict[str, Any], done: Restored) -> None:
    kind, name, version = str(entry["kind"]).partition(".")[0], str(entry["name"]), int(entry["version"])
    async with office.database.reading() as tx:
        known = await versions(tx.connection, str(entry["tenant"]), kind, name)
        if len(known) < version:
            done.configuration = [each for each in done.configuration if each[:2] != (kind, name)]
            done.configuration.append((kind, name, version))


async def _finish(office: Office, done: Restored) -> None:
    """Record in the ledger that the database was restored: from then on that entry is the newest kept."""
    by = LedgerActor(Role(RESTORER.role), RESTORER.id)
    counts = {kind.replace(".", "_"): count for kind, count in sorted(done.repeated.items())}
    parts: dict[str, Json] = {"configuration": len(done.configuration), "kept": done.kept, "repeated": counts}
    async with office.database.transaction() as tx:
        draft = EntryDraft(Kind.STATE_RESTORED, DEPLOYMENT, by, parts=parts)
        numbers = await append(tx.connection, [draft], now=tx.now, mac=office.keys.mac)
    await office.ends.note(office.database, numbers)


@dataclass(slots=True)
class Purged:
    """How many values of each segment were removed, and how many tasks were raised for their recipients."""

    removed: Counter[str] = field(default_factory=Counter)
    told: int = 0


async def purge_values(office: Office, job: Job) -> Purged:
    """Remove a tenant's values past their retention, and tell who received them."""
    done = Purged()
    seen, after = 0, ("", "")
    while True:
        page: Page | None = None
        try:
            async with office.database.transaction() as tx:
                catalog = await Catalogs().current(tx.connection)
                purger = Purger(job.tenant, lives(catalog, job.tenant), office.by, office.keys, office.due)
                page = await purger.page(tx.connection, after, tx.now)
                _take_back(if_dry=job.dry_run)
        except _TakenBackError:
            pass
        if page is not None:
            done.removed.update(page.removed)
            done.told += page.told
            seen += page.seen
            job.on_progress(seen)
        if page is None or page.after is None:
            return done
        after = page.after


def _groups(items: Sequence[Item], size: int) -> Iterator[Sequence[Item]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]


def refs_of(lines: Iterable[str]) -> list[str]:
    """The references in a file, one a line; empty lines and lines that begin with # are passed over."""
    found = (line.strip() for line in lines)
    return [line for line in found if line and not line.startswith("#")]
