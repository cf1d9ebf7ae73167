"""Questions about consent: what a subject agreed to, how that came about, what is configured.

Rules: every answer stays inside one tenant and, for grants, inside one subject; pages go on from the last name or
number seen.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from sqlalchemy.ext.asyncio import AsyncConnection

from catalog import is_name
from consent import store
from consent.errors import (
    GrantNotFoundError,
    InvalidValueError,
    NoticeNotFoundError,
    SubjectNotFoundError,
    TooSoonToAskError,
)
from consent.ids import check_cursor
from consent.notices import Notice
from consent.patterns import is_reference
from consent.registry import ABSENT, Thing, Value, read
from consent.store.grants import StoredEvent
from consent.subjects import Grant, Subject, SubjectId
from consent.values import Client, Party, Purpose, Tenant

MAX_PAGE = 500
MAX_SEQ = 2**63 - 1
Item = TypeVar("Item")
_TYPES: dict[type[Tenant | Party | Client | Purpose | Notice], Thing] = {
    Tenant: Thing.TENANT,
    Party: Thing.PARTY,
    Client: Thing.CLIENT,
    Purpose: Thing.PURPOSE,
    Notice: Thing.NOTICE,
}


@dataclass(frozen=True, slots=True)
class Page(Generic[Item]):
    """Some items and where to go on; ``after`` is None on the last page."""

    items: tuple[Item, ...]
    after: str | None


async def find_subject(connection: AsyncConnection, who: SubjectId) -> Subject:
    """The subject's row.

    Raises: SubjectNotFoundError.
    """
    found = await store.subjects.subjects(connection, who.tenant, [who.ref])
    if who.ref not in found:
        raise SubjectNotFoundError(who.ref)
    return found[who.ref]


async def list_grants(connection: AsyncConnection, who: SubjectId, *, after: str = "", limit: int = 50) -> Page[Grant]:
    """A subject's grants in every state, refusals included, by id; empty if the subject is unknown."""
    check_cursor(after)
    rows = await store.grants.grants(connection, who, after=after, limit=_checked(limit) + 1)
    return _page(rows, limit, [grant.state.id for grant in rows])


async def all_grants(connection: AsyncConnection, who: SubjectId) -> list[Grant]:
    """Every grant of a subject, as `list_grants` gives them page by page."""
    found: list[Grant] = []
    after: str | None = ""
    while after is not None:
        page = await list_grants(connection, who, after=after, limit=MAX_PAGE)
        found += page.items
        after = page.after
    return found


async def find_grant(connection: AsyncConnection, who: SubjectId, grant: str) -> Grant:
    """One grant of a subject.

    Raises: GrantNotFoundError: the subject has no such grant, whoever else may.
    """
    found = await store.grants.grants(connection, who, grant=grant) if is_reference(grant, "gr") else []
    if not found:
        raise GrantNotFoundError(grant)
    return found[0]


async def find_grant_owner(connection: AsyncConnection, tenant: str, grant: str) -> SubjectId:
    """Whose grant this is, for staff of the tenant.

    Raises: GrantNotFoundError: the tenant has no such grant.
    """
    found = await store.grants.owner(connection, tenant, grant) if is_reference(grant, "gr") else None
    if found is None:
        raise GrantNotFoundError(grant)
    return found


async def list_events(
    connection: AsyncConnection, who: SubjectId, *, grant: str | None = None, after: int = 0, limit: int = 50
) -> Page[StoredEvent]:
    """A subject's consent events in order, of one grant if given.

    ``after`` is the last ``seq`` seen; the page's ``after`` is its text.
    """
    if not 0 <= after <= MAX_SEQ or (grant is not None and not is_reference(grant, "gr")):
        return Page((), None)
    rows = await store.grants.events(connection, who, grant=grant, after=after, limit=_checked(limit) + 1)
    return _page(rows, limit, [str(event.seq) for event in rows])


async def list_current(
    connection: AsyncConnection, tenant: str, kind: type[Value], *, after: str = "", limit: int = 50
) -> Page[Value]:
    """The newest version of each tenant, party, client, purpose or notice of a tenant, in the order of names."""
    check_cursor(after)
    rows = await store.registry.page(connection, tenant, _TYPES[kind], after=after, limit=_checked(limit) + 1)
    return _page([read(row.body, kind) for row in rows], limit, [row.name for row in rows])


async def find_current(connection: AsyncConnection, tenant: str, kind: type[Value], name: str) -> Value:
    """The newest version of one registered thing.

    Raises: the NotFoundError of its kind.
    """
    thing = _TYPES[kind]
    found = await store.registry.current(connection, tenant, [(thing, name)]) if is_name(name) else {}
    if not found:
        raise ABSENT[thing](name)
    return read(found[thing, name].body, kind)


async def list_versions(connection: AsyncConnection, tenant: str, kind: type[Value], name: str) -> list[Value]:
    """Every version of one registered thing, oldest first.

    Raises: the NotFoundError of its kind.
    """
    rows = await store.registry.versions(connection, tenant, _TYPES[kind], name) if is_name(name) else []
    if not rows:
        raise ABSENT[_TYPES[kind]](name)
    return [read(row.body, kind) for row in rows]


async def find_notice_version(connection: AsyncConnection, tenant: str, name: str, version: int) -> Notice:
    """A notice as it was shown, however old.

    Raises: NoticeNotFoundError.
    """
    for notice in await list_versions(connection, tenant, Notice, name):
        if notice.version == version:
            return notice
    raise NoticeNotFoundError(name)


async def check_may_ask(
    connection: AsyncConnection, who: SubjectId, purpose: str, *, now: datetime, cooldown: timedelta
) -> None:
    """Check that the subject may be asked for consent to a purpose; giving unasked is always possible.

    Raises: TooSoonToAskError: a refusal is more recent than ``cooldown``.
    Law: 网络数据安全管理条例 22(5).
    """
    refused = await store.grants.last_refusal(connection, who, purpose)
    if refused is not None and now < refused + cooldown:
        raise TooSoonToAskError("the subject refused this purpose not long ago")


def _checked(limit: int) -> int:
    if not 1 <= limit <= MAX_PAGE:
        raise InvalidValueError("limit", f"needs 1 to {MAX_PAGE}")
    return limit


def _page(rows: list[Item], limit: int, keys: list[str]) -> Page[Item]:
    return Page(tuple(rows[:limit]), keys[limit - 1] if len(rows) > limit else None)
