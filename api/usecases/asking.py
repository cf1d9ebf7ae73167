"""Questions to the ledger, by auditors and by data subjects.

Rules:
- an auditor asks about the whole tenant, and every question is itself on record, with the page it is about;
- a subject asks about their own stream only; an entry of anybody else counts as absent;
- people are named by reference in questions and by pseudonym in answers.

Law: 征信业管理条例 22; PIPL 44, 45, 54.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from sqlalchemy.ext.asyncio import AsyncConnection

from api.database import Transaction
from api.identity import Principal, Role
from api.usecases.acting import ledger_actor, whom
from consent import SubjectId, find_subject
from lineage import (
    EntryDraft,
    EntryNotFoundError,
    FoundEntry,
    Kind,
    LedgerFilter,
    Mac,
    Page,
    append,
    find_entry,
    queried,
    search,
)


async def pseudonym_of(connection: AsyncConnection, who: SubjectId) -> str:
    """How the ledger names a person. Raises: SubjectNotFoundError."""
    return (await find_subject(connection, who)).pseudonym


@dataclass(frozen=True, slots=True)
class PageAsked:
    """One page of a question; ``subject`` is the reference of the person the question names."""

    filter: LedgerFilter
    limit: int
    cursor: str | None = None
    subject: str | None = None


async def ask(tx: Transaction, caller: Principal, asked: PageAsked, *, mac: Mac) -> Page:
    """Answer one page of a question.

    Raises: SubjectNotFoundError; CursorInvalidError; FilterInvalidError.
    """
    question = asked.filter
    if caller.subject is not None or asked.subject is not None:
        question = replace(question, subject=await pseudonym_of(tx.connection, whom(caller, asked.subject)))
    page = await search(tx.connection, caller.tenant, question, cursor=asked.cursor, limit=asked.limit)
    if caller.subject is None:
        note = queried(caller.tenant, ledger_actor(caller, Role.AUDITOR), question, len(page.entries))
        await append(tx.connection, [note], now=tx.now, mac=mac)
    return page


async def check_visible(connection: AsyncConnection, caller: Principal, entry: int) -> FoundEntry:
    """An entry the caller may see, looked at by nobody.

    Raises: EntryNotFoundError: there is none, or the caller may not see it.
    """
    found = await find_entry(connection, caller.tenant, entry)
    if caller.subject is not None and found.document["subject"] != await pseudonym_of(connection, whom(caller, None)):
        raise EntryNotFoundError(entry)
    return found


async def look_at(tx: Transaction, caller: Principal, entry: int, *, mac: Mac) -> FoundEntry:
    """One entry.

    Raises: EntryNotFoundError: there is none, or the caller may not see it.
    """
    found = await check_visible(tx.connection, caller, entry)
    document = found.document
    if caller.subject is not None:
        return found
    note = EntryDraft(
        Kind.LEDGER_QUERIED,
        caller.tenant,
        ledger_actor(caller, Role.AUDITOR),
        parts={"filter": {"stream": document["stream"], "seq": document["seq"]}, "found": 1},
    )
    await append(tx.connection, [note], now=tx.now, mac=mac)
    return found
