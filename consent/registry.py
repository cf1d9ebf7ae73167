"""The register: what is configured at one epoch, read at once.

Rules: a snapshot is frozen and belongs to one epoch; another tenant's things are absent; a purpose has a notice in
force only while the notice still says what the purpose means (PIPL 14).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Any, TypeVar

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from catalog import canonical
from consent import store
from consent.errors import (
    ClientNotFoundError,
    NotFoundError,
    NoticeNotFoundError,
    PartyNotFoundError,
    PurposeNotFoundError,
    RowTamperedError,
    TenantNotFoundError,
)
from consent.notices import Notice
from consent.requests import GrantRequest
from consent.rows import RowSealer
from consent.rules import Terms, is_in_force
from consent.values import Client, Party, Purpose, Tenant

Value = TypeVar("Value", Tenant, Party, Client, Purpose, Notice)


class Thing(StrEnum):
    """The kinds of registered things."""

    TENANT = "tenant"
    PARTY = "party"
    CLIENT = "client"
    PURPOSE = "purpose"
    NOTICE = "notice"


ABSENT: dict[Thing, type[NotFoundError]] = {
    Thing.TENANT: TenantNotFoundError,
    Thing.PARTY: PartyNotFoundError,
    Thing.CLIENT: ClientNotFoundError,
    Thing.PURPOSE: PurposeNotFoundError,
    Thing.NOTICE: NoticeNotFoundError,
}


def write(value: Tenant | Party | Client | Purpose | Notice) -> str:
    """A registered value as canonical JSON."""
    return canonical(msgspec.to_builtins(value)).decode()


def read(body: str, kind: type[Value]) -> Value:
    """The value of `write`'s output."""
    return msgspec.json.decode(body, type=kind)


@dataclass(frozen=True, slots=True)
class Registry:
    """Everything configured at one epoch; keys are (tenant, name).

    Attributes:
        in_force: the notice in force of each (tenant, purpose); a purpose without one is absent.
        told: id of the ledger entry of the newest change, 0 before the first.
        tampered: (tenant, kind) of things whose current row is not as it was sealed, or is gone; these are absent.
        is_whole: whether everything that was configured is there, in the version that was.
    """

    epoch: int
    tenants: Mapping[str, Tenant]
    parties: Mapping[tuple[str, str], Party]
    clients: Mapping[tuple[str, str], Client]
    purposes: Mapping[tuple[str, str], Purpose]
    notices: Mapping[tuple[str, str], Notice]
    in_force: Mapping[tuple[str, str], Notice]
    told: int = 0
    tampered: frozenset[tuple[str, str]] = frozenset()
    is_whole: bool = True


async def load_registry(connection: AsyncConnection, rows: RowSealer) -> Registry:
    """Read and check the whole register; the epoch is read first, so a later change shows as a higher one elsewhere.

    Read it in one snapshot: of two states, what was sealed in one does not hold in the other.
    """
    epoch = await store.registry.check_epoch(connection, rows)
    found = await store.registry.every(connection)
    documents = [document for document in found if store.registry.holds(document, rows)]
    gone = {key[:2] for key in epoch.sealed - {(d.tenant, d.kind, d.name, d.version) for d in documents}}
    bodies = {kind: {(each.tenant, each.name): each.body for each in documents if each.kind == kind} for kind in Thing}
    purposes = {key: read(body, Purpose) for key, body in bodies[Thing.PURPOSE].items()}
    notices = {key: read(body, Notice) for key, body in bodies[Thing.NOTICE].items()}
    return Registry(
        epoch=epoch.epoch,
        told=epoch.told,
        tampered=frozenset(gone | {(d.tenant, d.kind) for d in found if not store.registry.holds(d, rows)}),
        is_whole=epoch.holds,
        tenants=MappingProxyType({key[0]: read(body, Tenant) for key, body in bodies[Thing.TENANT].items()}),
        parties=MappingProxyType({key: read(body, Party) for key, body in bodies[Thing.PARTY].items()}),
        clients=MappingProxyType({key: read(body, Client) for key, body in bodies[Thing.CLIENT].items()}),
        purposes=MappingProxyType(purposes),
        notices=MappingProxyType(notices),
        in_force=MappingProxyType(_in_force(purposes, notices)),
    )


def _in_force(
    purposes: Mapping[tuple[str, str], Purpose], notices: Mapping[tuple[str, str], Notice]
) -> dict[tuple[str, str], Notice]:
    found: dict[tuple[str, str], Notice] = {}
    for (tenant, _), notice in notices.items():
        purpose = purposes.get((tenant, notice.content.purpose))
        if purpose is not None and is_in_force(notice, purpose):
            found[tenant, purpose.name] = notice
    return found


class TermsReader:
    """Reads what consents refer to, holding the configuration still until the transaction ends."""

    def __init__(self, connection: AsyncConnection, tenant: str, rows: RowSealer) -> None:
        self._connection = connection
        self._tenant = tenant
        self._rows = rows
        self._known: dict[tuple[str, str, str], Terms] = {}

    @classmethod
    async def open(cls, connection: AsyncConnection, tenant: str, rows: RowSealer) -> TermsReader:
        """Lock the epoch for share; changes of the configuration wait."""
        await store.registry.read_epoch(connection, share=True)
        return cls(connection, tenant, rows)

    async def read(self, request: GrantRequest) -> Terms:
        """The purpose, notice and recipient a request refers to.

        Raises: PurposeNotFoundError, NoticeNotFoundError, PartyNotFoundError: not registered with this tenant.
        RowTamperedError: one of them does not hold.
        """
        key = (request.purpose, request.notice, request.recipient)
        if key not in self._known:
            wanted = dict(zip((Thing.PURPOSE, Thing.NOTICE, Thing.PARTY), key, strict=True))
            found = await store.registry.current(self._connection, self._tenant, wanted.items())
            for kind, name in wanted.items():
                if (kind, name) not in found:
                    raise ABSENT[kind](name)
            if not all(store.registry.holds(document, self._rows) for document in found.values()):
                raise RowTamperedError("consent_registry")
            bodies: dict[Any, str] = {kind: found[kind, name].body for kind, name in wanted.items()}
            self._known[key] = Terms(
                purpose=read(bodies[Thing.PURPOSE], Purpose),
                notice=read(bodies[Thing.NOTICE], Notice),
                recipient=read(bodies[Thing.PARTY], Party),
            )
        return self._known[key]
