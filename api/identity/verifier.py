"""Token verification (RFC 7515, 7519, 8725, 9068).

Rules, in order:
1. a compact JWS of at most ``token_bytes``; its header has nothing but ``alg``, ``kid``, ``typ`` and certificate
   thumbprints: no ``jku``, ``x5u``, ``jwk``, ``x5c``, no ``crit``, so a token cannot bring or name its own key;
2. the algorithm is one of the pinned ones and fits the key that ``kid`` names in the pinned set;
3. the signature holds; header and claims are JSON without a name twice;
4. ``iss`` and ``aud`` are this deployment's; ``exp`` and ``iat`` are there and sane, ``nbf`` is kept, all within the
   leeway; a token that lives longer than ``max_token_s`` is refused;
5. tenant, roles and name are well formed and of one kind of caller.

A verified token is remembered under its SHA-256 until it ends, at most a minute, so that a key taken out of the set
stops working soon; the memory is bounded.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
import warnings
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from joserfc import jws
from joserfc.errors import JoseError, SecurityWarning
from joserfc.jwk import ECKey

from api.identity.errors import TokenExpiredError, TokenInvalidError
from api.identity.keys import KeySource, PublicKey
from api.identity.principal import NAME, STAFF, SUBJECT, Principal, Role
from api.strictjson import MalformedJsonError, parse

COMPACT = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")
HEADER_NAMES = frozenset({"alg", "kid", "typ", "x5t", "x5t#S256"})
TYPES = frozenset({None, "JWT", "jwt", "at+jwt", "application/at+jwt"})
REMEMBERED = 10_000
REMEMBER_S = 60.0
YEAR_9999 = 253_370_764_800

Alias = Callable[[str, str], str]


@dataclass(frozen=True, slots=True)
class TokenRules:
    """What a token must say.

    Attributes:
        issuer: the exact ``iss``.
        audience: a value ``aud`` must hold.
        algorithms: the pinned ``alg`` names.
        leeway_s: how far the two clocks may differ.
        max_token_s: the longest life, ``exp - iat``.
        token_bytes: the longest token.
        tenant_claim: the claim holding the tenant.
        roles_claim: the claim holding the roles, a list or a text with spaces.
    """

    issuer: str
    audience: str
    algorithms: frozenset[str]
    leeway_s: int = 30
    max_token_s: int = 86_400
    token_bytes: int = 8192
    tenant_claim: str = "tenant"
    roles_claim: str = "roles"


class TokenVerifier:
    """Turns a bearer token into a Principal.

    ``alias(tenant, name)`` gives the keyed alias of a staff member whose ``sub`` is not a plain name.
    """

    def __init__(self, rules: TokenRules, keys: KeySource, *, clock: Callable[[], datetime], alias: Alias) -> None:
        self._rules = rules
        self._keys = keys
        self._clock = clock
        self._alias = alias
        self._known: OrderedDict[bytes, tuple[Principal, float]] = OrderedDict()

    async def verify(self, token: str) -> Principal:
        """Answer who the token speaks for.

        Raises: TokenInvalidError, TokenExpiredError; KeysUnavailableError: the issuer's keys cannot be had.
        """
        now = self._clock().timestamp()
        if len(token) > self._rules.token_bytes:
            raise TokenInvalidError
        mark = hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
        if (known := self._known.get(mark)) is not None and now < known[1]:
            return known[0]
        claims = await self._claims(token)
        self._check_times(claims, now)
        principal = self._principal(claims)
        self._remember(mark, principal, now)
        return principal

    async def _claims(self, token: str) -> dict[str, Any]:
        if COMPACT.fullmatch(token) is None:
            raise TokenInvalidError
        header = _json_object(token.split(".", 1)[0])
        if not header.keys() <= HEADER_NAMES or header.get("typ") not in TYPES:
            raise TokenInvalidError
        algorithm, kid = header.get("alg"), header.get("kid")
        if not isinstance(algorithm, str) or algorithm not in self._rules.algorithms or not isinstance(kid, str):
            raise TokenInvalidError
        key = await self._keys.key(kid)
        if key is None or isinstance(key, ECKey) != (algorithm == "ES256"):
            raise TokenInvalidError
        claims = _parse_object(_verified_payload(token, key, algorithm))
        audience = claims.get("aud")
        audiences = audience if isinstance(audience, list) else [audience]
        if claims.get("iss") != self._rules.issuer or self._rules.audience not in audiences:
            raise TokenInvalidError
        return claims

    def _check_times(self, claims: dict[str, Any], now: float) -> None:
        leeway = self._rules.leeway_s
        expires, issued = _instant(claims.get("exp")), _instant(claims.get("iat"))
        begins = _instant(claims["nbf"]) if "nbf" in claims else issued
        if max(issued, begins) > now + leeway or not 0 < expires - issued <= self._rules.max_token_s:
            raise TokenInvalidError
        if expires <= now - leeway:
            raise TokenExpiredError

    def _principal(self, claims: dict[str, Any]) -> Principal:
        tenant = claims.get(self._rules.tenant_claim)
        roles = _roles(claims.get(self._rules.roles_claim))
        if not isinstance(tenant, str) or NAME.fullmatch(tenant) is None:
            raise TokenInvalidError
        token_id = claims.get("jti", "")
        return Principal(
            tenant=tenant,
            roles=roles,
            id=self._name(claims, tenant, roles),
            amr=_texts(claims.get("amr", [])),
            token_id=token_id if isinstance(token_id, str) else "",
            expires=datetime.fromtimestamp(_instant(claims.get("exp")), UTC),
        )

    def _name(self, claims: dict[str, Any], tenant: str, roles: frozenset[Role]) -> str:
        sub = claims.get("sub")
        if Role.SCORER in roles:
            sub = claims.get("client_id", sub)
        if not isinstance(sub, str) or not 0 < len(sub) <= 255:
            raise TokenInvalidError
        if roles <= STAFF:
            return sub if NAME.fullmatch(sub) else self._alias(tenant, sub)
        if (SUBJECT if Role.SUBJECT in roles else NAME).fullmatch(sub) is None:
            raise TokenInvalidError
        return sub

    def _remember(self, mark: bytes, principal: Principal, now: float) -> None:
        until = min(principal.expires.timestamp() + self._rules.leeway_s, now + REMEMBER_S)
        self._known[mark] = (principal, until)
        self._known.move_to_end(mark)
        while len(self._known) > REMEMBERED:
            self._known.popitem(last=False)


def _verified_payload(token: str, key: PublicKey, algorithm: str) -> bytes:
    try:
        with warnings.catch_warnings():
            # Issuers still say "EdDSA" where RFC 9864 says "Ed25519"; the key's curve is pinned either way.
            warnings.simplefilter("ignore", SecurityWarning)
            payload = jws.deserialize_compact(token, key, algorithms=[algorithm]).payload
    except (JoseError, ValueError, TypeError):
        raise TokenInvalidError from None
    return payload or b""


def _json_object(part: str) -> dict[str, Any]:
    try:
        return _parse_object(base64.b64decode(part + "=" * (-len(part) % 4), altchars=b"-_", validate=True))
    except binascii.Error:
        raise TokenInvalidError from None


def _parse_object(raw: bytes) -> dict[str, Any]:
    try:
        found = parse(raw, depth=8)
    except MalformedJsonError:
        raise TokenInvalidError from None
    if not isinstance(found, dict):
        raise TokenInvalidError
    return found


def _instant(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < YEAR_9999:
        raise TokenInvalidError
    return float(value)


def _texts(value: Any) -> frozenset[str]:
    if not isinstance(value, list) or len(value) > 32 or not all(isinstance(item, str) for item in value):
        raise TokenInvalidError
    return frozenset(value)


def _roles(value: Any) -> frozenset[Role]:
    """Roles of one kind of caller; roles of other systems in the same claim are none of ours."""
    names = _texts(value.split() if isinstance(value, str) else value)
    roles = frozenset(role for role in Role if role.value in names)
    if not roles or not (roles <= STAFF or len(roles) == 1):
        raise TokenInvalidError
    return roles
