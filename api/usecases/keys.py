"""Rotating the deployment's keys while it serves, step by step, each step in the ledger.

Rules:
- a new or retired version raises the configuration epoch in the transaction that makes it: a read decided with the keys
  before goes back, and its replica takes over the keys there are;
- what older versions made is brought under the newest in steps of a bounded number of rows, each with its own
  transaction and ledger entry, at no more than a given rate; whoever is stopped, by whatever, goes on later with what
  is left;
- a wrapped key is brought under another root key only after that gave it back unchanged.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from api.database import Database, Transaction
from consent import begin_change, end_change, load_registry
from gate.tables import VALUES
from lineage import DEPLOYMENT, Actor, EntryDraft, Kind, append
from lineage.content import Json
from vault import (
    KeyInUseError,
    KeyPurpose,
    KeyRing,
    KeyState,
    KeyVersion,
    RootKey,
    Suite,
    TokenSuiteError,
    refresh_key_ring,
    wrapped_keys,
)
from vault.store import rotation
from vault.store.deployment import WrappedKey
from vault.store.identifiers import IDENTIFIERS
from vault.store.keys import count_under
from vault.store.resealing import Pass, count_stale, reseal

Moved = Callable[[str, int], None]
"""Told after each step: what was brought on, and how many rows."""
VALUE_TABLES = (IDENTIFIERS, VALUES)


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast a rewrap goes.

    Attributes:
        rows: in one step, and so in one transaction.
        per_s: rows a second at most; None for as fast as it goes.
    """

    rows: int = 500
    per_s: float | None = None


@dataclass(slots=True)
class Rewrapped:
    """What a rewrap did: rows written by what they are, and rows that do not open and stayed as they were."""

    subject_keys: int = 0
    index_entries: int = 0
    swept_entries: int = 0
    values: int = 0
    unreadable: int = 0


@dataclass(frozen=True, slots=True)
class KeyOffice:
    """Changes the keys of one deployment, in the name of one actor."""

    database: Database
    keys: KeyRing
    by: Actor

    async def rows(self) -> list[WrappedKey]:
        """Every version of every key, wrapped."""
        async with self.database.reading() as tx:
            return await wrapped_keys(tx.connection)

    async def left(self) -> dict[KeyVersion, int]:
        """How many subjects are under each active version of the key-encryption key."""
        async with self.database.reading() as tx:
            return {
                KeyVersion(KeyPurpose.KEK, version): await count_under(tx.connection, version)
                for version in self.keys.versions(KeyPurpose.KEK)
            }

    async def waiting(self) -> Rewrapped:
        """Count what a rewrap would touch now; rows that do not open are among it, as only opening tells."""
        await self.refresh()
        found = Rewrapped()
        async with self.database.snapshot() as tx:
            for version in sorted(self.keys.versions(KeyPurpose.KEK))[:-1]:
                found.subject_keys += await count_under(tx.connection, version)
            retired = [row for row in await wrapped_keys(tx.connection) if _is_swept(row)]
            for place in await rotation.index_places(tx.connection):
                found.index_entries += await rotation.count_lacking(tx.connection, self.keys, place)
                for row in retired:
                    found.swept_entries += await rotation.count_swept(tx.connection, place, row)
            for table in VALUE_TABLES:
                found.values += await count_stale(tx.connection, self.keys, table)
        return found

    async def rotate(self, purpose: KeyPurpose, suite: Suite) -> KeyVersion:
        """Make a new version, which writes from now on.

        Raises: KeyInUseError: clients are registered for tokens that the suite has none of; VaultError.
        """
        async with self.database.transaction() as tx:
            place = await rotation.add_version(tx.connection, self._root, purpose, suite=suite, now=tx.now)
            epoch = await begin_change(tx.connection, self.keys.rows)
            if purpose is KeyPurpose.TOKEN:
                await self._check_clients(tx, suite)
            await self._record(tx, Kind.KEY_CREATED, place, suite, epoch=epoch)
        await self.refresh()
        return place

    async def _check_clients(self, tx: Transaction, suite: Suite) -> None:
        """Refuse a suite that lacks a kind of token somebody is registered for: their reads would be denied."""
        registry = await load_registry(tx.connection, self.keys.rows)
        for client in registry.clients.values():
            for rule in client.tokens:
                try:
                    rule.kind.check_suite(suite)
                except TokenSuiteError as error:
                    raise KeyInUseError(f"client {client.name} is registered for them: {error}") from None

    async def retire(self, place: KeyVersion) -> None:
        """Let a version go that nothing is left under. Raises: KeyInUseError, KeyMissingError."""
        async with self.database.transaction() as tx:
            await rotation.retire_version(tx.connection, place)
            suite = self.keys.suite_of(*place) if place in self.keys.inventory else Suite.AES
            await self._record(
                tx, Kind.KEY_RETIRED, place, suite, epoch=await begin_change(tx.connection, self.keys.rows)
            )
        await self.refresh()

    async def refresh(self) -> None:
        """Take over what changed. Raises: VaultError."""
        async with self.database.reading() as tx:
            await refresh_key_ring(tx.connection, self.keys)

    async def rewrap(self, pace: Pace, moved: Moved) -> Rewrapped:
        """Bring everything that older versions made under the newest ones.

        Left over are only rows that do not open, which are counted, and rows that others held all the while.
        Raises: KeyExhaustedError; whatever the database raises: what was done stays done.
        """
        await self.refresh()
        done = Rewrapped()
        for version in sorted(self.keys.versions(KeyPurpose.KEK))[:-1]:
            done.subject_keys += await self._subjects(version, pace, moved, done)
        if len(self.keys.versions(KeyPurpose.INDEX)) > 1:
            done.index_entries += await self._reblind(pace, moved, done)
        done.swept_entries += await self._sweep(pace, moved)
        newest = KeyVersion(KeyPurpose.KEK, self.keys.key_version)
        for table in VALUE_TABLES:
            step: Step = lambda tx, after, table=table: reseal(  # type: ignore[misc]  # noqa: E731  one line
                tx.connection, self.keys, table, after=after, limit=pace.rows
            )
            done.values += await self._walk("values", newest, step, (pace, moved), done)
        return done

    async def move(self, target: RootKey, moved: Moved) -> int:
        """Wrap every stored key by another root key, or by the newest version of the same; says how many.

        Keys that `target` wrapped already are left, unless it is the root key in use. Raises: RootKeyError.
        """
        count = 0
        for row in await self.rows():
            if target is not self._root and target.owns(row.wrapped):
                continue
            async with self.database.transaction() as tx:
                if await rotation.wrap_by(tx.connection, row, self._root, target):
                    await self._record(tx, Kind.KEY_MOVED, row.place, row.suite)
                    count += 1
            moved(f"{row.purpose}/{row.version}", 1)
        return count

    @property
    def _root(self) -> RootKey:
        if self.keys.root is None:
            raise ValueError("a ring without a root key cannot be changed")
        return self.keys.root

    async def _subjects(self, version: int, pace: Pace, moved: Moved, done: Rewrapped) -> int:
        """Until a step finds none; rows that others hold are left out of a step, and found by a later one."""
        newest = KeyVersion(KeyPurpose.KEK, self.keys.key_version)
        total = 0
        while True:
            async with self.database.transaction() as tx:
                step = await rotation.rewrap_subjects(tx.connection, self.keys, version, limit=pace.rows)
                if step.changed:
                    await self._record(tx, Kind.KEY_REWRAPPED, newest, self.keys.suite, rows=step.changed)
            total += step.changed
            moved("subject keys", step.changed)
            if not step.changed:
                done.unreadable += step.unreadable
                return total
            await _rest(step.seen, pace)

    async def _reblind(self, pace: Pace, moved: Moved, done: Rewrapped) -> int:
        async with self.database.reading() as tx:
            places = await rotation.index_places(tx.connection)
        newest = KeyVersion(KeyPurpose.INDEX, self.keys.index_version)
        total = 0
        for place in places:
            step: Step = lambda tx, after, place=place: rotation.reblind(  # type: ignore[misc]  # noqa: E731  one line
                tx.connection, self.keys, place, after=after, limit=pace.rows
            )
            total += await self._walk("index entries", newest, step, (pace, moved), done)
        return total

    async def _sweep(self, pace: Pace, moved: Moved) -> int:
        """Delete what retired index versions made."""
        async with self.database.reading() as tx:
            rows = await wrapped_keys(tx.connection)
            places = await rotation.index_places(tx.connection)
        total = 0
        for row in rows:
            if not _is_swept(row):
                continue
            for place in places:
                gone = 1
                while gone:
                    async with self.database.transaction() as tx:
                        gone = await rotation.sweep_index(tx.connection, place, row, limit=pace.rows)
                    total += gone
                    moved("swept entries", gone)
                    await _rest(gone, pace)
        return total

    async def _walk(self, what: str, newest: KeyVersion, step: Step, how: tuple[Pace, Moved], done: Rewrapped) -> int:
        """Take steps, each in a transaction of its own, until one sees nothing."""
        pace, moved = how
        total, after = 0, None
        while True:
            async with self.database.transaction() as tx:
                made = await step(tx, after)
                if made.changed:
                    suite = self.keys.suite_of(*newest)
                    await self._record(tx, Kind.KEY_REWRAPPED, newest, suite, rows=made.changed, what=what)
            total += made.changed
            done.unreadable += made.unreadable
            moved(what, made.changed)
            if not made.seen:
                return total
            after = made.after
            await _rest(made.seen, pace)

    async def _record(
        self,
        tx: Transaction,
        kind: Kind,
        place: KeyVersion,
        suite: Suite,
        *,
        what: str = "",
        **counts: int,
    ) -> None:
        parts: dict[str, Json] = {"key": place.purpose.value, "version": place.version, "suite": suite.label, **counts}
        about = "values" if what == "values" else f"{place.purpose}/{place.version}"
        draft = EntryDraft(kind, DEPLOYMENT, self.by, about=about, parts=parts)
        [entry] = await append(tx.connection, [draft], now=tx.now, mac=self.keys.mac)
        if "epoch" in counts:
            await end_change(tx.connection, self.keys.rows, entry)


Step = Callable[[Transaction, "tuple[object, ...] | None"], Awaitable[Pass]]


def _is_swept(row: WrappedKey) -> bool:
    """Whether what a key version made is deleted: index entries nobody looks up any more."""
    return row.purpose is KeyPurpose.INDEX and row.state is KeyState.RETIRED


async def _rest(rows: int, pace: Pace) -> None:
    if pace.per_s is not None and rows:
        await asyncio.sleep(rows / pace.per_s)
