"""The issuer's public keys: pinned by file or fetched from one pinned address.

Rules:
- Only public signature keys are taken: Ed25519 or P-256, with an id of their own, marked for signing if marked at all.
  A private or symmetric key in the set refuses the whole set: somebody published a secret.
- Fetching follows no redirect, reads at most 256 KiB, uses no proxy of the environment, and ends after three seconds.
- An unknown key id causes a fetch at most once in 30 s, so tokens with made-up ids cannot drive traffic.
- A set that cannot be renewed stays good for an hour; after that nothing verifies until the issuer answers.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

import httpx
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OKPKey

from api.identity.errors import KeysUnavailableError
from api.strictjson import MalformedJsonError, parse

PublicKey = ECKey | OKPKey
KeyMap = Mapping[str, PublicKey]

SET_BYTES = 262_144
KEYS = 64
FETCH_S = 3.0
FRESH_S = 300.0
RETRY_S = 30.0
STALE_S = 3600.0
PRIVATE = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})


class KeySource(Protocol):
    """Where public keys come from."""

    async def key(self, kid: str) -> PublicKey | None:
        """The key of that id, or None. Raises KeysUnavailableError when no usable set is at hand."""
        ...


def read_key_set(raw: bytes) -> KeyMap:
    """Read a JWK set (RFC 7517) of public signature keys, by key id.

    Raises: KeysUnavailableError: not such a set, or it holds secret material or two keys of one id.
    """
    try:
        document = parse(raw, depth=8)
    except MalformedJsonError:
        raise KeysUnavailableError from None
    listed = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(listed, list) or len(listed) > KEYS:
        raise KeysUnavailableError
    keys: dict[str, PublicKey] = {}
    for entry in listed:
        if not isinstance(entry, dict) or PRIVATE & entry.keys():
            raise KeysUnavailableError
        kid = entry.get("kid")
        key = _public_key(entry)
        if key is None or not isinstance(kid, str):
            continue
        if kid in keys:
            raise KeysUnavailableError
        keys[kid] = key
    return keys


def _public_key(entry: dict[str, Any]) -> PublicKey | None:
    """The key of one entry, or None if it is of a kind this service does not verify with."""
    if entry.get("use", "sig") != "sig":
        return None
    shape = (entry.get("kty"), entry.get("crv"))
    try:
        if shape == ("OKP", "Ed25519"):
            return OKPKey.import_key({"kty": "OKP", "crv": "Ed25519", "x": entry["x"]})
        if shape == ("EC", "P-256"):
            return ECKey.import_key({"kty": "EC", "crv": "P-256", "x": entry["x"], "y": entry["y"]})
    except (JoseError, KeyError, ValueError, TypeError):
        raise KeysUnavailableError from None
    return None


class FixedKeys:
    """A set known at start: the built-in issuer's."""

    def __init__(self, keys: KeyMap) -> None:
        self._keys = keys

    async def key(self, kid: str) -> PublicKey | None:
        """The key of that id, or None."""
        return self._keys.get(kid)


class FileKeys:
    """A set in a file; read again when the file changes, so that keys rotate without a restart."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stamp: tuple[int, int] | None = None
        self._keys: KeyMap = {}

    async def key(self, kid: str) -> PublicKey | None:
        """The key of that id, or None. Raises KeysUnavailableError: the file is missing or not a key set."""
        try:
            state = self._path.stat()
            stamp = (state.st_mtime_ns, state.st_ino)
            if stamp != self._stamp:
                self._keys = read_key_set(self._path.read_bytes()[: SET_BYTES + 1])
                self._stamp = stamp
        except OSError:
            raise KeysUnavailableError from None
        return self._keys.get(kid)


class RemoteKeys:
    """A set at one pinned address."""

    def __init__(self, url: str, *, http: httpx.AsyncClient, monotonic: Callable[[], float]) -> None:
        self._url = url
        self._http = http
        self._monotonic = monotonic
        self._keys: KeyMap = {}
        self._fetched = self._tried = float("-inf")
        self._fetching = asyncio.Lock()

    @staticmethod
    def client() -> httpx.AsyncClient:
        """A client that follows nothing and trusts nothing of the environment."""
        return httpx.AsyncClient(follow_redirects=False, trust_env=False, timeout=FETCH_S)

    async def key(self, kid: str) -> PublicKey | None:
        """The key of that id, or None. Raises KeysUnavailableError: never fetched, or not renewed for an hour."""
        if kid not in self._keys or self._age() > FRESH_S:
            await self._renew(kid)
        if self._age() > STALE_S:
            raise KeysUnavailableError
        return self._keys.get(kid)

    def _age(self) -> float:
        return self._monotonic() - self._fetched

    async def _renew(self, kid: str) -> None:
        async with self._fetching:
            known = kid in self._keys and self._age() <= FRESH_S
            if known or self._monotonic() - self._tried < RETRY_S:
                return
            self._tried = self._monotonic()
            try:
                self._keys = read_key_set(await self._fetch())
            except (httpx.HTTPError, TimeoutError, KeysUnavailableError):
                return  # the kept set stays until it is stale; the next try is RETRY_S away
            self._fetched = self._monotonic()

    async def _fetch(self) -> bytes:
        raw = bytearray()
        async with asyncio.timeout(FETCH_S), self._http.stream("GET", self._url) as answer:
            if answer.status_code != httpx.codes.OK:
                raise KeysUnavailableError
            async for part in answer.aiter_bytes():
                raw += part
                if len(raw) > SET_BYTES:
                    raise KeysUnavailableError
        return bytes(raw)
