"""A write: one transaction, one use of an Idempotency-Key, one answer.

Rules:
- state, ledger entries and the kept answer commit together or not at all; whoever does the work finds in it the
  connection, the instant, the caller and the journal that remembers what it told the ledger;
- what binds (consent) is answered within ``BINDING_S`` or refused: no replica, lock or database makes it wait longer,
  and what was refused may be sent again under its key.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.requests import Request
from starlette.responses import Response

from api.database import Transaction
from api.idempotency import Slot, idempotent
from api.identity import Principal
from api.service import Service, service_of
from api.usecases.noting import NotingJournal
from catalog import Catalog
from consent import ConsentService, Registrar
from vault import refresh_key_ring

BINDING_S = 1.8


@dataclass(frozen=True, slots=True)
class Work:
    """What a write works with.

    Attributes:
        replay: the answer given before, if the request is a repetition: answer it and do nothing.
        journal: tells the ledger, and remembers what it told.
    """

    service: Service
    tx: Transaction
    caller: Principal
    journal: NotingJournal
    slot: Slot

    @property
    def replay(self) -> Response | None:
        """The answer given before."""
        return self.slot.replay

    @property
    def connection(self) -> AsyncConnection:
        """The transaction's connection."""
        return self.tx.connection

    @property
    def now(self) -> datetime:
        """The transaction's instant."""
        return self.tx.now

    @property
    def tenant(self) -> str:
        """The caller's tenant."""
        return self.caller.tenant

    @property
    def consent(self) -> ConsentService:
        """The consent service on this write's journal."""
        return ConsentService(self.journal, rows=self.service.keyring.rows, entropy=os.urandom)

    @property
    def registrar(self) -> Registrar:
        """The registrar on this write's journal."""
        return Registrar(self.journal, rows=self.service.keyring.rows)

    async def catalog(self) -> Catalog:
        """The catalogue in force."""
        return await self.service.catalogs.current(self.connection)

    def answer(self, body: BaseModel, *, status: int = 200) -> Response:
        """Make the answer, and keep it under the key if there is one."""
        return self.slot.answer(body.model_dump(mode="json"), status=status)


@asynccontextmanager
async def binding(request: Request, caller: Principal) -> AsyncIterator[Work]:
    """Open a write that has to be answered in time; whether it took effect is unknown when it is not.

    Raises: TimeoutError, besides what ``writing`` raises.
    """
    async with asyncio.timeout(BINDING_S), writing(request, caller) as work:
        yield work


@asynccontextmanager
async def writing(request: Request, caller: Principal) -> AsyncIterator[Work]:
    """Open a write for a caller; commits when the block ends, rolls back when it raises.

    What it ended is kept beside the database before the answer goes out.
    Raises: ProblemError: request/key_malformed, request/key_reused, service/starting; EndsUnavailableError: what was
    done stands, and is kept as soon as that is possible.
    """
    service = service_of(request.app.state)
    life = timedelta(hours=service.settings.idempotency_hours)
    mac = lambda data: service.fingerprint(caller.tenant, data)  # noqa: E731  two arguments in one name
    journal = NotingJournal(service.keyring.mac)
    async with (
        service.database.transaction() as tx,
        idempotent(request, tx, caller, mac=mac, life=life) as slot,
    ):
        await refresh_key_ring(tx.connection, service.keyring)
        yield Work(service, tx, caller, journal, slot)
    await service.ends.note(service.database, [entry for _, entry in journal.told])
