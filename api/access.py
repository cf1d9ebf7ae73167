"""Who may call a route: dependencies and the one function that reads the token.

Rules: the caller is verified once for a request and remembered on it; a role is asked for by naming it in the route's
signature (``Auditor``, ``Steward``…); what shows personal data to staff also asks for ``SecondFactor``.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends
from fastapi.security import HTTPBearer
from starlette.requests import Request
from starlette.types import Scope

from api.identity import (
    Principal,
    Role,
    RoleMissingError,
    SecondFactorNeededError,
    TokenMissingError,
    TokenVerifier,
    has_second_factor,
)
from api.service import service_of

BEARER = HTTPBearer(auto_error=False, bearerFormat="JWT", scheme_name="bearer", description="A token of the issuer.")


async def identify(request: Request) -> Principal:
    """The verified caller. Raises: IdentityError."""
    known: Principal | None = request.scope.setdefault("state", {}).get("principal")
    return known or await identify_by(request.scope, service_of(request.app.state).verifier)


async def identify_by(scope: Scope, verifier: TokenVerifier) -> Principal:
    """The caller of a request not yet identified, verified and noted on it. Raises: IdentityError."""
    caller: Principal = await verifier.verify(bearer_token(scope))
    scope["state"]["principal"] = caller
    return caller


def bearer_token(scope: Scope) -> str:
    """The one bearer token of a request (RFC 6750). Raises: TokenMissingError."""
    given = [value for name, value in scope["headers"] if name == b"authorization"]
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
