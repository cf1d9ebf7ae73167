"""Consent, as it is given and taken back.

Rules:
- every operation locks its subjects' rows, raises their consent version by one per event and writes events, states
  and ledger entries in the caller's transaction: a reader that re-checks the version under a share lock never acts on
  withdrawn consent;
- the configuration cannot change while a consent is checked against it;
- withdrawing takes no more than giving (PIPL 15); it is final;
- functions take the caller's connection and clock and never open a transaction.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import assert_never

from sqlalchemy.ext.asyncio import AsyncConnection

from consent import store
from consent.book import SubjectBook
from consent.books import Books, one_tenant
from consent.errors import (
    AlreadyRegisteredError,
    NothingToWithdrawError,
    NotLiveError,
    SubjectRestrictedError,
    TooManyGrantsError,
)
from consent.grants import GrantState, Kind
from consent.ids import Entropy, new_id
from consent.journal import Actor, Journal
from consent.queries import find_current, find_grant
from consent.registry import TermsReader
from consent.requests import (
    GrantRequest,
    Recorded,
    Scope,
    WithdrawAll,
    WithdrawField,
    WithdrawGrant,
    WithdrawPurpose,
    check_evidence_given,
)
from consent.rows import RowSealer
from consent.rules import check_terms, new_grant, supersedes
from consent.subjects import AgeBand, NewSubject, SubjectId, SubjectStatus
from consent.values import Tenant

MAX_OPEN_GRANTS = 32


class ConsentService:
    """Gives, refuses, withdraws, pauses, resumes and expires consent.

    Attributes:
        journal: where the ledger entries go, in the same transaction.
        rows: authenticates what is written, and what is built on.
        entropy: makes random bytes for grant ids.
    """

    def __init__(self, journal: Journal, *, rows: RowSealer, entropy: Entropy) -> None:
        self._books = Books(journal, rows)
        self._rows = rows
        self._entropy = entropy

    async def create_subjects(self, connection: AsyncConnection, new: Sequence[NewSubject], *, now: datetime) -> None:
        """Create data subjects of one tenant at consent version 0.

        Raises: TenantNotFoundError; AlreadyRegisteredError: one of the references is taken.
        """
        if not new:
            return
        tenant = one_tenant([subject.id for subject in new])
        await find_current(connection, tenant, Tenant, tenant)
        taken = await store.subjects.existing(connection, tenant, [subject.id.ref for subject in new])
        if taken:
            raise AlreadyRegisteredError("subject", taken[0])
        await store.subjects.insert_subjects(connection, new, now, self._rows)

    async def set_age_band(
        self, connection: AsyncConnection, who: SubjectId, band: AgeBand, *, by: Actor, now: datetime
    ) -> Recorded:
        """Change the age band; raises the consent version, since decisions depend on it. The band is not journalled."""
        books = await self._books.open(connection, [who], now)
        books[who.ref].set_age_band(band, by)
        return await self._books.close_one(connection, books[who.ref], ())

    async def give(self, connection: AsyncConnection, request: GrantRequest, *, by: Actor, now: datetime) -> Recorded:
        """Record a consent; it supersedes open ones it covers (`consent.rules.supersedes`).

        Raises: the errors of `consent.rules.check_terms`; SubjectNotFoundError and other NotFoundErrors;
        EvidenceMissingError; SubjectRestrictedError; TooManyGrantsError.
        Law: PIPL 13, 14, 23, 29.
        """
        return (await self.give_many(connection, [request], by=by, now=now))[0]

    async def give_many(
        self, connection: AsyncConnection, requests: Sequence[GrantRequest], *, by: Actor, now: datetime
    ) -> list[Recorded]:
        """Record consents of many subjects of one tenant, all or none; answers in the order asked.

        Raises: as `give`.
        """
        for request in requests:
            check_evidence_given(request)
        return await self._bear(connection, requests, Kind.GIVEN, by=by, now=now)

    async def refuse(self, connection: AsyncConnection, request: GrantRequest, *, by: Actor, now: datetime) -> Recorded:
        """Record that the subject declined what ``request`` asked; open grants stay as they are.

        Raises: as `give`, but needs no evidence.
        """
        return (await self._bear(connection, [request], Kind.REFUSED, by=by, now=now))[0]

    async def withdraw(
        self, connection: AsyncConnection, who: SubjectId, scope: Scope, *, by: Actor, now: datetime
    ) -> Recorded:
        """Take consent back; it binds every read that is recorded after this transaction.

        A field is taken out of its grants; a grant left without fields is withdrawn.
        Raises: SubjectNotFoundError; GrantNotFoundError; NotLiveError: the grant has ended already;
        NothingToWithdrawError: no open grant matches.
        Law: PIPL 15.
        """
        book = (await self._books.open(connection, [who], now))[who.ref]
        match scope:
            case WithdrawGrant(name):
                hit = [await self._open_grant(connection, book, name)]
            case WithdrawPurpose(purpose):
                hit = [grant for grant in book.open_grants if grant.purpose == purpose]
            case WithdrawField(field, purpose):
                hit = [g for g in book.open_grants if field in g.fields and purpose in (None, g.purpose)]
            case WithdrawAll():
                hit = book.open_grants
            case _:
                assert_never(scope)
        if not hit:
            raise NothingToWithdrawError("no open grant matches; nothing was changed")
        for grant in hit:
            left = (
                tuple(name for name in grant.fields if name != scope.field) if isinstance(scope, WithdrawField) else ()
            )
            book.move(grant, Kind.FIELD_WITHDRAWN if left else Kind.WITHDRAWN, by, left or None)
        return await self._books.close_one(connection, book, tuple(grant.id for grant in hit))

    async def pause(
        self, connection: AsyncConnection, who: SubjectId, grant: str, *, by: Actor, now: datetime
    ) -> Recorded:
        """Suspend a live grant until resumed.

        Raises: SubjectNotFoundError; GrantNotFoundError; NotLiveError: it is not live.
        """
        return await self._move(connection, who, (grant, Kind.PAUSED), by=by, now=now)

    async def resume(
        self, connection: AsyncConnection, who: SubjectId, grant: str, *, by: Actor, now: datetime
    ) -> Recorded:
        """Let a paused grant live again.

        Raises: SubjectNotFoundError; GrantNotFoundError; NotLiveError: it is not paused.
        """
        return await self._move(connection, who, (grant, Kind.RESUMED), by=by, now=now)

    async def expire_due(self, connection: AsyncConnection, *, now: datetime, limit: int = 500) -> int:
        """Record the expiry of grants that have run out, of at most ``limit`` subjects; returns how many were due.

        Reads do not wait for this: the clock already makes such grants expired.
        """
        due = await store.grants.due_subjects(connection, now, limit)
        for tenant in sorted({who.tenant for who in due}):
            books = await self._books.open(connection, [who for who in due if who.tenant == tenant], now)
            await self._books.close(connection, [book for book in books.values() if book.stored])
        return len(due)

    async def _move(
        self, connection: AsyncConnection, who: SubjectId, change: tuple[str, Kind], *, by: Actor, now: datetime
    ) -> Recorded:
        book = (await self._books.open(connection, [who], now))[who.ref]
        book.move(await self._open_grant(connection, book, change[0]), change[1], by)
        return await self._books.close_one(connection, book, (change[0],))

    async def _open_grant(self, connection: AsyncConnection, book: SubjectBook, grant: str) -> GrantState:
        found = book.find(grant)
        if found is None:
            found = (await find_grant(connection, book.subject.id, grant)).state
        if not found.state.is_open:
            raise NotLiveError(grant, found.state)
        return found

    async def _bear(
        self, connection: AsyncConnection, requests: Sequence[GrantRequest], kind: Kind, *, by: Actor, now: datetime
    ) -> list[Recorded]:
        if not requests:
            return []
        terms = await TermsReader.open(connection, one_tenant([request.subject for request in requests]), self._rows)
        books = await self._books.open(connection, [request.subject for request in requests], now)
        if kind is Kind.GIVEN and any(book.subject.status is SubjectStatus.RESTRICTED for book in books.values()):
            raise SubjectRestrictedError("the data is only kept until it may be erased; no new consent is taken")
        spans: list[tuple[SubjectBook, str, int]] = []
        for request in requests:
            book = books[request.subject.ref]
            found = await terms.read(request)
            check_terms(request, found, now, kind)
            grant = new_grant(request, found.notice, new_id("gr", self._entropy), now, kind)
            book.born(grant, kind, by)
            if kind is Kind.GIVEN:
                self._make_room(book, grant.state, by, now)
            spans.append((book, grant.state.id, len(book.entries)))
        entries = await self._books.close(connection, list(books.values()))
        return _answers(spans, entries)

    def _make_room(self, book: SubjectBook, grant: GrantState, by: Actor, now: datetime) -> None:
        same = [g for g in book.open_grants if (g.purpose, g.recipient) == (grant.purpose, grant.recipient)]
        for older in same:
            if supersedes(grant, older, now):
                book.move(older, Kind.SUPERSEDED, by)
        if sum(book.is_open(g.id) for g in same) > MAX_OPEN_GRANTS:
            raise TooManyGrantsError(f"at most {MAX_OPEN_GRANTS} open grants for one purpose and recipient")


def _answers(spans: Sequence[tuple[SubjectBook, str, int]], entries: dict[str, tuple[int, ...]]) -> list[Recorded]:
    """One answer for each request: what the book recorded between the request before and this one."""
    answers: list[Recorded] = []
    done: dict[str, int] = {}
    for book, grant, end in spans:
        ref = book.subject.id.ref
        start = done.get(ref, 0)
        done[ref] = end
        answers.append(Recorded((grant,), book.subject.version + end, entries[ref][start:end]))
    return answers
