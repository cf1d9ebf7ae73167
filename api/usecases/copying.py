"""A person's copy of what is held about them: their data, their grants, who received what.

Rules:
- for the person alone, by a second factor; on record, in their own stream, before it is answered: how much, never what;
- a copy is whole: what does not open is named in it.

Law: PIPL 44, 45; 征信业管理条例 17.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from catalog import Catalog
from consent import Grant, SubjectId, SubjectNotFoundError, all_grants
from consent.store.subjects import subjects as read_subjects
from gate.copying import OwnData, own_data
from lineage import Actor, EntryDraft, Kind, Role, append
from lineage.graph import Received, received
from vault import KeyRing


@dataclass(frozen=True, slots=True)
class Copy:
    """A copy, and the ledger entry that says it was made."""

    made: datetime
    entry: int
    data: OwnData
    grants: tuple[Grant, ...]
    received: tuple[Received, ...]


async def copy_for(
    connection: AsyncConnection, keys: KeyRing, catalog: Catalog, *, who: SubjectId, now: datetime
) -> Copy:
    """Make a person's copy, and record it. Raises: SubjectNotFoundError: unknown or erased; KeyMissingError."""
    found = (await read_subjects(connection, who.tenant, [who.ref], lock=True)).get(who.ref)
    if found is None:
        raise SubjectNotFoundError(who.ref)
    data = await own_data(connection, keys, catalog, who)
    grants = await all_grants(connection, who)
    reached = await received(connection, who.tenant, found.pseudonym)
    draft = EntryDraft(
        Kind.SUBJECT_COPIED,
        who.tenant,
        Actor(Role.SUBJECT, found.pseudonym),
        subject=found.pseudonym,
        parts={
            "consent_version": found.version,
            "grants": len(grants),
            "identifiers": len(data.identifiers),
            "key": keys.key_version,
            "unreadable": len(data.unreadable),
            "values": len(data.values),
        },
    )
    (entry,) = await append(connection, [draft], now=now, mac=keys.mac)
    return Copy(now, entry, data, tuple(grants), tuple(reached))
