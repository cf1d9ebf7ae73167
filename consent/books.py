"""Opening and closing subjects' books: lock, load, write, tell the ledger."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from consent import store
from consent.book import SubjectBook
from consent.errors import InvalidValueError, SubjectNotFoundError
from consent.journal import Journal
from consent.requests import Recorded
from consent.subjects import Grant, SubjectId


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

    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    async def open(
        self, connection: AsyncConnection, ids: Sequence[SubjectId], now: datetime
    ) -> dict[str, SubjectBook]:
        """Lock the subjects, in the order of their references, and load their current grants.

        Raises: SubjectNotFoundError: one is not known.
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
        return {ref: SubjectBook(subjects[ref], held[ref], now) for ref in refs}

    async def close(self, connection: AsyncConnection, books: Sequence[SubjectBook]) -> dict[str, tuple[int, ...]]:
        """Write events, states and versions, then tell the ledger; returns each subject's ledger entry ids."""
        if not books:
            return {}
        entries = [entry for book in books for entry in book.entries]
        await store.grants.insert_events(connection, [event for book in books for event in book.stored])
        changed = [grant for book in books for grant in book.changed]
        if changed:
            await store.grants.save_grants(connection, changed)
        versions = {book.subject.id.ref: book.version for book in books}
        await store.subjects.save_versions(connection, books[0].subject.id.tenant, versions)
        numbers = await self._journal.append(connection, entries, books[0].now)
        owners = [book.subject.id.ref for book in books for _ in book.entries]
        held: dict[str, list[int]] = {ref: [] for ref in versions}
        for owner, number in zip(owners, numbers, strict=True):
            held[owner].append(number)
        return {ref: tuple(found) for ref, found in held.items()}

    async def close_one(self, connection: AsyncConnection, book: SubjectBook, grants: tuple[str, ...]) -> Recorded:
        """Write one book and answer for the grants concerned."""
        entries = await self.close(connection, [book])
        return Recorded(grants, book.version, entries[book.subject.id.ref])
