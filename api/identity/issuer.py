"""The built-in issuer, for development.

Rules: one Ed25519 key in a file of mode 0600, made on first use and refused if other users can open it. Settings refuse
this issuer in production mode.
"""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey

from api.identity.errors import IssuerKeyError
from api.identity.keys import FixedKeys
from api.identity.principal import Role


class BuiltinIssuer:
    """Signs tokens that the same deployment accepts."""

    def __init__(self, key: OKPKey, *, name: str, audience: str) -> None:
        self._key = key
        self._name = name
        self._audience = audience
        self._kid = key.thumbprint()

    @classmethod
    def open(cls, path: Path, *, name: str, audience: str) -> BuiltinIssuer:
        """Open the issuer whose key is in ``path``, making the key if there is none.

        Raises: IssuerKeyError: the file is open to others or holds no Ed25519 key.
        """
        if not path.exists():
            _make_key(path)
        if stat.S_IMODE(path.stat().st_mode) & 0o077:
            raise IssuerKeyError
        try:
            return cls(OKPKey.import_key(path.read_bytes()), name=name, audience=audience)
        except (JoseError, ValueError):
            raise IssuerKeyError from None

    def keys(self) -> FixedKeys:
        """The public key, as the verifier takes it."""
        return FixedKeys({self._kid: OKPKey.import_key(self._public())})

    def key_set(self) -> dict[str, Any]:
        """The public key as a JWK set."""
        return {"keys": [{**self._public(), "kid": self._kid, "use": "sig", "alg": "Ed25519"}]}

    def issue(  # noqa: PLR0913  a token has that many parts
        self,
        *,
        tenant: str,
        roles: Iterable[Role],
        name: str,
        now: datetime,
        token_id: str,
        life: timedelta = timedelta(hours=1),
        amr: Iterable[str] = ("pwd",),
    ) -> str:
        """Sign a token for a client, subject or staff member called ``name``."""
        issued = int(now.timestamp())
        claims = {
            "iss": self._name,
            "aud": self._audience,
            "sub": name,
            "tenant": tenant,
            "roles": sorted(roles),
            "amr": sorted(amr),
            "iat": issued,
            "nbf": issued,
            "exp": issued + int(life.total_seconds()),
            "jti": token_id,
        }
        header = {"alg": "Ed25519", "kid": self._kid, "typ": "at+jwt"}
        return jwt.encode(header, claims, self._key, algorithms=["Ed25519"])

    def _public(self) -> dict[str, Any]:
        public = self._key.as_dict(private=False)
        return {name: public[name] for name in ("kty", "crv", "x")}


def _make_key(path: Path) -> None:
    """Write a fresh key whole and closed; where two processes race, the first one's key stays."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    pem = OKPKey.import_key(Ed25519PrivateKey.generate()).as_pem(private=True)
    handle, made = tempfile.mkstemp(dir=path.parent)  # mkstemp opens with mode 0600
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(pem)
        os.link(made, path)
    except FileExistsError:
        pass
    finally:
        Path(made).unlink()
