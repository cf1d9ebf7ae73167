"""Changing the register: tenants, parties, clients, purposes, notices.

Rules:
- every change raises the configuration epoch, whose row stays locked until the transaction ends, so changes queue;
- every version is kept; the newest is in force; nothing is ever deleted (a purpose turns inactive, a client
  suspended, a party ends);
- every change is journalled by names, digests and closed values, without texts or contacts;
- every change ends with sealing the configuration (`consent.rows`);
- references stay inside the tenant; another tenant's things count as absent.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from catalog import Catalog, PiplKind
from consent import events, store
from consent.errors import (
    AlreadyRegisteredError,
    BoundExceededError,
    NoticeMismatchError,
    RowTamperedError,
    UnknownFieldError,
)
from consent.journal import Actor, Journal
from consent.notices import Notice, NoticeDraft, check_items, publishable
from consent.registry import ABSENT, Thing, read, write
from consent.rows import RowSealer
from consent.store.registry import Document
from consent.values import Client, Party, Purpose, Tenant

Registrable = Tenant | Party | Client | Purpose | Notice


@dataclass(frozen=True, slots=True)
class Registered:
    """What a change of the register led to.

    Attributes:
        version: of the thing changed; epoch: of the configuration; entries: ids of the ledger entries.
    """

    name: str
    version: int
    epoch: int
    entries: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Published:
    """A notice, as published, and what was recorded."""

    notice: Notice
    registered: Registered


@dataclass(frozen=True, slots=True)
class _Change:
    kind: Thing
    tenant: str
    name: str
    value: Registrable
    is_new: bool


class Registrar:
    """Registers and updates; every method works in the caller's transaction."""

    def __init__(self, journal: Journal, *, rows: RowSealer) -> None:
        self._journal = journal
        self._rows = rows

    async def register_tenant(
        self, connection: AsyncConnection, tenant: Tenant, *, by: Actor, now: datetime
    ) -> Registered:
        """Add a tenant.

        Raises: AlreadyRegisteredError.
        """
        change = _Change(Thing.TENANT, tenant.name, tenant.name, tenant, is_new=True)
        return await self._record(connection, change, set(), by=by, now=now)

    async def register_party(
        self, connection: AsyncConnection, party: Party, *, by: Actor, now: datetime
    ) -> Registered:
        """Add a party.

        Raises: TenantNotFoundError, AlreadyRegisteredError.
        """
        return await self._put_party(connection, party, is_new=True, by=by, now=now)

    async def update_party(self, connection: AsyncConnection, party: Party, *, by: Actor, now: datetime) -> Registered:
        """Replace a party by a new version.

        Raises: PartyNotFoundError.
        """
        return await self._put_party(connection, party, is_new=False, by=by, now=now)

    async def register_client(
        self, connection: AsyncConnection, client: Client, *, by: Actor, now: datetime
    ) -> Registered:
        """Add a client of a registered party, for registered purposes.

        Raises: TenantNotFoundError, PartyNotFoundError, PurposeNotFoundError, AlreadyRegisteredError.
        """
        return await self._put_client(connection, client, is_new=True, by=by, now=now)

    async def update_client(
        self, connection: AsyncConnection, client: Client, *, by: Actor, now: datetime
    ) -> Registered:
        """Replace a client by a new version.

        Raises: ClientNotFoundError, PartyNotFoundError, PurposeNotFoundError.
        """
        return await self._put_client(connection, client, is_new=False, by=by, now=now)

    async def register_purpose(
        self, connection: AsyncConnection, purpose: Purpose, *, by: Actor, now: datetime
    ) -> Registered:
        """Add a purpose.

        Raises: TenantNotFoundError, AlreadyRegisteredError.
        """
        return await self._put_purpose(connection, purpose, is_new=True, by=by, now=now)

    async def update_purpose(
        self, connection: AsyncConnection, purpose: Purpose, *, by: Actor, now: datetime
    ) -> Registered:
        """Replace a purpose by a new version; a changed method or revision puts its notice out of force.

        Raises: PurposeNotFoundError.
        """
        return await self._put_purpose(connection, purpose, is_new=False, by=by, now=now)

    async def publish_notice(
        self, connection: AsyncConnection, draft: NoticeDraft, catalog: Catalog, *, by: Actor, now: datetime
    ) -> Published:
        """Publish the next version of a purpose's notice; older consents go stale if its material changed.

        Raises: NoticeItemMissingError: an item of PIPL 17, 23 or 30 is missing; UnknownFieldError;
        BoundExceededError: a field beyond the ceiling; NoticeMismatchError: other methods than the purpose's, or a
        second notice for it; PurposeNotFoundError, PartyNotFoundError.
        Law: PIPL 14, 17, 23, 30.
        """
        epoch = await store.registry.begin_change(connection, self._rows)
        parties = {(Thing.PARTY, party) for party in (draft.handler, *(r.party for r in draft.recipients))}
        wanted = {(Thing.PURPOSE, draft.purpose), *parties}
        found = await self._need(connection, draft.tenant, wanted)
        purpose = read(found[Thing.PURPOSE, draft.purpose].body, Purpose)
        _check_draft(draft, purpose, catalog)
        last = await self._last_version(connection, draft)
        notice = publishable(draft, last + 1, purpose)
        change = _Change(Thing.NOTICE, draft.tenant, draft.name, notice, is_new=not last)
        return Published(notice, await self._append(connection, change, (notice.version, epoch), by=by, now=now))

    async def _put_party(
        self, connection: AsyncConnection, party: Party, *, is_new: bool, by: Actor, now: datetime
    ) -> Registered:
        change = _Change(Thing.PARTY, party.tenant, party.name, party, is_new)
        return await self._record(connection, change, {(Thing.TENANT, party.tenant)}, by=by, now=now)

    async def _put_client(
        self, connection: AsyncConnection, client: Client, *, is_new: bool, by: Actor, now: datetime
    ) -> Registered:
        needs = {(Thing.TENANT, client.tenant), (Thing.PARTY, client.party)}
        needs.update((Thing.PURPOSE, purpose) for purpose in client.purposes)
        change = _Change(Thing.CLIENT, client.tenant, client.name, client, is_new)
        return await self._record(connection, change, needs, by=by, now=now)

    async def _put_purpose(
        self, connection: AsyncConnection, purpose: Purpose, *, is_new: bool, by: Actor, now: datetime
    ) -> Registered:
        change = _Change(Thing.PURPOSE, purpose.tenant, purpose.name, purpose, is_new)
        return await self._record(connection, change, {(Thing.TENANT, purpose.tenant)}, by=by, now=now)

    async def _record(
        self, connection: AsyncConnection, change: _Change, needs: set[tuple[Thing, str]], *, by: Actor, now: datetime
    ) -> Registered:
        epoch = await store.registry.begin_change(connection, self._rows)
        await self._need(connection, change.tenant, needs)
        found = await store.registry.current(connection, change.tenant, [(change.kind, change.name)])
        held = found.get((change.kind, change.name))
        if held is not None and change.is_new:
            raise AlreadyRegisteredError(change.kind, change.name)
        if held is None and not change.is_new:
            raise ABSENT[change.kind](change.name)
        version = 1 if held is None else held.version + 1
        return await self._append(connection, change, (version, epoch), by=by, now=now)

    async def _append(
        self, connection: AsyncConnection, change: _Change, at: tuple[int, int], *, by: Actor, now: datetime
    ) -> Registered:
        version, epoch = at
        body = write(change.value)
        document = Document(change.tenant, change.kind, change.name, version, epoch, now, body)
        await store.registry.insert_document(connection, document, self._rows)
        event = events.of(change.value, document, by, is_new=change.is_new)
        entries = await self._journal.append(connection, [event], now)
        await store.registry.end_change(connection, self._rows, entries[-1])
        return Registered(change.name, version, epoch, tuple(entries))

    async def _need(
        self, connection: AsyncConnection, tenant: str, needs: set[tuple[Thing, str]]
    ) -> dict[tuple[str, str], Document]:
        found = await store.registry.current(connection, tenant, needs)
        for kind, name in sorted(needs):
            if (kind, name) not in found:
                raise ABSENT[kind](name)
        if not all(store.registry.holds(document, self._rows) for document in found.values()):
            raise RowTamperedError("consent_registry")
        return found

    async def _last_version(self, connection: AsyncConnection, draft: NoticeDraft) -> int:
        """The newest version of the draft's notice, 0 if it is the purpose's first."""
        last = 0
        for document in await store.registry.page(connection, draft.tenant, Thing.NOTICE, after="", limit=None):
            held = read(document.body, Notice).content
            if (held.name == draft.name) is not (held.purpose == draft.purpose):
                raise NoticeMismatchError("notice name and purpose: a purpose has one notice, in versions")
            if held.name == draft.name:
                last = document.version
        return last


def _check_draft(draft: NoticeDraft, purpose: Purpose, catalog: Catalog) -> None:
    for field in draft.fields:
        if field not in catalog.fields:
            raise UnknownFieldError(field)
        if field not in purpose.fields:
            raise BoundExceededError(field, "the purpose's ceiling")
    for recipient in draft.recipients:
        if not set(recipient.fields) <= set(draft.fields):
            raise NoticeMismatchError("the kinds of a recipient")
    check_items(draft, has_sensitive=any(catalog.fields[name].pipl is PiplKind.SENSITIVE for name in draft.fields))
    if set(draft.methods) != set(purpose.methods):
        raise NoticeMismatchError("method")
