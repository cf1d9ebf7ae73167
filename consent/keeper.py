"""Holds placed and lifted, requests to erase asked, refused and carried out: the consent room's part of erasing.

Rules:
- a subject is restricted exactly while a request to erase them is open; the change raises the consent version, so a
  read decided before it is not recorded after it;
- a hold that stands keeps a subject from being erased, whoever asks;
- what is left of an erased subject is a tombstone: reference and status. Grants and events go with it; the ledger keeps
  them under the pseudonym, which nothing ties to the reference any more;
- everything here is told to the ledger in the caller's transaction.

Law: PIPL 15, 16, 47, 50; anti-money-laundering law 2024, art. 34.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from consent import store
from consent.book import SubjectBook
from consent.books import Books
from consent.errors import ErasureDecidedError, ErasureNotFoundError, HoldNotFoundError
from consent.ids import Entropy, new_id
from consent.instants import to_text
from consent.journal import SUBJECT_ROLES, Actor, ConsentEvent, Journal
from consent.keeping import ANSWER_WITHIN, ErasureRequest, ErasureState, Hold, HoldRequest, Refusal
from consent.patterns import is_reference
from consent.rows import RowSealer
from consent.subjects import Subject, SubjectId, SubjectStatus


@dataclass(frozen=True, slots=True)
class Standing:
    """A locked subject and what stands for and against erasing them.

    Attributes:
        grants: how many grants are stored.
        holds: those that stand now.
        request: the open request to erase.
    """

    subject: Subject
    grants: int
    holds: tuple[Hold, ...]
    request: ErasureRequest | None


@dataclass(frozen=True, slots=True)
class _Act:
    connection: AsyncConnection
    by: Actor
    now: datetime


@dataclass(frozen=True, slots=True)
class Burial:
    """What the ledger is told of an erasure: the certificate's id, and further parts (counts, digest)."""

    certificate: str
    detail: Mapping[str, Any]


class Keeper:
    """Keeps subjects whom the law does not let go yet, and lets the others go.

    Attributes:
        journal: where the ledger entries go, in the same transaction.
        rows: authenticates what is written, and what is built on.
        entropy: makes random bytes for ids.
    """

    def __init__(self, journal: Journal, *, rows: RowSealer, entropy: Entropy) -> None:
        self._journal = journal
        self._books = Books(journal, rows)
        self._rows = rows
        self._entropy = entropy

    async def place(self, connection: AsyncConnection, asked: HoldRequest, *, by: Actor, now: datetime) -> Hold:
        """Place a hold; with ``then_erase`` the subject is restricted at once and erased when it ends.

        Raises: SubjectNotFoundError; InvalidValueError: its end lies in the past or too far ahead.
        """
        asked.check(now)
        act = _Act(connection, by, now)
        book = await self._open(connection, asked.subject, now)
        name = new_id("hd", self._entropy)
        hold = Hold(name, asked.subject, asked.basis, asked.reference, now, asked.until, None)
        await self._place(act, book, hold)
        if asked.then_erase:
            await self._ask(act, book, ErasureState.HELD)
        return hold

    async def release(self, connection: AsyncConnection, tenant: str, hold: str, *, by: Actor, now: datetime) -> Hold:
        """Lift a hold before its end; a request that waited for it is carried out by the next run of the job.

        Raises: HoldNotFoundError: there is none, or it was lifted before.
        """
        found = await store.keeping.find_hold(connection, tenant, hold) if is_reference(hold, "hd") else None
        if found is None:
            raise HoldNotFoundError(hold)
        book = await self._open(connection, found.subject, now)
        again = await store.keeping.find_hold(connection, tenant, hold)  # now that the subject is locked
        if again is None or again.released is not None:
            raise HoldNotFoundError(hold)
        await store.keeping.release_hold(connection, hold, now)
        await self._tell(_Act(connection, by, now), book.subject, "hold.released", {"hold": {"id": hold}})
        return replace(again, released=now)

    async def standing(
        self, connection: AsyncConnection, tenant: str, refs: Sequence[str], now: datetime
    ) -> dict[str, Standing]:
        """Lock subjects and say what stands for and against erasing them; unknown and erased ones are left out."""
        subjects = await store.subjects.subjects(connection, tenant, refs, lock=True)
        holds = await store.keeping.holds(connection, tenant, sorted(subjects))
        requests = await store.keeping.open_erasures(connection, tenant, sorted(subjects))
        grants = await store.grants.count_grants(connection, tenant, sorted(subjects))
        return {
            ref: Standing(
                subject,
                grants.get(ref, 0),
                tuple(hold for hold in holds[ref] if hold.stands_at(now)),
                requests.get(ref),
            )
            for ref, subject in subjects.items()
        }

    async def ask(
        self, connection: AsyncConnection, who: SubjectId, state: ErasureState, *, by: Actor, now: datetime
    ) -> ErasureRequest:
        """Open a request to erase, waiting or held, and restrict the subject; answers the open one if there is one.

        Raises: SubjectNotFoundError.
        """
        book = await self._open(connection, who, now)
        standing = await store.keeping.open_erasures(connection, who.tenant, [who.ref])
        return standing.get(who.ref) or await self._ask(_Act(connection, by, now), book, state)

    async def refuse(
        self, connection: AsyncConnection, request: ErasureRequest, reason: Refusal, *, by: Actor, now: datetime
    ) -> None:
        """Answer a request with a reason against it (PIPL 50); the subject is no longer restricted.

        Raises: ErasureDecidedError.
        """
        if request.subject is None or not request.is_open:
            raise ErasureDecidedError("the request was decided before")
        book = await self._open(connection, SubjectId(request.tenant, request.subject), now)
        await store.keeping.save_erasure(connection, request.id, ErasureState.REFUSED, now, reason=reason)
        detail = {"request": {"id": request.id}, "reason": reason.value}
        act = _Act(connection, by, now)
        await self._tell(act, book.subject, "erasure.refused", detail)
        await self._become(act, book, SubjectStatus.KNOWN)

    async def find(
        self, connection: AsyncConnection, tenant: str, request: str, *, lock: bool = False
    ) -> ErasureRequest:
        """One request. Raises: ErasureNotFoundError."""
        known = is_reference(request, "er")
        found = await store.keeping.find_erasure(connection, tenant, request, lock=lock) if known else None
        if found is None:
            raise ErasureNotFoundError(request)
        return found

    async def bury(
        self,
        connection: AsyncConnection,
        tenant: str,
        gone: Mapping[str, tuple[Standing, Burial]],
        *,
        by: Actor,
        now: datetime,
    ) -> dict[str, int]:
        """Leave tombstones of locked subjects and tell the ledger, the last that it hears of them.

        Answers the entry of each, by reference.
        """
        refs = sorted(gone)
        events = [_last_event(*gone[ref], _Act(connection, by, now)) for ref in refs]
        await store.subjects.bury(connection, tenant, {ref: new_id("ps", self._entropy) for ref in refs}, self._rows)
        await store.keeping.drop_holds(connection, tenant, refs)
        closed = {each.request.id: burial.certificate for each, burial in gone.values() if each.request is not None}
        await store.keeping.finish_erasures(connection, tenant, refs, closed, now)
        entries = await self._journal.append(connection, events, now)
        return dict(zip(refs, entries, strict=True))

    async def put_back(self, connection: AsyncConnection, hold: Hold, *, by: Actor, now: datetime) -> bool:
        """Place a hold again that a restored database lost; says whether it was lost."""
        book = await self._open(connection, hold.subject, now)
        if await store.keeping.find_hold(connection, hold.subject.tenant, hold.id) is not None:
            return False
        await self._place(_Act(connection, by, now), book, hold)
        return True

    async def ask_again(
        self,
        connection: AsyncConnection,
        who: SubjectId,
        request: tuple[str, ErasureState],
        *,
        by: Actor,
        now: datetime,
    ) -> bool:
        """Open a request again, under its id, that a restored database lost; says whether it was lost."""
        book = await self._open(connection, who, now)
        name, state = request
        is_known = await store.keeping.find_erasure(connection, who.tenant, name) is not None
        if is_known or await store.keeping.open_erasures(connection, who.tenant, [who.ref]):
            return False
        await self._ask(_Act(connection, by, now), book, state, name)
        return True

    async def _place(self, act: _Act, book: SubjectBook, hold: Hold) -> None:
        await store.keeping.insert_hold(act.connection, hold)
        document = {
            "id": hold.id,
            "basis": hold.basis.value,
            "reference": hold.reference,
            "until": to_text(hold.until),
        }
        await self._tell(act, book.subject, "hold.placed", {"hold": document})

    async def _open(self, connection: AsyncConnection, who: SubjectId, now: datetime) -> SubjectBook:
        return (await self._books.open(connection, [who], now))[who.ref]

    async def _ask(self, act: _Act, book: SubjectBook, state: ErasureState, name: str = "") -> ErasureRequest:
        who, name, now = book.subject.id, name or new_id("er", self._entropy), act.now
        request = ErasureRequest(name, who.tenant, who.ref, state, None, now, now + ANSWER_WITHIN, None, None)
        await store.keeping.insert_erasure(act.connection, request)
        document = {"id": request.id, "state": state.value, "due": to_text(request.due)}
        await self._tell(act, book.subject, "erasure.requested", {"request": document})
        await self._become(act, book, SubjectStatus.RESTRICTED)
        return request

    async def _become(self, act: _Act, book: SubjectBook, status: SubjectStatus) -> None:
        if book.subject.status is status:
            return
        book.set_status(status, act.by)
        await self._books.close_one(act.connection, book, ())

    async def _tell(self, act: _Act, subject: Subject, kind: str, detail: Mapping[str, Any]) -> None:
        await self._journal.append(act.connection, [_event(kind, subject, act, detail)], act.now)


def _event(kind: str, subject: Subject, act: _Act, detail: Mapping[str, Any]) -> ConsentEvent:
    by = replace(act.by, id=subject.pseudonym) if act.by.role in SUBJECT_ROLES else act.by
    return ConsentEvent(
        kind=kind, tenant=subject.id.tenant, at=act.now, actor=by, subject=subject.pseudonym, detail=detail
    )


def _last_event(standing: Standing, burial: Burial, act: _Act) -> ConsentEvent:
    detail = {**burial.detail, "name": burial.certificate}
    event = _event("subject.erased", standing.subject, act, detail)
    return replace(event, consent_version=standing.subject.version + 1)
