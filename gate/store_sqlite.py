"""The hot path on SQLite.

Rules:
- one connection for looking and recording, one group at a time (see gate.gate): what a connection wrote itself stays in
  its cache, while another's commit would empty it before every look;
- looking and inserting happen on the calling thread, where they take microseconds; the commit, with
  ``synchronous=FULL``, on a thread of its own: while the disk works the loop goes on; when ``record`` returns, the
  entries are on disk;
- another writer is not waited for on the calling thread: then the insertion happens on the other one as well;
- one step at a time has the connection: a look in the middle of a record would stand in its transaction, and end it;
- rows are inserted many to a step: between steps threads wait for each other;
- the connection may insert into the ledger and nothing else: an authorizer refuses the rest.
"""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from gate.facts import GrantRow, SubjectRow
from gate.store import Gathered, Record, Scope, Sealed
from gate.store_sqlite_disk import DiskThread
from gate.store_sqlite_log import LogKeeper
from lineage.entries import COLUMNS
from lineage.tables import MOVES_CONSENT

PATIENCE_S = 2.0
AGAIN_S = 0.0005  # SQLite itself would look again after up to a tenth of a second
PRAGMAS = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",
    "PRAGMA recursive_triggers=ON",
    "PRAGMA cache_size=-32000",
    "PRAGMA busy_timeout=0",  # waiting is done here
    "PRAGMA wal_autocheckpoint=0",  # see gate.store_sqlite_log
)
EPOCH = "SELECT epoch FROM consent_epoch WHERE id = 1"
GATHER = """
SELECT s.ref, s.version, s.pseudonym, s.age_band, s.oldest_observed_us, s.status,
       coalesce((SELECT max(e.seq) FROM ledger_entries e WHERE e.stream = s.pseudonym), 0),
       s.created_us, s.told, s.held, s.mac,
       coalesce((SELECT max(c.id) FROM ledger_entries c INDEXED BY ledger_entries_consents
                 WHERE c.stream = s.pseudonym AND {moves_consent}), 0),
       g.id, g.version, g.state, g.form, g.guardian, g.provision, g.fields, g.max_form,
       g.starts_us, g.expires_us, g.material,
       g.notice || ' ' || g.notice_version || ' ' || g.notice_hash || ' ' || coalesce('+' || g.evidence, '-')
         || ' ' || g.channel || ' ' || g.given_us, g.mac
FROM json_each(?1) w
CROSS JOIN consent_subjects s ON s.tenant = ?2 AND s.ref = w.value
LEFT JOIN consent_grants g
       ON g.tenant = ?2 AND g.subject = s.ref AND g.purpose = ?3 AND g.recipient = ?4 AND g.is_current
""".replace("{moves_consent}", MOVES_CONSENT)
HEADS = """
SELECT w.value, (SELECT max(e.seq) FROM ledger_entries e WHERE e.stream = w.value) FROM json_each(?1) w
"""
# The plus keeps the planner from a look-up per segment: a subject's segments stand together, one descent finds all.
OBSERVED = """
SELECT v.subject, v.segment, v.observed_us
FROM json_each(?1) w
CROSS JOIN gate_values v ON v.tenant = ?2 AND v.subject = w.value AND +v.segment IN (SELECT value FROM json_each(?3))
"""
BIRTHS = """
SELECT i.subject, k.wrapped, i.sealed
FROM json_each(?1) w
CROSS JOIN vault_identifiers i ON i.tenant = ?2 AND i.subject = w.value AND i.field = 'birth_date'
CROSS JOIN vault_subject_keys k ON k.tenant = ?2 AND k.subject = w.value
"""
FETCH = """
SELECT k.subject, k.wrapped, v.segment, v.sealed
FROM json_each(?1) w
CROSS JOIN vault_subject_keys k ON k.tenant = ?2 AND k.subject = w.value
LEFT JOIN gate_values v ON v.tenant = ?2 AND v.subject = w.value AND +v.segment IN (SELECT value FROM json_each(?3))
"""
STANDING = """
SELECT s.ref, s.version, s.pseudonym,
       coalesce((SELECT max(e.seq) FROM ledger_entries e WHERE e.stream = s.pseudonym), 0)
FROM json_each(?1) w CROSS JOIN consent_subjects s ON s.tenant = ?2 AND s.ref = w.value
"""
ROWS_AT_ONCE = (64, 8, 1)
# OR FAIL with the FAIL of the table's trigger spares SQLite a journal per statement (see lineage.tables).
_INSERT = f"INSERT OR FAIL INTO ledger_entries (id, {', '.join(COLUMNS)}) VALUES "  # noqa: S608  constants
_ROW = f"(?{', ?' * len(COLUMNS)})"
INSERTS = {count: _INSERT + ", ".join([_ROW] * count) for count in ROWS_AT_ONCE}
_encode = msgspec.json.Encoder().encode


class SqliteStore:
    """One connection, and one thread for what waits for the disk."""

    def __init__(self, path: Path, clock_us: Callable[[], int], guard: Callable[[sqlite3.Connection], None]) -> None:
        self._clock_us = clock_us
        self._connection = _connect(path, guard)
        self._log = LogKeeper(lambda: _connect(path, guard))
        self._disk = DiskThread("yumen-ledger")
        self._turn = asyncio.Lock()

    async def gather(self, wanted: Mapping[Scope, Sequence[str]]) -> Gathered:
        """See :class:`gate.store.HotStore`."""
        async with self._turn:
            return self._gather(wanted)

    async def heads(self, streams: Sequence[str]) -> dict[str, int]:
        """See :class:`gate.store.HotStore`."""
        found = await self._look(HEADS, _json(streams))
        return {stream: seq for stream, seq in found if seq is not None}

    async def observed(self, tenant: str, refs: Sequence[str], segments: Sequence[str]) -> list[tuple[str, str, int]]:
        """See :class:`gate.store.HotStore`."""
        return await self._look(OBSERVED, _json(refs), tenant, _json(segments))

    async def births(self, tenant: str, refs: Sequence[str]) -> dict[str, tuple[bytes, bytes]]:
        """See :class:`gate.store.HotStore`."""
        found = await self._look(BIRTHS, _json(refs), tenant)
        return {ref: (wrapped, sealed) for ref, wrapped, sealed in found}

    async def fetch(self, tenant: str, refs: Sequence[str], segments: Sequence[str]) -> dict[str, Sealed]:
        """See :class:`gate.store.HotStore`."""
        found: dict[str, Sealed] = {}
        for ref, wrapped, segment, sealed in await self._look(FETCH, _json(refs), tenant, _json(segments)):
            held = found.get(ref)
            if held is None:
                held = found[ref] = Sealed(wrapped, {})
            if segment is not None:
                held.segments[segment] = sealed
        return found

    async def record(self, epoch: int, records: Sequence[Record]) -> dict[tuple[str, int], int]:
        """See :class:`gate.store.HotStore`."""
        async with self._turn:
            inserted = self._begin_and_insert(epoch, records)
            if inserted is None:
                inserted = await self._disk.run(self._wait_and_insert, epoch, records)
            await self._disk.run(self._commit, len(inserted))
        return inserted

    async def close(self) -> None:
        """See :class:`gate.store.HotStore`."""
        self._disk.close()
        self._log.close()
        self._connection.close()

    async def _look(self, statement: str, *arguments: str) -> list[Any]:
        async with self._turn:
            return self._connection.execute(statement, arguments).fetchall()

    def _gather(self, wanted: Mapping[Scope, Sequence[str]]) -> Gathered:
        cursor = self._connection.cursor()
        _clear(self._connection)
        try:
            cursor.execute("BEGIN")
            [(epoch,)] = cursor.execute(EPOCH).fetchall()
            subjects = {
                scope: _subjects(
                    cursor.execute(GATHER, (_json(refs), scope.tenant, scope.purpose, scope.recipient)).fetchall()
                )
                for scope, refs in wanted.items()
            }
            cursor.execute("COMMIT")
            return Gathered(epoch, self._clock_us(), subjects)
        finally:
            _clear(self._connection)  # a look left open would show this process the same state for ever

    def _begin_and_insert(self, epoch: int, records: Sequence[Record]) -> dict[tuple[str, int], int] | None:
        """Insert, uncommitted; None if another writer is at work."""
        _clear(self._connection)
        try:
            self._connection.execute("BEGIN IMMEDIATE")  # may fail and yet have begun
        except sqlite3.OperationalError as error:
            _clear(self._connection)
            if error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY:
                return None
            raise
        return self._insert_or_clear(epoch, records)

    def _wait_and_insert(self, epoch: int, records: Sequence[Record]) -> dict[tuple[str, int], int]:
        until_s = time.monotonic() + PATIENCE_S
        while (inserted := self._begin_and_insert(epoch, records)) is None:
            if time.monotonic() >= until_s:
                raise TimeoutError("another writer of the database did not end")
            time.sleep(AGAIN_S)
        return inserted

    def _commit(self, entries: int) -> None:
        try:
            self._connection.execute("COMMIT")
        finally:
            _clear(self._connection)
        self._log.after_commit(self._connection, entries)

    def _insert_or_clear(self, epoch: int, records: Sequence[Record]) -> dict[tuple[str, int], int]:
        try:
            return self._insert(self._connection.cursor(), epoch, records)
        except BaseException:
            _clear(self._connection)
            raise

    def _insert(self, cursor: sqlite3.Cursor, epoch: int, records: Sequence[Record]) -> dict[tuple[str, int], int]:
        if cursor.execute(EPOCH).fetchall() != [(epoch,)]:
            return {}
        versions, heads = self._standing(cursor, records)
        now_us = self._clock_us()
        next_id = cursor.execute("SELECT coalesce(max(id), 0) FROM ledger_entries").fetchone()[0] + 1
        rows: list[tuple[object, ...]] = []
        inserted: dict[tuple[str, int], int] = {}
        for ref, version, valid_until_us, row in records:
            stream, seq = row[1], row[2]
            holds = valid_until_us > now_us and (ref is None or versions.get((row[0], ref)) == version)
            if not holds or seq != heads[stream] + 1:
                continue
            heads[stream] = seq
            inserted[stream, seq] = next_id
            rows.append((next_id, *row))
            next_id += 1
        _insert_rows(cursor, rows)
        return inserted

    @staticmethod
    def _standing(
        cursor: sqlite3.Cursor, records: Sequence[Record]
    ) -> tuple[dict[tuple[str, str], int], dict[str, int]]:
        """The consent version of every (tenant, subject) as it is now, and the last place of every stream."""
        versions: dict[tuple[str, str], int] = {}
        heads: dict[str, int] = {}
        for tenant in {record.row[0] for record in records}:
            refs = _json([r.subject for r in records if r.row[0] == tenant and r.subject is not None])
            for ref, version, stream, head in cursor.execute(STANDING, (refs, tenant)).fetchall():
                versions[tenant, ref] = version
                heads[stream] = head
        missing = list({record.row[1] for record in records if record.row[1] not in heads})
        if missing:
            heads.update((stream, seq or 0) for stream, seq in cursor.execute(HEADS, (_json(missing),)).fetchall())
        return versions, heads


def _connect(path: Path, guard: Callable[[sqlite3.Connection], None]) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, cached_statements=64)
    for pragma in PRAGMAS:
        connection.execute(pragma)
    connection.execute("SELECT value FROM json_each('[]')")  # set up before the authorizer, which would refuse it
    guard(connection)
    return connection


def _json(texts: Sequence[str]) -> str:
    return _encode(texts).decode()


def _insert_rows(cursor: sqlite3.Cursor, rows: Sequence[tuple[object, ...]]) -> None:
    done = 0
    for count in ROWS_AT_ONCE:
        while len(rows) - done >= count:
            cursor.execute(INSERTS[count], [value for row in rows[done : done + count] for value in row])
            done += count


def _clear(connection: sqlite3.Connection) -> None:
    """End what a failure left open; no rows, locks or old states stay behind."""
    if connection.in_transaction:
        connection.rollback()


def _subjects(rows: Iterable[tuple[Any, ...]]) -> dict[str, SubjectRow]:
    """Fold joined rows, one per grant, into one row per subject."""
    found: dict[str, SubjectRow] = {}
    for row in rows:
        known = found.get(row[0])
        before = known.grants if known else ()
        grants = before if row[12] is None else (*before, GrantRow._make(row[12:]))
        found[row[0]] = SubjectRow._make((*row[:12], grants))
    return found
