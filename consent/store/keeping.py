"""SQL over ``consent_holds`` and ``consent_erasures``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, delete, insert, select, update
from sqlalchemy.engine import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from consent.instants import from_us, to_us
from consent.keeping import ErasureRequest, ErasureState, Hold, HoldBasis, Refusal
from consent.store.dialects import chunks
from consent.subjects import SubjectId
from consent.tables import ERASURES, HOLDS

OPEN = tuple(sorted(state.value for state in ErasureState if state.is_open))


async def insert_hold(connection: AsyncConnection, hold: Hold) -> None:
    """Write a new hold."""
    row = {
        "id": hold.id,
        "tenant": hold.subject.tenant,
        "subject": hold.subject.ref,
        "basis": hold.basis.value,
        "reference": hold.reference,
        "placed_us": to_us(hold.placed),
        "until_us": to_us(hold.until),
        "released_us": None,
    }
    await connection.execute(insert(HOLDS).values(row))


async def holds(connection: AsyncConnection, tenant: str, refs: Sequence[str]) -> dict[str, list[Hold]]:
    """The holds of several subjects, ended ones included, by subject and in the order of their ids."""
    found: dict[str, list[Hold]] = {ref: [] for ref in refs}
    for part in chunks(sorted(refs)):
        query = select(HOLDS).where(HOLDS.c.tenant == tenant, HOLDS.c.subject.in_(part)).order_by(HOLDS.c.id)
        for row in await connection.execute(query):
            found[row.subject].append(_hold(row))
    return found


async def find_hold(connection: AsyncConnection, tenant: str, name: str) -> Hold | None:
    """One hold of a tenant."""
    query = select(HOLDS).where(HOLDS.c.id == name, HOLDS.c.tenant == tenant)
    row = (await connection.execute(query)).one_or_none()
    return None if row is None else _hold(row)


async def release_hold(connection: AsyncConnection, name: str, now: datetime) -> None:
    """Lift a hold."""
    await connection.execute(update(HOLDS).where(HOLDS.c.id == name).values(released_us=to_us(now)))


async def drop_holds(connection: AsyncConnection, tenant: str, refs: Sequence[str]) -> None:
    """Remove the ended holds of subjects that are erased: the ledger tells of them."""
    for part in chunks(refs):
        await connection.execute(delete(HOLDS).where(HOLDS.c.tenant == tenant, HOLDS.c.subject.in_(part)))


async def insert_erasure(connection: AsyncConnection, request: ErasureRequest) -> None:
    """Write a new request to erase."""
    row = {
        "id": request.id,
        "tenant": request.tenant,
        "subject": request.subject,
        "state": request.state.value,
        "reason": None,
        "asked_us": to_us(request.asked),
        "due_us": to_us(request.due),
        "decided_us": None if request.decided is None else to_us(request.decided),
        "certificate": request.certificate,
    }
    await connection.execute(insert(ERASURES).values(row))


async def find_erasure(
    connection: AsyncConnection, tenant: str, name: str, *, lock: bool = False
) -> ErasureRequest | None:
    """One request to erase."""
    query = select(ERASURES).where(ERASURES.c.id == name, ERASURES.c.tenant == tenant)
    row = (await connection.execute(query.with_for_update() if lock else query)).one_or_none()
    return None if row is None else _erasure(row)


async def open_erasures(connection: AsyncConnection, tenant: str, refs: Sequence[str]) -> dict[str, ErasureRequest]:
    """The open request of each subject that has one."""
    found: dict[str, ErasureRequest] = {}
    for part in chunks(sorted(refs)):
        query = select(ERASURES).where(
            ERASURES.c.tenant == tenant, ERASURES.c.subject.in_(part), ERASURES.c.state.in_(OPEN)
        )
        found |= {row.subject: _erasure(row) for row in await connection.execute(query)}
    return found


async def erasures_in(
    connection: AsyncConnection, tenant: str, state: ErasureState, *, after: tuple[int, str] = (0, ""), limit: int
) -> list[ErasureRequest]:
    """Requests in one state, those due first before the others, from behind ``after`` (due, id)."""
    due, name = ERASURES.c.due_us, ERASURES.c.id
    query = (
        select(ERASURES)
        .where(ERASURES.c.tenant == tenant, ERASURES.c.state == state.value)
        .where((due > after[0]) | ((due == after[0]) & (name > after[1])))
        .order_by(due, name)
        .limit(limit)
    )
    return [_erasure(row) for row in await connection.execute(query)]


async def save_erasure(
    connection: AsyncConnection, name: str, state: ErasureState, now: datetime, *, reason: Refusal | None = None
) -> None:
    """Write what was decided about a request."""
    decided = None if state.is_open else to_us(now)
    values = {"state": state.value, "decided_us": decided, "reason": None if reason is None else reason.value}
    await connection.execute(update(ERASURES).where(ERASURES.c.id == name).values(values))


async def finish_erasures(
    connection: AsyncConnection, tenant: str, refs: Sequence[str], certificates: Mapping[str, str], now: datetime
) -> None:
    """Close the requests of erased subjects, by request -> certificate, and take the subjects out of all of theirs."""
    if certificates:
        statement = (
            update(ERASURES)
            .where(ERASURES.c.id == bindparam("of_id"))
            .values(state=ErasureState.DONE.value, decided_us=to_us(now), certificate=bindparam("by_certificate"))
        )
        rows = [{"of_id": name, "by_certificate": certificate} for name, certificate in sorted(certificates.items())]
        await connection.execute(statement, rows)
    for part in chunks(refs):
        theirs = update(ERASURES).where(ERASURES.c.tenant == tenant, ERASURES.c.subject.in_(part))
        await connection.execute(theirs.values(subject=None))


def _hold(row: Row[Any]) -> Hold:
    return Hold(
        id=row.id,
        subject=SubjectId(row.tenant, row.subject),
        basis=HoldBasis(row.basis),
        reference=row.reference,
        placed=from_us(row.placed_us),
        until=from_us(row.until_us),
        released=None if row.released_us is None else from_us(row.released_us),
    )


def _erasure(row: Row[Any]) -> ErasureRequest:
    return ErasureRequest(
        id=row.id,
        tenant=row.tenant,
        subject=row.subject,
        state=ErasureState(row.state),
        reason=None if row.reason is None else Refusal(row.reason),
        asked=from_us(row.asked_us),
        due=from_us(row.due_us),
        decided=None if row.decided_us is None else from_us(row.decided_us),
        certificate=row.certificate,
    )
