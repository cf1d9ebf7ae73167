"""Clients: the registered services of parties, with the products and purposes they may name.

Rules: a steward registers, changes and suspends them; staff see all, a scoring service itself.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import Request
from pydantic import Field
from starlette.responses import Response

from api.access import Steward
from api.identity import Role
from api.routes.registered import Change, Insider, Region, RegisteredAnswer
from api.routes.wire import KEYED, Answer, Cursor, Limit, Name, Text, TextShown, left, routes
from api.service import service_of
from api.strictroute import FROM_TEXT, Body
from api.usecases.acting import actor
from api.usecases.register import change, check_token_rules, find, find_versions, listed, made
from api.usecases.writing import writing
from catalog import ReleaseForm
from consent import Client, ClientStatus, Registered
from vault import Keep, TokenKind

ROUTER = routes()
Names = Annotated[list[Name], Field(max_length=100)]


class TokenRuleBody(Body):
    """A field whose tokens are deterministic, reversible or format-preserving for this client."""

    field: Name
    kind: Annotated[TokenKind, FROM_TEXT]
    keep: Annotated[Keep, FROM_TEXT] = Keep.NOTHING


TokenRules = Annotated[list[TokenRuleBody], Field(max_length=100)]


class ClientBody(Body):
    """A client to register."""

    name: Name
    party: Name
    title: Text
    products: Names
    purposes: Names
    max_form: Annotated[ReleaseForm, FROM_TEXT]
    region: Region = "CN"
    tokens: TokenRules = Field(default_factory=list, max_length=100)


class ClientChange(Change):
    """What changes of a client; ``status`` suspends it and lets it back in."""

    party: Name = left()
    title: Text = left()
    products: Names = left()
    purposes: Names = left()
    max_form: Annotated[ReleaseForm, FROM_TEXT] = left()
    region: Region = left()
    tokens: TokenRules = left()
    status: Annotated[ClientStatus, FROM_TEXT] = left()


class TokenRuleShown(Answer):
    """A field whose tokens are computed."""

    field: str
    kind: TokenKind
    keep: Keep


class ClientShown(Answer):
    """A client."""

    name: str
    party: str
    title: TextShown
    products: list[str]
    purposes: list[str]
    max_form: ReleaseForm
    status: ClientStatus
    region: str
    tokens: list[TokenRuleShown]


class Clients(Answer):
    """A page of clients, by name."""

    clients: list[ClientShown]
    next: str | None


class ClientVersions(Answer):
    """Every version of a client, oldest first."""

    versions: list[ClientShown]


@ROUTER.post(
    "/v1/clients",
    tags=["register"],
    summary="Register a client",
    status_code=201,
    response_model=RegisteredAnswer,
    openapi_extra=KEYED,
)
async def register_client(request: Request, body: ClientBody, caller: Steward) -> Response:
    """Register a service of a party."""
    async with writing(request, caller) as work:
        if work.replay is not None:
            return work.replay
        client = made(Client, body, work.tenant)
        check_token_rules(await work.catalog(), work.service.keyring, client)
        by = actor(caller, Role.STEWARD)
        done = await work.registrar.register_client(work.connection, client, by=by, now=work.now)
        return work.answer(RegisteredAnswer.of(done), status=201)


@ROUTER.patch(
    "/v1/clients/{name}",
    tags=["register"],
    summary="Change a client",
    response_model=RegisteredAnswer,
    openapi_extra=KEYED,
)
async def change_client(request: Request, name: Name, body: ClientChange, caller: Steward) -> Response:
    """Replace the named parts of a client; the versions before stay on record."""
    async with writing(request, caller) as work:
        if work.replay is not None:
            return work.replay
        catalog = await work.catalog()

        async def update(client: Client) -> Registered:
            check_token_rules(catalog, work.service.keyring, client)
            return await work.registrar.update_client(
                work.connection, client, by=actor(caller, Role.STEWARD), now=work.now
            )

        done = await change(work.connection, (work.tenant, Client, name), by=body, update=update)
        return work.answer(RegisteredAnswer.of(done))


@ROUTER.get("/v1/clients", tags=["register"], summary="List clients")
async def list_clients(request: Request, caller: Insider, cursor: Cursor = None, limit: Limit = 50) -> Clients:
    """List the clients the caller sees."""
    async with service_of(request.app.state).database.reading() as tx:
        page = await listed(tx.connection, caller, Client, after=cursor, limit=limit)
    return Clients(clients=[ClientShown.model_validate(client) for client in page.items], next=page.after)


@ROUTER.get("/v1/clients/{name}", tags=["register"], summary="Look up a client")
async def get_client(request: Request, name: Name, caller: Insider) -> ClientShown:
    """Answer a client as it is registered now."""
    async with service_of(request.app.state).database.reading() as tx:
        return ClientShown.model_validate(await find(tx.connection, caller, Client, name))


@ROUTER.get("/v1/clients/{name}/versions", tags=["register"], summary="List the versions of a client")
async def list_client_versions(request: Request, name: Name, caller: Insider) -> ClientVersions:
    """Answer every version of a client, oldest first."""
    async with service_of(request.app.state).database.reading() as tx:
        versions = await find_versions(tx.connection, caller, Client, name)
    return ClientVersions(versions=[ClientShown.model_validate(client) for client in versions])
