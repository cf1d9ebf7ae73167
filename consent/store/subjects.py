"""SQL over ``consent_subjects``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, insert, select, update
from sqlalchemy.engine import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from consent.instants import from_us, to_us
from consent.rows import SUBJECT, RowSealer, subject_row
from consent.store.dialects import chunks
from consent.subjects import AgeBand, NewSubject, Subject, SubjectId, SubjectStatus
from consent.tables import SUBJECTS

_MUTABLE = ("version", "age_band", "oldest_observed_us", "told", "held", "status", "mac")
_BURIED = (*_MUTABLE, "pseudonym", "created_us")
NO_VERSION = -1  # the version of a tombstone: no decision was ever made under it


async def existing(connection: AsyncConnection, tenant: str, refs: Sequence[str]) -> list[str]:
    """Those of ``refs`` that are taken in this tenant."""
    found: list[str] = []
    for part in chunks(refs):
        rows = await connection.execute(
            select(SUBJECTS.c.ref).where(SUBJECTS.c.tenant == tenant, SUBJECTS.c.ref.in_(part))
        )
        found.extend(rows.scalars())
    return found


async def insert_subjects(
    connection: AsyncConnection, new: Sequence[NewSubject], now: datetime, rows: RowSealer
) -> None:
    """Write new subjects at version 0."""
    made = [Subject(subject.id, 0, subject.pseudonym, subject.age_band, None, now) for subject in new]
    await connection.execute(insert(SUBJECTS), [_sealed(subject, rows) for subject in made])


async def subjects(
    connection: AsyncConnection, tenant: str, refs: Sequence[str], *, lock: bool = False
) -> dict[str, Subject]:
    """The subjects of a tenant by reference; absent and erased ones are left out.

    With ``lock`` the rows are locked for update in the order of their references, so two writers cannot deadlock.
    """
    found: dict[str, Subject] = {}
    for part in chunks(sorted(refs)):
        query = select(SUBJECTS).where(SUBJECTS.c.tenant == tenant, SUBJECTS.c.ref.in_(part)).order_by(SUBJECTS.c.ref)
        rows = await connection.execute(query.with_for_update() if lock else query)
        found.update((row.ref, _subject(row)) for row in rows if row.status != SubjectStatus.ERASED.value)
    return found


async def by_pseudonym(connection: AsyncConnection, tenant: str, pseudonyms: Sequence[str]) -> dict[str, str]:
    """The references behind pseudonyms; of an erased subject none is known."""
    found: dict[str, str] = {}
    for part in chunks(sorted(pseudonyms)):
        query = select(SUBJECTS.c.pseudonym, SUBJECTS.c.ref).where(
            SUBJECTS.c.tenant == tenant, SUBJECTS.c.pseudonym.in_(part)
        )
        found.update((row.pseudonym, row.ref) for row in await connection.execute(query))
    return found


async def erased(connection: AsyncConnection, tenant: str, refs: Sequence[str]) -> set[str]:
    """Those of ``refs`` of which only the tombstone is left."""
    found: set[str] = set()
    for part in chunks(sorted(refs)):
        query = select(SUBJECTS.c.ref).where(
            SUBJECTS.c.tenant == tenant, SUBJECTS.c.ref.in_(part), SUBJECTS.c.status == SubjectStatus.ERASED.value
        )
        found.update((await connection.execute(query)).scalars())
    return found


async def bury(connection: AsyncConnection, tenant: str, names: Mapping[str, str], rows: RowSealer) -> None:
    """Leave of locked subjects their tombstones, sealed; the database removes their grants and events with it.

    Shape: ``names``: reference -> a random name for the column of the pseudonym, which stands nowhere else.
    """
    statement = (
        update(SUBJECTS)
        .where(SUBJECTS.c.tenant == tenant, SUBJECTS.c.ref == bindparam("of_ref"))
        .values({name: bindparam(f"to_{name}", type_=SUBJECTS.c[name].type) for name in _BURIED})
    )
    tombs = [_sealed(tombstone(SubjectId(tenant, ref), name), rows) for ref, name in sorted(names.items())]
    await connection.execute(
        statement, [{"of_ref": tomb["ref"], **{f"to_{name}": tomb[name] for name in _BURIED}} for tomb in tombs]
    )


def tombstone(who: SubjectId, name: str) -> Subject:
    """What is left of an erased subject."""
    return Subject(who, NO_VERSION, name, AgeBand.UNKNOWN, None, from_us(0), status=SubjectStatus.ERASED)


async def save_subjects(connection: AsyncConnection, changed: Sequence[Subject], rows: RowSealer) -> None:
    """Write what may change of locked subjects and seal the rows."""
    statement = (
        update(SUBJECTS)
        .where(SUBJECTS.c.tenant == bindparam("of_tenant"), SUBJECTS.c.ref == bindparam("of_ref"))
        .values({name: bindparam(f"to_{name}", type_=SUBJECTS.c[name].type) for name in _MUTABLE})
    )
    sealed = [_sealed(subject, rows) for subject in changed]
    keys = [{"of_tenant": row["tenant"], "of_ref": row["ref"]} for row in sealed]
    values = [{f"to_{name}": row[name] for name in _MUTABLE} for row in sealed]
    await connection.execute(statement, [key | value for key, value in zip(keys, values, strict=True)])


async def note_observed(
    connection: AsyncConnection, tenant: str, observed: Mapping[str, datetime], *, rows: RowSealer
) -> None:
    """Lower ``oldest_observed`` of the subjects to the times given, where these are older.

    A row that does not hold is left as it is: sealing it would hide that somebody changed it.
    """
    known = await subjects(connection, tenant, list(observed), lock=True)
    older = [
        replace(subject, oldest_observed=observed[ref])
        for ref, subject in known.items()
        if (subject.oldest_observed is None or observed[ref] < subject.oldest_observed) and holds(subject, rows)
    ]
    if older:
        await save_subjects(connection, older, rows)


async def save_oldest(
    connection: AsyncConnection, tenant: str, oldest: Mapping[str, datetime | None], *, rows: RowSealer
) -> None:
    """Write ``oldest_observed`` of subjects anew, after values were removed; a row that does not hold is left."""
    known = await subjects(connection, tenant, list(oldest), lock=True)
    changed = [
        replace(subject, oldest_observed=oldest[ref])
        for ref, subject in known.items()
        if subject.oldest_observed != oldest[ref] and holds(subject, rows)
    ]
    if changed:
        await save_subjects(connection, changed, rows)


def holds(subject: Subject, rows: RowSealer) -> bool:
    """Whether the row is as it was sealed."""
    return rows.holds(SUBJECT, subject_row(_row(subject)), subject.mac)


def _sealed(subject: Subject, rows: RowSealer) -> dict[str, Any]:
    row = _row(subject)
    return {**row, "mac": rows.seal(SUBJECT, subject_row(row))}


def _row(subject: Subject) -> dict[str, Any]:
    oldest = subject.oldest_observed
    return {
        "tenant": subject.id.tenant,
        "ref": subject.id.ref,
        "version": subject.version,
        "pseudonym": subject.pseudonym,
        "age_band": subject.age_band.value,
        "oldest_observed_us": None if oldest is None else to_us(oldest),
        "created_us": to_us(subject.created),
        "told": subject.told,
        "held": subject.held,
        "status": subject.status.value,
    }


def _subject(row: Row[Any]) -> Subject:
    oldest = row.oldest_observed_us
    return Subject(
        id=SubjectId(row.tenant, row.ref),
        version=row.version,
        pseudonym=row.pseudonym,
        age_band=AgeBand(row.age_band),
        oldest_observed=None if oldest is None else from_us(oldest),
        created=from_us(row.created_us),
        status=SubjectStatus(row.status),
        told=row.told,
        held=row.held,
        mac=row.mac,
    )
