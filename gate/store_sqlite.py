"""The hot path on SQLite.

Rules:
- reads run on the calling thread: in WAL mode a reader never waits for a writer, and a look-up takes microseconds;
- ``record`` runs on one writer thread under BEGIN IMMEDIATE and commits with ``synchronous=FULL``: when it returns, the
  entries are on disk;
- the connections may insert into the ledger and nothing else: an authorizer refuses the rest.
"""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from gate.facts import GrantRow, SubjectRow
from gate.store import Gathered, Record, Scope, Sealed
from lineage.tables import MOVES_CONSENT

PRAGMAS = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",
    "PRAGMA recursive_triggers=ON",
    "PRAGMA busy_timeout=2000",
    "PRAGMA cache_size=-32000",
)
GATHER = """
SELECT s.ref, s.version, s.pseudonym, s.age_band, s.oldest_observed_us,
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
SELECT v.subject, v.segment, v.sealed
FROM json_each(?1) w
CROSS JOIN gate_values v ON v.tenant = ?2 AND v.subject = w.value AND +v.segment IN (SELECT value FROM json_each(?3))
"""
KEYS = """
SELECT k.subject, k.wrapped FROM json_each(?1) w
CROSS JOIN vault_subject_keys k ON k.tenant = ?2 AND k.subject = w.value
"""
VERSIONS = """
SELECT s.ref, s.version FROM json_each(?1) w CROSS JOIN consent_subjects s ON s.tenant = ?2 AND s.ref = w.value
"""
# OR FAIL with the FAIL of the table's trigger spares SQLite a journal per statement (see lineage.tables).
INSERT = """
INSERT OR FAIL INTO ledger_entries
  (id, tenant, stream, seq, kind, at_us, client, party, purpose, subject, outcome, shape, about, body, digest, mac)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""


class SqliteStore:
    """One reading connection on the event loop's thread, one writing connection on its own."""

    def __init__(self, path: Path, clock_us: Callable[[], int], guard: Callable[[sqlite3.Connection], None]) -> None:
        self._clock_us = clock_us
        self._reader = _connect(path, guard)
        self._writer = _connect(path, guard)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="yumen-ledger")

    async def gather(self, wanted: Mapping[Scope, Sequence[str]]) -> Gathered:
        """See :class:`gate.store.HotStore`."""
        cursor = self._reader.cursor()
        _clear(self._reader)
        try:
            cursor.execute("BEGIN")
            [(epoch,)] = cursor.execute("SELECT epoch FROM consent_epoch WHERE id = 1").fetchall()
            subjects = {
                scope: _subjects(
                    cursor.execute(GATHER, (json.dumps(refs), scope.tenant, scope.purpose, scope.recipient)).fetchall()
                )
                for scope, refs in wanted.items()
            }
            cursor.execute("COMMIT")
            return Gathered(epoch, self._clock_us(), subjects)
        finally:
            _clear(self._reader)  # a look left open would show this process the same state for ever

    async def heads(self, streams: Sequence[str]) -> dict[str, int]:
        """See :class:`gate.store.HotStore`."""
        found = self._reader.execute(HEADS, (json.dumps(streams),)).fetchall()
        return {stream: seq for stream, seq in found if seq is not None}

    async def observed(self, tenant: str, refs: Sequence[str], segments: Sequence[str]) -> list[tuple[str, str, int]]:
        """See :class:`gate.store.HotStore`."""
        return self._reader.execute(OBSERVED, (json.dumps(refs), tenant, json.dumps(segments))).fetchall()

    async def births(self, tenant: str, refs: Sequence[str]) -> dict[str, tuple[bytes, bytes]]:
        """See :class:`gate.store.HotStore`."""
        found = self._reader.execute(BIRTHS, (json.dumps(refs), tenant)).fetchall()
        return {ref: (wrapped, sealed) for ref, wrapped, sealed in found}

    async def fetch(self, tenant: str, refs: Sequence[str], segments: Sequence[str]) -> dict[str, Sealed]:
        """See :class:`gate.store.HotStore`."""
        asked = json.dumps(refs)
        keys = self._reader.execute(KEYS, (asked, tenant)).fetchall()
        found = {ref: Sealed(wrapped, {}) for ref, wrapped in keys}
        for ref, segment, sealed in self._reader.execute(FETCH, (asked, tenant, json.dumps(segments))).fetchall():
            if ref in found:
                found[ref].segments[segment] = sealed
        return found

    async def record(self, epoch: int, records: Sequence[Record]) -> dict[tuple[str, int], int]:
        """See :class:`gate.store.HotStore`."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, self._record, epoch, records)

    async def close(self) -> None:
        """See :class:`gate.store.HotStore`."""
        self._thread.shutdown(wait=True)
        self._reader.close()
        self._writer.close()

    def _record(self, epoch: int, records: Sequence[Record]) -> dict[tuple[str, int], int]:
        cursor = self._writer.cursor()
        _clear(self._writer)
        try:
            cursor.execute("BEGIN IMMEDIATE")  # may fail and yet have begun
            inserted = self._insert(cursor, epoch, records)
            cursor.execute("COMMIT")
        finally:
            _clear(self._writer)
        return inserted

    def _insert(self, cursor: sqlite3.Cursor, epoch: int, records: Sequence[Record]) -> dict[tuple[str, int], int]:
        if cursor.execute("SELECT epoch FROM consent_epoch WHERE id = 1").fetchall() != [(epoch,)]:
            return {}
        standing = self._standing(cursor, records)
        heads = self._heads(cursor, standing)
        next_id = cursor.execute("SELECT coalesce(max(id), 0) FROM ledger_entries").fetchone()[0] + 1
        rows: list[tuple[object, ...]] = []
        inserted: dict[tuple[str, int], int] = {}
        for record in standing:
            stream, seq = record.row[1], record.row[2]
            if seq != heads[stream] + 1:
                continue
            heads[stream] = seq
            inserted[stream, seq] = next_id
            rows.append((next_id, *record.row))
            next_id += 1
        cursor.executemany(INSERT, rows)
        return inserted

    def _standing(self, cursor: sqlite3.Cursor, records: Sequence[Record]) -> list[Record]:
        """The records whose subject's version has not moved and whose decision is still valid."""
        now_us = self._clock_us()
        versions: dict[tuple[str, str], int] = {}
        for tenant in {record.row[0] for record in records}:
            refs = json.dumps([r.subject for r in records if r.row[0] == tenant and r.subject is not None])
            versions.update({(tenant, ref): version for ref, version in cursor.execute(VERSIONS, (refs, tenant))})
        return [
            record
            for record in records
            if record.valid_until_us > now_us
            and (record.subject is None or versions.get((record.row[0], record.subject)) == record.version)
        ]

    @staticmethod
    def _heads(cursor: sqlite3.Cursor, records: Sequence[Record]) -> dict[str, int]:
        streams = json.dumps(list({record.row[1] for record in records}))
        return {stream: seq or 0 for stream, seq in cursor.execute(HEADS, (streams,))}


def _connect(path: Path, guard: Callable[[sqlite3.Connection], None]) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, cached_statements=64)
    for pragma in PRAGMAS:
        connection.execute(pragma)
    connection.execute("SELECT value FROM json_each('[]')")  # set up before the authorizer, which would refuse it
    guard(connection)
    return connection


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
        grants = before if row[11] is None else (*before, GrantRow._make(row[11:]))
        found[row[0]] = SubjectRow._make((*row[:11], grants))
    return found
