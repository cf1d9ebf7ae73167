"""The register over HTTP: from documents to registered things, and which of them a caller sees.

Rules:
- the tenant comes from the caller, the rest from the request; a change names only what changes, on what is registered
  when the change is made;
- staff see everything of their tenant; a scoring service its own client, party, purposes and their notices; a data
  subject purposes and notices; what a caller does not see counts as absent.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import msgspec
from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncConnection

from api.identity import Principal
from api.problems import ProblemError
from api.usecases.paging import scan
from catalog import Catalog
from consent import (
    Client,
    ClientNotFoundError,
    Notice,
    NoticeNotFoundError,
    Page,
    Party,
    PartyNotFoundError,
    Purpose,
    PurposeNotFoundError,
    Registered,
    find_current,
    list_current,
    list_versions,
)
from consent.errors import NotFoundError
from vault import KeyRing, TokenSpec, TokenSpecError

Thing = TypeVar("Thing", Party, Client, Purpose, Notice)
ABSENT: dict[type[Any], type[NotFoundError]] = {
    Party: PartyNotFoundError,
    Client: ClientNotFoundError,
    Purpose: PurposeNotFoundError,
    Notice: NoticeNotFoundError,
}


@dataclass(frozen=True, slots=True)
class Sight:
    """What a caller sees of the register; None for everything."""

    party: str | None = None
    client: str | None = None
    purposes: frozenset[str] | None = None

    def shows(self, thing: Party | Client | Purpose | Notice) -> bool:
        """Whether the caller sees a thing."""
        match thing:
            case Party():
                return self.party in {None, thing.name}
            case Client():
                return self.client in {None, thing.name}
            case Purpose():
                return self.purposes is None or thing.name in self.purposes
            case Notice():
                return self.purposes is None or thing.content.purpose in self.purposes


async def sight_of(connection: AsyncConnection, caller: Principal) -> Sight:
    """What this caller sees.

    Raises: ClientNotFoundError: a scoring service that is not registered.
    """
    if caller.client is None:
        return Sight()
    own = await find_current(connection, caller.tenant, Client, caller.client)
    return Sight(own.party, own.name, frozenset(own.purposes))


def name_of(thing: Party | Client | Purpose | Notice) -> str:
    """The name a thing is registered under."""
    return thing.content.name if isinstance(thing, Notice) else thing.name


async def find(connection: AsyncConnection, caller: Principal, kind: type[Thing], name: str) -> Thing:
    """One registered thing, in force.

    Raises: the NotFoundError of its kind, for what the caller does not see as well.
    """
    return (await find_versions(connection, caller, kind, name))[-1]


async def find_versions(connection: AsyncConnection, caller: Principal, kind: type[Thing], name: str) -> list[Thing]:
    """Every version of a registered thing, oldest first. Raises: as `find`."""
    sight = await sight_of(connection, caller)
    versions: list[Thing] = await list_versions(connection, caller.tenant, kind, name)
    if not sight.shows(versions[-1]):
        raise ABSENT[kind](name)
    return versions


async def listed(
    connection: AsyncConnection, caller: Principal, kind: type[Thing], *, after: str | None, limit: int
) -> Page[Thing]:
    """A page of the things of one kind the caller sees, by name."""
    sight = await sight_of(connection, caller)

    async def read(place: str, count: int) -> Page[Thing]:
        page: Page[Thing] = await list_current(connection, caller.tenant, kind, after=place, limit=count)
        return page

    return await scan(read, sight.shows, name_of, after=after, limit=limit)


def made(kind: type[Thing], body: BaseModel, tenant: str) -> Thing:
    """The thing a request describes.

    Raises: ConsentError: a value has the wrong shape.
    """
    return msgspec.convert({**body.model_dump(mode="json", exclude_unset=True), "tenant": tenant}, kind)


async def change(
    connection: AsyncConnection,
    before: tuple[str, type[Thing], str],
    *,
    by: BaseModel,
    update: Callable[[Thing], Awaitable[Registered]],
) -> Registered:
    """Replace the parts of a registered thing that ``by`` names.

    Shape: ``before``: tenant, kind and name of the thing.
    Raises: the NotFoundError of its kind; ConsentError: as `made`; ProblemError: request/conflict: somebody else
    changed it in between.
    """
    _, kind, _ = before
    versions: list[Thing] = await list_versions(connection, *before)
    document = {**msgspec.to_builtins(versions[-1]), **by.model_dump(mode="json", exclude_unset=True)}
    done = await update(msgspec.convert(document, kind))
    if done.version != len(versions) + 1:
        raise ProblemError("request/conflict")
    return done


def check_token_rules(catalog: Catalog, keys: KeyRing, client: Client) -> None:
    """Check that every field a client has a kind of token for can become one.

    Raises: TokenSpecError: the field is not in the catalogue, no identifier, or of another kind; TokenSuiteError: the
        suite of the token key has no such tokens.
    """
    for rule in client.tokens:
        keys.tokens.check_kind(rule.kind)
        field = catalog.fields.get(rule.field)
        if field is None or field.identifier is None:
            raise TokenSpecError(f"{rule.field} is no identifier of the catalogue")
        TokenSpec(rule.kind, field.identifier.value, rule.keep)
