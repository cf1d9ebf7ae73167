"""The hot path on PostgreSQL.

Rules:
- every step is one statement over arrays: round trips do not grow with the number of subjects;
- ``record`` is one autocommitted statement: it takes share locks on the epoch row and on the subjects' rows, re-checks
  them, and inserts; a replica frozen at any point never sits on a lock;
- it does not wait for a subject whose consent is just being changed: that subject is decided again, the others are not
  kept;
- the entry id is drawn after the lock, so for one subject ids follow commits;
- of several entries of one stream only an unbroken run from the first is inserted, so that no number is skipped;
- a server that does not answer is given up in time, with its connection;
- a sequence number already taken by another replica inserts nothing, and the subject is decided again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import asyncpg

from gate.facts import GrantRow, SubjectRow
from gate.store import Gathered, Record, Scope, Sealed
from lineage.tables import MOVES_CONSENT

GATHER = """
SELECT w.scope, s.ref, s.version, s.pseudonym, s.age_band, s.oldest_observed_us, s.status, coalesce(h.seq, 0),
       s.created_us, s.told, s.held, s.mac, coalesce(c.id, 0),
       g.id, g.version, g.state, g.form, g.guardian, g.provision::int, g.fields, g.max_form,
       g.starts_us, g.expires_us, g.material,
       g.notice || ' ' || g.notice_version || ' ' || g.notice_hash || ' ' || coalesce('+' || g.evidence, '-')
         || ' ' || g.channel || ' ' || g.given_us, g.mac,
       e.epoch, (extract(epoch from clock_timestamp()) * 1000000)::bigint
FROM consent_epoch e
LEFT JOIN unnest($1::int[], $2::text[], $3::text[], $4::text[], $5::text[])
       AS w(scope, tenant, purpose, recipient, ref) ON true
LEFT JOIN consent_subjects s ON s.tenant = w.tenant AND s.ref = w.ref
LEFT JOIN LATERAL (SELECT seq FROM ledger_entries l WHERE l.stream = s.pseudonym ORDER BY seq DESC LIMIT 1) h ON true
LEFT JOIN LATERAL (
  SELECT id FROM ledger_entries l WHERE l.stream = s.pseudonym AND {moves_consent} ORDER BY id DESC LIMIT 1
) c ON true
LEFT JOIN consent_grants g ON g.tenant = s.tenant AND g.subject = s.ref
      AND g.purpose = w.purpose AND g.recipient = w.recipient AND g.is_current
WHERE e.id = 1
""".replace("{moves_consent}", MOVES_CONSENT)
HEADS = """
SELECT w.stream, h.seq FROM unnest($1::text[]) AS w(stream)
JOIN LATERAL (SELECT seq FROM ledger_entries l WHERE l.stream = w.stream ORDER BY seq DESC LIMIT 1) h ON true
"""
# LIMIT and OFFSET keep each look-up a look-up: flattened into joins they were planned as scans, fifteen times as slow.
OBSERVED = """
SELECT w.ref, v.segment, v.observed_us FROM unnest($2::text[]) AS w(ref)
CROSS JOIN LATERAL (
  SELECT segment, observed_us FROM gate_values
  WHERE tenant = $1 AND subject = w.ref AND segment = ANY($3::text[]) OFFSET 0
) v
"""
BIRTHS = """
SELECT w.ref, k.wrapped, i.sealed FROM unnest($2::text[]) AS w(ref)
CROSS JOIN LATERAL (
  SELECT sealed FROM vault_identifiers WHERE tenant = $1 AND subject = w.ref AND field = 'birth_date' LIMIT 1
) i
CROSS JOIN LATERAL (SELECT wrapped FROM vault_subject_keys WHERE tenant = $1 AND subject = w.ref LIMIT 1) k
"""
FETCH = """
SELECT w.ref, k.wrapped, v.segment, v.sealed FROM unnest($2::text[]) AS w(ref)
CROSS JOIN LATERAL (SELECT wrapped FROM vault_subject_keys WHERE tenant = $1 AND subject = w.ref LIMIT 1) k
LEFT JOIN LATERAL (
  SELECT segment, sealed FROM gate_values WHERE tenant = $1 AND subject = w.ref AND segment = ANY($3::text[]) OFFSET 0
) v ON true
"""
RECORD = """
WITH want AS MATERIALIZED (
  SELECT w.*, min(w.seq) OVER (PARTITION BY w.stream) AS first_seq
  FROM unnest($2::text[], $3::bigint[], $4::bigint[], $5::text[], $6::text[], $7::bigint[], $8::text[], $9::bigint[],
              $10::text[], $11::text[], $12::text[], $13::text[], $14::text[], $15::text[], $16::text[], $17::text[],
              $18::bytea[], $19::bytea[])
    AS w(ref, version, valid_until_us, tenant, stream, seq, kind, at_us, client, party, purpose, subject, outcome,
         shape, about, body, digest, mac)
), current AS MATERIALIZED (
  SELECT epoch FROM consent_epoch WHERE id = 1 AND epoch = $1 FOR SHARE
), known AS MATERIALIZED (
  SELECT w.* FROM want w JOIN current ON true
  JOIN consent_subjects s ON s.tenant = w.tenant AND s.ref = w.ref AND s.version = w.version
  ORDER BY w.tenant, w.ref, w.seq FOR SHARE OF s SKIP LOCKED
), held AS (
  SELECT * FROM known UNION ALL SELECT w.* FROM want w JOIN current ON true WHERE w.ref IS NULL
), run AS (
  SELECT h.*, row_number() OVER (PARTITION BY stream ORDER BY seq) AS place FROM held h
  WHERE valid_until_us > (extract(epoch from clock_timestamp()) * 1000000)::bigint
)
INSERT INTO ledger_entries
  (tenant, stream, seq, kind, at_us, client, party, purpose, subject, outcome, shape, about, body, digest, mac)
SELECT tenant, stream, seq, kind, at_us, client, party, purpose, subject, outcome, shape, about, body, digest, mac
FROM run WHERE seq = first_seq + place - 1 ORDER BY stream, seq
ON CONFLICT (stream, seq) DO NOTHING RETURNING id, stream, seq
"""
LIMITS = {
    "lock_timeout": "1500",
    "statement_timeout": "2000",
    "timezone": "UTC",
    "application_name": "yumen-gate",
    # Everything here is looked up by key, in the order written: statistics that are missing or old must not turn a
    # look-up into a scan.
    "enable_seqscan": "off",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
    "enable_material": "off",
    "enable_bitmapscan": "off",
    "join_collapse_limit": "1",
    "jit": "off",
}


class PostgresStore:
    """A small pool of connections with prepared statements."""

    def __init__(self, pool: asyncpg.Pool, *, timeout_s: float) -> None:
        self._pool = pool
        self._timeout_s = timeout_s

    @classmethod
    async def open(cls, dsn: str, *, connections: int = 4, timeout_s: float = 2.0) -> PostgresStore:
        """Connect to ``dsn`` (``postgresql://…``); raises what asyncpg raises when it cannot."""
        pool = await asyncpg.create_pool(
            dsn,
            min_size=1,
            max_size=connections,
            timeout=timeout_s,
            command_timeout=timeout_s + 0.5,
            server_settings=LIMITS,
        )
        return cls(pool, timeout_s=timeout_s)

    async def gather(self, wanted: Mapping[Scope, Sequence[str]]) -> Gathered:
        """See :class:`gate.store.HotStore`."""
        scopes = list(wanted)
        flat = [(index, *scope, ref) for index, scope in enumerate(scopes) for ref in wanted[scope]]
        columns = [list(column) for column in zip(*flat, strict=True)] or [[], [], [], [], []]
        rows = await self._fetch(GATHER, *columns)
        subjects: dict[Scope, dict[str, SubjectRow]] = {scope: {} for scope in scopes}
        for row in rows:
            if row[1] is not None:
                _add(subjects[scopes[row[0]]], tuple(row))
        return Gathered(rows[0][26], rows[0][27], subjects)

    async def heads(self, streams: Sequence[str]) -> dict[str, int]:
        """See :class:`gate.store.HotStore`."""
        return {row[0]: row[1] for row in await self._fetch(HEADS, list(streams))}

    async def observed(self, tenant: str, refs: Sequence[str], segments: Sequence[str]) -> list[tuple[str, str, int]]:
        """See :class:`gate.store.HotStore`."""
        return [tuple(row) for row in await self._fetch(OBSERVED, tenant, list(refs), list(segments))]

    async def births(self, tenant: str, refs: Sequence[str]) -> dict[str, tuple[bytes, bytes]]:
        """See :class:`gate.store.HotStore`."""
        return {row[0]: (row[1], row[2]) for row in await self._fetch(BIRTHS, tenant, list(refs))}

    async def fetch(self, tenant: str, refs: Sequence[str], segments: Sequence[str]) -> dict[str, Sealed]:
        """See :class:`gate.store.HotStore`."""
        found: dict[str, Sealed] = {}
        for ref, wrapped, segment, sealed in await self._fetch(FETCH, tenant, list(refs), list(segments)):
            held = found.setdefault(ref, Sealed(wrapped, {}))
            if segment is not None:
                held.segments[segment] = sealed
        return found

    async def record(self, epoch: int, records: Sequence[Record]) -> dict[tuple[str, int], int]:
        """See :class:`gate.store.HotStore`."""
        flat = ((record.subject, record.version, record.valid_until_us, *record.row) for record in records)
        columns = [list(column) for column in zip(*flat, strict=True)]
        rows = await self._fetch(RECORD, epoch, *columns)
        return {(row[1], row[2]): row[0] for row in rows}

    async def close(self) -> None:
        """See :class:`gate.store.HotStore`."""
        await self._pool.close()

    async def _fetch(self, statement: str, *arguments: object) -> list[asyncpg.Record]:
        connection = await self._pool.acquire(timeout=self._timeout_s)
        try:
            found: list[asyncpg.Record] = await connection.fetch(statement, *arguments)
        except (TimeoutError, asyncio.CancelledError):
            connection.terminate()  # else a frozen server is waited for until it has heard of the cancellation
            raise
        else:
            return found
        finally:
            await self._pool.release(connection)


def _add(subjects: dict[str, SubjectRow], row: tuple[Any, ...]) -> None:
    """Fold one joined row, one per grant, into its subject."""
    known = subjects.get(row[1])
    before = known.grants if known else ()
    grants = before if row[13] is None else (*before, GrantRow._make(row[13:26]))
    subjects[row[1]] = SubjectRow._make((*row[1:13], grants))
