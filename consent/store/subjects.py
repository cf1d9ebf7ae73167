"""SQL over ``consent_subjects``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, insert, or_, select, update
from sqlalchemy.engine import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from consent.instants import from_us, to_us
from consent.store.dialects import chunks
from consent.subjects import AgeBand, NewSubject, Subject, SubjectId, SubjectStatus
from consent.tables import SUBJECTS

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


async def insert_subjects(connection: AsyncConnection, new: Sequence[NewSubject], now: datetime) -> None:
    """Write new subjects at version 0."""
    rows = [
        {
            "tenant": subject.id.tenant,
            "ref": subject.id.ref,
            "version": 0,
            "pseudonym": subject.pseudonym,
            "age_band": subject.age_band.value,
            "oldest_observed_us": None,
            "created_us": to_us(now),
        }
        for subject in new
    ]
    await connection.execute(insert(SUBJECTS), rows)


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


async def save_status(connection: AsyncConnection, who: SubjectId, status: SubjectStatus) -> None:
    """Write the status of a locked subject."""
    await connection.execute(
        update(SUBJECTS).where(SUBJECTS.c.tenant == who.tenant, SUBJECTS.c.ref == who.ref).values(status=status.value)
    )


async def bury(connection: AsyncConnection, tenant: str, names: Mapping[str, str]) -> None:
    """Leave of locked subjects their tombstones; the database removes their grants and events with it.

    Shape: ``names``: reference -> a random name for the column of the pseudonym, which stands nowhere else.
    """
    statement = (
        update(SUBJECTS)
        .where(SUBJECTS.c.tenant == tenant, SUBJECTS.c.ref == bindparam("of_ref"))
        .values(
            status=SubjectStatus.ERASED.value,
            version=NO_VERSION,
            pseudonym=bindparam("no_name"),
            age_band=AgeBand.UNKNOWN.value,
            oldest_observed_us=None,
            created_us=0,
        )
    )
    await connection.execute(statement, [{"of_ref": ref, "no_name": name} for ref, name in sorted(names.items())])


async def save_versions(connection: AsyncConnection, tenant: str, versions: Mapping[str, int]) -> None:
    """Write the consent versions of locked subjects."""
    statement = (
        update(SUBJECTS)
        .where(SUBJECTS.c.tenant == tenant, SUBJECTS.c.ref == bindparam("of_ref"))
        .values(version=bindparam("to_version"))
    )
    await connection.execute(statement, [{"of_ref": ref, "to_version": to} for ref, to in versions.items()])


async def save_age_band(connection: AsyncConnection, who: SubjectId, band: AgeBand) -> None:
    """Write the age band of a locked subject."""
    await connection.execute(
        update(SUBJECTS).where(SUBJECTS.c.tenant == who.tenant, SUBJECTS.c.ref == who.ref).values(age_band=band.value)
    )


async def note_observed(connection: AsyncConnection, tenant: str, observed: Mapping[str, datetime]) -> None:
    """Lower ``oldest_observed_us`` of the subjects to the times given, where these are older."""
    at = bindparam("observed_us", type_=SUBJECTS.c.oldest_observed_us.type)
    oldest = SUBJECTS.c.oldest_observed_us
    statement = (
        update(SUBJECTS)
        .where(SUBJECTS.c.tenant == tenant, SUBJECTS.c.ref == bindparam("of_ref"), or_(oldest.is_(None), oldest > at))
        .values(oldest_observed_us=at)
    )
    rows = [{"of_ref": ref, "observed_us": to_us(when)} for ref, when in sorted(observed.items())]
    if rows:
        await connection.execute(statement, rows)


async def save_oldest(connection: AsyncConnection, tenant: str, oldest: Mapping[str, datetime | None]) -> None:
    """Write ``oldest_observed_us`` of locked subjects anew, after values were removed."""
    at = bindparam("observed_us", type_=SUBJECTS.c.oldest_observed_us.type)
    statement = (
        update(SUBJECTS)
        .where(
            SUBJECTS.c.tenant == tenant,
            SUBJECTS.c.ref == bindparam("of_ref"),
            SUBJECTS.c.status != SubjectStatus.ERASED.value,
        )
        .values(oldest_observed_us=at)
    )
    rows = [
        {"of_ref": ref, "observed_us": None if when is None else to_us(when)} for ref, when in sorted(oldest.items())
    ]
    if rows:
        await connection.execute(statement, rows)


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
    )
