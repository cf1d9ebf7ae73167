"""Who is calling: bearer tokens, roles, second factors.

Rules:
- Tenant, role and name of a caller come from the verified token, never from a body, path or header of ours.
- Algorithms and keys are pinned by the deployment; nothing in a token can choose a key source (RFC 8725).
- Every failure is the caller's 401 with one of few codes and no detail about which check failed beyond expiry.
- The built-in issuer exists for development and is refused in production mode.
"""

from api.identity.errors import (
    IdentityError,
    IssuerKeyError,
    KeysUnavailableError,
    RoleMissingError,
    SecondFactorNeededError,
    TokenExpiredError,
    TokenInvalidError,
    TokenMissingError,
)
from api.identity.factors import has_second_factor
from api.identity.issuer import BuiltinIssuer
from api.identity.keys import FileKeys, FixedKeys, KeySource, RemoteKeys
from api.identity.principal import Principal, Role
from api.identity.verifier import TokenRules, TokenVerifier

__all__ = [
    "BuiltinIssuer",
    "FileKeys",
    "FixedKeys",
    "IdentityError",
    "IssuerKeyError",
    "KeySource",
    "KeysUnavailableError",
    "Principal",
    "RemoteKeys",
    "Role",
    "RoleMissingError",
    "SecondFactorNeededError",
    "TokenExpiredError",
    "TokenInvalidError",
    "TokenMissingError",
    "TokenRules",
    "TokenVerifier",
    "has_second_factor",
]
