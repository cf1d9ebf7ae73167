"""Registering what a lender's folder says, in one transaction of the database itself.

Rules:
- what is there already and says the same is left alone, what says something else gets a new version: setting up again
  doubles nothing;
- an impact assessment that still holds is not renewed, so a repeated set-up changes nothing by the clock alone;
- everything is recorded in the ledger as when it comes over HTTP.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from api.cli.acting import BY
from api.usecases.catalogs import Authority, Catalogs, put_views
from catalog import Catalog, load_views
from consent import (
    BilingualText,
    Client,
    Notice,
    NoticeDraft,
    Party,
    Purpose,
    Registered,
    Registrar,
    Tenant,
    find_current,
)
from consent.errors import NotFoundError
from consent.notices import material_of
from examples.lender import Lender

Thing = TypeVar("Thing", Tenant, Party, Client, Purpose)
NEW, CHANGED, SAME = "new", "changed", "same"
Write = Callable[..., Awaitable[Registered]]


@dataclass(frozen=True, slots=True)
class Enrolment:
    """One lender on its way into one database.

    Attributes:
        tally: kind of thing -> how many were new, changed, the same.
    """

    connection: AsyncConnection
    registrar: Registrar
    authority: Authority
    tally: dict[str, Counter[str]] = field(default_factory=dict)

    async def enrol(self, lender: Lender) -> Catalog:
        """Register tenant, parties, purposes, clients, views and notices; answers the catalogue in force.

        Raises: ConsentError, CatalogError: a part of the folder is refused.
        """
        file, to = lender.file, self.registrar
        tenant = Tenant(name=file.tenant, title=BilingualText(file.title.zh, file.title.en))
        await self._put("tenants", tenant, to.register_tenant, None)
        for party in self._made(Party, file.tenant, (part.document() for part in file.parties)):
            await self._put("parties", party, to.register_party, to.update_party)
        for purpose in self._made(Purpose, file.tenant, (part.body(self.authority.now) for part in file.purposes)):
            await self._put("purposes", await self._assessed(purpose), to.register_purpose, to.update_purpose)
        for client in self._made(Client, file.tenant, (part.document() for part in file.clients)):
            await self._put("clients", client, to.register_client, to.update_client)
        catalog = await self._put_views(lender)
        for part in file.notices:
            draft = msgspec.convert({**part.document(), "tenant": file.tenant}, NoticeDraft)
            await self._put_notice(draft, catalog)
        return catalog

    def _made(self, kind: type[Thing], tenant: str, documents: Iterable[dict[str, Any]]) -> Iterable[Thing]:
        return (msgspec.convert({**document, "tenant": tenant}, kind) for document in documents)

    async def _put(self, kind: str, thing: Thing, register: Write, update: Write | None) -> None:
        tenant: str = getattr(thing, "tenant", thing.name)
        try:
            held = await find_current(self.connection, tenant, type(thing), thing.name)
        except NotFoundError:
            await register(self.connection, thing, by=BY, now=self.authority.now)
            self._count(kind, NEW)
            return
        if held == thing or update is None:
            self._count(kind, SAME)
            return
        await update(self.connection, thing, by=BY, now=self.authority.now)
        self._count(kind, CHANGED)

    async def _assessed(self, purpose: Purpose) -> Purpose:
        """The purpose with the end of the assessment that is registered, while that one holds."""
        try:
            held = await find_current(self.connection, purpose.tenant, Purpose, purpose.name)
        except NotFoundError:
            return purpose
        if held.pipia != purpose.pipia or held.pipia_at(self.authority.now) != "live":
            return purpose
        return replace(purpose, pipia_expires=held.pipia_expires)

    async def _put_views(self, lender: Lender) -> Catalog:
        catalogs = Catalogs()
        before = await catalogs.current(self.connection)
        views = load_views(lender.views_file, lender.file.tenant, catalog=before)
        after = before.with_views(lender.file.tenant, views)
        known = {view.name: view for view in before.views_of(lender.file.tenant)}
        for view in after.views_of(lender.file.tenant):
            self._count("views", NEW if view.name not in known else SAME if known[view.name] == view else CHANGED)
        if after.revision != before.revision:
            await put_views(self.connection, catalogs, lender.file.tenant, views, self.authority)
        return after

    async def _put_notice(self, draft: NoticeDraft, catalog: Catalog) -> None:
        purpose = await find_current(self.connection, draft.tenant, Purpose, draft.purpose)
        is_new = False
        try:
            held = await find_current(self.connection, draft.tenant, Notice, draft.name)
        except NotFoundError:
            is_new = True
        else:
            if held.content == draft and held.material == material_of(draft, purpose):
                self._count("notices", SAME)
                return
        await self.registrar.publish_notice(self.connection, draft, catalog, by=BY, now=self.authority.now)
        self._count("notices", NEW if is_new else CHANGED)

    def _count(self, kind: str, what: str) -> None:
        self.tally.setdefault(kind, Counter())[what] += 1
