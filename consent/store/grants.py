"""SQL over ``consent_events`` and ``consent_grants``."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, insert, select
from sqlalchemy.engine import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from catalog import ReleaseForm, canonical
from consent.fold import GrantEvent
from consent.grants import OPEN, Channel, ConsentForm, GrantState, Kind, State
from consent.instants import from_us, to_us
from consent.rows import GRANT, RowSealer, grant_row
from consent.store import dialects
from consent.subjects import Grant, SubjectId
from consent.tables import EVENTS, GRANTS

_MUTABLE = ("fields", "state", "version", "is_current", "mac")


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """One row of ``consent_events``; ``body`` is what is written as canonical JSON."""

    subject: SubjectId
    seq: int
    kind: str
    grant_id: str | None
    at: datetime
    body: dict[str, Any]


async def insert_events(connection: AsyncConnection, events: Sequence[StoredEvent]) -> None:
    """Append events; their keys must be new."""
    rows = [
        {
            "tenant": event.subject.tenant,
            "subject": event.subject.ref,
            "seq": event.seq,
            "grant_id": event.grant_id,
            "kind": event.kind,
            "at_us": to_us(event.at),
            "body": canonical(event.body).decode(),
        }
        for event in events
    ]
    await connection.execute(insert(EVENTS), rows)


async def events(
    connection: AsyncConnection, who: SubjectId, *, grant: str | None = None, after: int = 0, limit: int | None = None
) -> list[StoredEvent]:
    """A subject's events in order, of one grant if given, from behind ``after``."""
    query = select(EVENTS).where(EVENTS.c.tenant == who.tenant, EVENTS.c.subject == who.ref, EVENTS.c.seq > after)
    if grant is not None:
        query = query.where(EVENTS.c.grant_id == grant)
    rows = await connection.execute(query.order_by(EVENTS.c.seq).limit(limit))
    return [StoredEvent(who, row.seq, row.kind, row.grant_id, from_us(row.at_us), json.loads(row.body)) for row in rows]


def grant_events(stored: Sequence[StoredEvent]) -> list[GrantEvent]:
    """The events that the fold takes; those not about a grant are left out."""
    return [GrantEvent(event.seq, Kind(event.kind), event.body["grant"]) for event in stored if event.grant_id]


async def current_grants(connection: AsyncConnection, tenant: str, refs: Sequence[str]) -> list[Grant]:
    """The current grants of several subjects."""
    found: list[Grant] = []
    for part in dialects.chunks(refs):
        query = select(GRANTS).where(GRANTS.c.tenant == tenant, GRANTS.c.subject.in_(part), GRANTS.c.is_current)
        found.extend(_grant(row) for row in await connection.execute(query))
    return found


async def grants(
    connection: AsyncConnection, who: SubjectId, *, after: str = "", limit: int | None = None, grant: str | None = None
) -> list[Grant]:
    """A subject's grants in the order of their ids, from behind ``after``; only ``grant`` if given."""
    query = select(GRANTS).where(GRANTS.c.tenant == who.tenant, GRANTS.c.subject == who.ref, GRANTS.c.id > after)
    if grant is not None:
        query = query.where(GRANTS.c.id == grant)
    return [_grant(row) for row in await connection.execute(query.order_by(GRANTS.c.id).limit(limit))]


async def count_grants(connection: AsyncConnection, tenant: str, refs: Sequence[str]) -> dict[str, int]:
    """How many grants are stored of each subject that has any."""
    found: dict[str, int] = {}
    for part in dialects.chunks(refs):
        query = select(GRANTS.c.subject, func.count()).where(GRANTS.c.tenant == tenant, GRANTS.c.subject.in_(part))
        rows = await connection.execute(query.group_by(GRANTS.c.subject))
        found |= {row[0]: row[1] for row in rows}
    return found


async def owner(connection: AsyncConnection, tenant: str, grant: str) -> SubjectId | None:
    """Whose grant this is, None if the tenant has no such grant."""
    query = select(GRANTS.c.subject).where(GRANTS.c.id == grant, GRANTS.c.tenant == tenant)
    ref: str | None = (await connection.execute(query)).scalar_one_or_none()
    return None if ref is None else SubjectId(tenant, ref)


async def save_grants(connection: AsyncConnection, changed: Sequence[Grant], rows: RowSealer) -> dict[str, bytes]:
    """Write new grants and what may change of known ones; returns the code of each by id."""
    statement = dialects.insert(connection, GRANTS)
    statement = statement.on_conflict_do_update(
        index_elements=["id"], set_={column: statement.excluded[column] for column in _MUTABLE}
    )
    made = [columns(grant) for grant in changed]
    macs: dict[str, bytes] = {row["id"]: rows.seal(GRANT, grant_row(row)) for row in made}
    await connection.execute(statement, [{**row, "mac": macs[row["id"]]} for row in made])
    return macs


def holds(grant: Grant, rows: RowSealer) -> bool:
    """Whether the row is as it was sealed."""
    return rows.holds(GRANT, grant_row(columns(grant)), grant.mac)


async def due_subjects(connection: AsyncConnection, now: datetime, limit: int) -> list[SubjectId]:
    """Subjects with a grant that has run out but is recorded as open."""
    query = (
        select(GRANTS.c.tenant, GRANTS.c.subject)
        .where(GRANTS.c.expires_us <= to_us(now), GRANTS.c.state.in_(sorted(OPEN)))
        .group_by(GRANTS.c.tenant, GRANTS.c.subject)
        .order_by(GRANTS.c.tenant, GRANTS.c.subject)
        .limit(limit)
    )
    return [SubjectId(row.tenant, row.subject) for row in await connection.execute(query)]


async def last_refusal(connection: AsyncConnection, who: SubjectId, purpose: str) -> datetime | None:
    """When the subject last refused this purpose, None if never."""
    query = select(func.max(GRANTS.c.given_us)).where(
        GRANTS.c.tenant == who.tenant,
        GRANTS.c.subject == who.ref,
        GRANTS.c.purpose == purpose,
        GRANTS.c.state == State.REFUSED.value,
    )
    at_us = (await connection.execute(query)).scalar_one()
    return None if at_us is None else from_us(at_us)


def columns(grant: Grant) -> dict[str, Any]:
    """A grant as its row stands, without the code."""
    state = grant.state
    return {
        "id": state.id,
        "tenant": grant.subject.tenant,
        "subject": grant.subject.ref,
        "purpose": state.purpose,
        "recipient": state.recipient,
        "notice": state.notice,
        "notice_version": state.notice_version,
        "notice_hash": state.notice_hash,
        "material": state.material,
        "form": state.form.value,
        "guardian": grant.guardian,
        "evidence": grant.evidence,
        "provision": state.provision,
        "fields": canonical(list(state.fields)).decode(),
        "max_form": state.max_form.value,
        "channel": state.channel.value,
        "state": state.state.value,
        "version": state.version,
        "given_us": to_us(state.given),
        "starts_us": to_us(state.starts),
        "expires_us": None if state.expires is None else to_us(state.expires),
        "is_current": state.is_current,
    }


def _grant(row: Row[Any]) -> Grant:
    state = GrantState(
        id=row.id,
        purpose=row.purpose,
        recipient=row.recipient,
        notice=row.notice,
        notice_version=row.notice_version,
        notice_hash=row.notice_hash,
        material=row.material,
        form=ConsentForm(row.form),
        guardian=row.guardian is not None,
        evidence=row.evidence is not None,
        provision=row.provision,
        fields=tuple(json.loads(row.fields)),
        max_form=ReleaseForm(row.max_form),
        channel=Channel(row.channel),
        given=from_us(row.given_us),
        starts=from_us(row.starts_us),
        expires=None if row.expires_us is None else from_us(row.expires_us),
        state=State(row.state),
        version=row.version,
        is_current=row.is_current,
    )
    return Grant(SubjectId(row.tenant, row.subject), state, row.guardian, row.evidence, row.mac)
