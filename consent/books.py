"""Opening and closing subjects' books: lock, load, check, write, tell the ledger, seal."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from consent import store
from consent.book import SubjectBook, held_of
from consent.errors import InvalidValueError, RowTamperedError, SubjectNotFoundError
from consent.journal import Journal
from consent.requests import Recorded
from consent.rows import RowSealer
from consent.subjects import Grant, Subject, SubjectId


def one_tenant(ids: Sequence[SubjectId]) -> str:
    """The tenant all ids belong to.

    Raises: InvalidValueError: they belong to several.
    """
    tenants = {who.tenant for who in ids}
    if len(tenants) != 1:
        raise InvalidValueError("subjects", "belong to more than one tenant")
    return tenants.pop()


class Books:
    """Opens the books of subjects of one tenant and writes them."""

    def __init__(self, journal: Journal, rows: RowSealer) -> None:
        self._journal = journal
        self._rows = rows

    async def open(
        self, connection: AsyncConnection, ids: Sequence[SubjectId], now: datetime
    ) -> dict[str, SubjectBook]:
        """Lock the subjects, in the order of their references, and load their current grants.

        Raises: SubjectNotFoundError: one is not known. RowTamperedError: a row does not hold.
        """
        tenant = one_tenant(ids)
        refs = sorted({who.ref for who in ids})
        subjects = await store.subjects.subjects(connection, tenant, refs, lock=True)
        for ref in refs:
            if ref not in subjects:
                raise SubjectNotFoundError(ref)
        held: dict[str, list[Grant]] = {ref: [] for ref in refs}
        for grant in await store.grants.current_grants(connection, tenant, refs):
            held[grant.subject.ref].append(grant)
        for ref in refs:
            self._check(subjects[ref], held[ref])
        return {ref: SubjectBook(subjects[ref], held[ref], now) for ref in refs}

    async def close(self, connection: AsyncConnection, books: Sequence[SubjectBook]) -> dict[str, tuple[int, ...]]:
        """Write events, states and versions, then tell the ledger; returns each subject's ledger entry ids."""
        if not books:
            return {}
        entries = [entry for book in books for entry in book.entries]
        await store.grants.insert_events(connection, [event for book in books for event in book.stored])
        changed = [grant for book in books for grant in book.changed]
        macs = await store.grants.save_grants(connection, changed, self._rows) if changed else {}
        numbers = await self._journal.append(connection, entries, books[0].now)
        owners = [book.subject.id.ref for book in books for _ in book.entries]
        told: dict[str, list[int]] = {book.subject.id.ref: [] for book in books}
        for owner, number in zip(owners, numbers, strict=True):
            told[owner].append(number)
        after = [book.after(macs, told[book.subject.id.ref]) for book in books]
        await store.subjects.save_subjects(connection, after, self._rows)
        return {ref: tuple(found) for ref, found in told.items()}

    async def close_one(self, connection: AsyncConnection, book: SubjectBook, grants: tuple[str, ...]) -> Recorded:
        """Write one book and answer for the grants concerned."""
        entries = await self.close(connection, [book])
        return Recorded(grants, book.version, entries[book.subject.id.ref])

    def _check(self, subject: Subject, grants: Sequence[Grant]) -> None:
        """Refuse to build on rows that somebody changed: the change would be sealed with the rest."""
        if not store.subjects.holds(subject, self._rows):
            raise RowTamperedError("consent_subjects")
        if not all(store.grants.holds(grant, self._rows) for grant in grants) or subject.held != held_of(grants):
            raise RowTamperedError("consent_grants")
