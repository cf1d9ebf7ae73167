"""Who may call a route: dependencies and the one function that reads the token.

Rules: the caller is verified once for a request and remembered on it; a role is asked for by naming it in the route's
signature (``Auditor``, ``Steward``…); what shows personal data to staff also asks for ``SecondFactor``.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends
from fastapi.security import HTTPBearer
from starlette.requests import Request

from api.identity import (
    Principal,
    Role,
    RoleMissingError,
    SecondFactorNeededError,
    TokenMissingError,
    has_second_factor,
)
from api.service import service_of

BEARER = HTTPBearer(auto_error=False, bearerFormat="JWT", scheme_name="bearer", description="A token of the issuer.")


async def identify(request: Request) -> Principal:
    """The verified caller. Raises: IdentityError."""
    state = request.scope.setdefault("state", {})
    known: Principal | None = state.get("principal")
    if known is None:
        token = bearer_token(request)
        verifier = service_of(request.app.state).verifier
        known = state["principal"] = await verifier.verify(token)
    return known


def bearer_token(request: Request) -> str:
    """The one bearer token of the request (RFC 6750). Raises: TokenMissingError."""
    given = [value for name, value in request.scope["headers"] if name == b"authorization"]
    if len(given) != 1 or given[0][:7].lower() != b"bearer ":
        raise TokenMissingError
    return str(given[0][7:].strip().decode("latin-1"))


async def principal(request: Request, _documented: Annotated[object, Depends(BEARER)]) -> Principal:
    """The verified caller, as a dependency."""
    return await identify(request)


class Holds:
    """Dependency: the caller, if they hold one of the roles."""

    def __init__(self, *roles: Role) -> None:
        self.roles = roles

    async def __call__(self, caller: Annotated[Principal, Depends(principal)]) -> Principal:
        """Answer the caller. Raises: RoleMissingError."""
        if caller.acting_as(*self.roles) is None:
            raise RoleMissingError
        return caller


async def second_factor(request: Request, caller: Annotated[Principal, Depends(principal)]) -> Principal:
    """The caller, if a second factor was used (PIPL 51; RFC 8176). Raises: SecondFactorNeededError."""
    if not has_second_factor(caller.amr, request.app.state.settings.issuer.second_factor):
        raise SecondFactorNeededError
    return caller


Caller = Annotated[Principal, Depends(principal)]
Scorer = Annotated[Principal, Depends(Holds(Role.SCORER))]
Subject = Annotated[Principal, Depends(Holds(Role.SUBJECT))]
Auditor = Annotated[Principal, Depends(Holds(Role.AUDITOR))]
Steward = Annotated[Principal, Depends(Holds(Role.STEWARD))]
Dpo = Annotated[Principal, Depends(Holds(Role.DPO))]
Operator = Annotated[Principal, Depends(Holds(Role.OPERATOR))]
SecondFactor = Annotated[Principal, Depends(second_factor)]
