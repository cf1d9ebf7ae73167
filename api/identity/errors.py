"""Errors of the identity part; none carries anything from the token."""

from typing import ClassVar


class IdentityError(Exception):
    """Root of this part's errors."""

    code: ClassVar[str]
    challenge: ClassVar[str | None] = None


class TokenMissingError(IdentityError):
    """No bearer token came with the request (RFC 6750 section 3)."""

    code = "identity/token_missing"
    challenge = 'Bearer realm="yumen"'


class TokenInvalidError(IdentityError):
    """The token is malformed, not signed by the pinned issuer, or not meant for this service."""

    code = "identity/token_invalid"
    challenge = 'Bearer realm="yumen", error="invalid_token"'


class TokenExpiredError(IdentityError):
    """The token was good and is over."""

    code = "identity/token_expired"
    challenge = 'Bearer realm="yumen", error="invalid_token", error_description="expired"'


class RoleMissingError(IdentityError):
    """The caller is known and may not do this."""

    code = "identity/role_missing"
    challenge = 'Bearer realm="yumen", error="insufficient_scope"'


class SecondFactorNeededError(IdentityError):
    """Personal data is shown to staff only after a second factor (RFC 8176, RFC 9470)."""

    code = "identity/second_factor_needed"
    challenge = 'Bearer realm="yumen", error="insufficient_user_authentication", acr_values="mfa"'


class KeysUnavailableError(IdentityError):
    """The issuer's keys cannot be fetched and none good enough are kept."""

    code = "identity/keys_unavailable"


class IssuerKeyError(IdentityError):
    """The development issuer's key file is unusable: open to other users, or not an Ed25519 key."""

    code = "identity/issuer_key"
