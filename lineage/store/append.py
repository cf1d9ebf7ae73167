"""Writing to the ledger, for everything but the hot read path.

Rules enforced here:
- an entry takes the next place of its stream; two writers at one stream queue (advisory lock) or, where the other
  writer takes no lock, the loser of the place rolls back to its savepoint and tries the next one: no hole, no double;
- entries are written in the caller's transaction, so what they record and the record commit together or not at all;
- a shape is in the ledger before the first read that names it.

A subject's stream is normally held by the lock on the subject's consent row, which the caller takes; locking thousands
of streams here would empty PostgreSQL's lock table, so only the few shared streams are locked.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime

from sqlalchemy import CursorResult, func, insert, select, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from catalog.canonical import canonical
from lineage.content import Json
from lineage.entries import Actor, Entry, EntryDraft, Mac, Moment, build_entry
from lineage.errors import EntryContentError, StreamContendedError
from lineage.kinds import Kind, Role
from lineage.shapes import Shape
from lineage.tables import CONFIGURES, LedgerEntry, LedgerShape, LedgerShapeField

MAX_ATTEMPTS = 20
MAX_LOCKS = 256
_LOCK_SEED = 0x79756D656E  # "yumen": keeps these advisory locks apart from another application's
_SYSTEM = Actor(Role.SYSTEM, "yumen")

_ENTRIES = LedgerEntry.metadata.tables["ledger_entries"]
_SHAPES = LedgerShape.metadata.tables["ledger_shapes"]
_SHAPE_FIELDS = LedgerShapeField.metadata.tables["ledger_shape_fields"]

HEADS = {
    "postgresql": "SELECT s, (SELECT seq FROM ledger_entries WHERE stream = s ORDER BY seq DESC LIMIT 1) "
    "FROM unnest(CAST(:streams AS text[])) AS s",
    "sqlite": "SELECT j.value, (SELECT max(seq) FROM ledger_entries WHERE stream = j.value) "
    "FROM json_each(:streams) AS j",
}


async def append(connection: AsyncConnection, drafts: Sequence[EntryDraft], *, now: datetime, mac: Mac) -> list[int]:
    """Append entries in the caller's transaction; returns their ids in the order of the drafts.

    Drafts of one stream take places in the order given.
    Raises: EntryContentError, EntryTooLargeError; StreamContendedError: the place was taken again and again.
    """
    if not drafts:
        return []
    moment = Moment.of(now)
    if connection.dialect.name == "sqlite":  # one writer at a time: nobody to race with
        return await _append_once(connection, drafts, moment, mac)
    await _lock(connection, {draft.stream for draft in drafts if draft.subject is None})
    for _ in range(MAX_ATTEMPTS):
        try:
            async with connection.begin_nested():
                return await _append_once(connection, drafts, moment, mac)
        except IntegrityError as error:
            if "ledger_entries_stream_seq" not in str(error.orig):
                raise
        # Somebody writes here without the subject's lock: from now on queue, where the lock table allows it.
        streams = {draft.stream for draft in drafts}
        await _lock(connection, streams if len(streams) <= MAX_LOCKS else ())
    raise StreamContendedError("the next place of a stream was taken again and again")


async def newest_configuration(connection: AsyncConnection) -> int:
    """The id of the newest entry that tells of a change of configuration, 0 before the first."""
    newest = select(func.max(_ENTRIES.c.id)).where(text(CONFIGURES))
    return (await connection.execute(newest)).scalar_one() or 0


async def heads(connection: AsyncConnection, streams: Iterable[str]) -> dict[str, int]:
    """Return the last place taken in each stream; 0 for a stream without entries."""
    wanted = sorted(set(streams))
    if not wanted:
        return {}
    dialect = connection.dialect.name
    given = wanted if dialect == "postgresql" else canonical(wanted).decode()
    found = await connection.execute(text(HEADS[dialect]), {"streams": given})
    return {stream: seq or 0 for stream, seq in found}


async def ensure_shapes(connection: AsyncConnection, shapes: Iterable[Shape], *, now: datetime, mac: Mac) -> int:
    """Record the shapes that are not recorded yet; returns how many were new.

    Call it in a transaction of its own before the entries that name them: it takes the lock of the tenant's stream,
    which a configuration change holds together with the epoch's.
    """
    wanted = {(shape.tenant, shape.digest): shape for shape in shapes}
    if any(not shape.digest for shape in wanted.values()):
        raise EntryContentError("a shape must be bound to a client and purpose before it is recorded")
    fresh = [wanted[key] for key in sorted(wanted) if await _insert_shape(connection, wanted[key])]
    if fresh:
        lines = [line for shape in fresh for line in _lines(shape)]
        if lines:  # an answer of unknown features only has none
            await connection.execute(insert(_SHAPE_FIELDS), lines)
        await append(connection, [_recorded(shape) for shape in fresh], now=now, mac=mac)
    return len(fresh)


async def _append_once(
    connection: AsyncConnection, drafts: Sequence[EntryDraft], moment: Moment, mac: Mac
) -> list[int]:
    last = await heads(connection, (draft.stream for draft in drafts))
    entries: list[Entry] = []
    for draft in drafts:
        last[draft.stream] += 1
        entries.append(build_entry(draft, seq=last[draft.stream], moment=moment, mac=mac))
    rows = [_values(entry) for entry in entries]
    if connection.dialect.name == "sqlite":
        return await _insert_numbered(connection, rows)
    statement = insert(_ENTRIES).returning(_ENTRIES.c.id, sort_by_parameter_order=True)
    return list((await connection.execute(statement, rows)).scalars())


async def _insert_numbered(connection: AsyncConnection, rows: Sequence[dict[str, object]]) -> list[int]:
    """Insert under ids given here: SQLite would return its own only row by row, and there is no other writer."""
    taken = (await connection.execute(select(func.max(_ENTRIES.c.id)))).scalar_one() or 0
    ids = list(range(taken + 1, taken + 1 + len(rows)))
    numbered = [{**row, "id": number} for row, number in zip(rows, ids, strict=True)]
    await connection.execute(insert(_ENTRIES), numbered)
    return ids


def _values(entry: Entry) -> dict[str, object]:
    return {**asdict(entry), "body": entry.body.decode()}


async def _lock(connection: AsyncConnection, streams: Collection[str]) -> None:
    # In one order for everybody, so that two writers never wait for each other.
    for stream in sorted(streams):
        statement = text("SELECT pg_advisory_xact_lock(hashtextextended(:stream, :seed))")
        await connection.execute(statement, {"stream": stream, "seed": _LOCK_SEED})


async def _insert_shape(connection: AsyncConnection, shape: Shape) -> bool:
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    values = {
        "tenant": shape.tenant,
        "shape": shape.digest,
        "client": shape.client,
        "purpose": shape.purpose,
        "outcome": shape.outcome,
        "body": canonical(shape.document).decode(),
    }
    done: CursorResult[object] = await connection.execute(
        dialect.insert(_SHAPES).values(values).on_conflict_do_nothing()
    )
    return done.rowcount == 1


def _lines(shape: Shape) -> list[Mapping[str, str]]:
    return [
        {"tenant": shape.tenant, "shape": shape.digest, "feature": feature, "field": field, "outcome": outcome}
        for feature, field, outcome in shape.lines
    ]


def _recorded(shape: Shape) -> EntryDraft:
    parts: dict[str, Json] = {"shape": shape.digest, "document": shape.document}
    return EntryDraft(Kind.SHAPE_RECORDED, shape.tenant, _SYSTEM, about=shape.digest, parts=parts)
