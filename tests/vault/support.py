"""Key rings with known keys, fixed randomness, vectors."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from vault import KeyPurpose, KeyRing, KeyVersion, SecretBytes, Suite

VECTORS = Path(__file__).parents[1] / "vectors" / "vault"
TENANT = "dawn_group"
SUBJECT = "sub_abcdefghijklmnopqrstuvwxyz"
OTHER = "sub_zyxwvutsrqponmlkjihgfedcba"


def vectors(name: str) -> Any:
    return json.loads((VECTORS / name).read_text())


def fixed(*draws: bytes) -> Callable[[int], bytes]:
    """An entropy source that gives these bytes in turn."""
    left = iter(draws)
    return lambda _size_b: next(left)


def key_of(first: int) -> bytes:
    return bytes((first + i) % 256 for i in range(32))


def ring(
    *,
    kek: dict[int, bytes] | None = None,
    ledger: dict[int, bytes] | None = None,
    row: dict[int, bytes] | None = None,
    index: dict[int, bytes] | None = None,
    suites: dict[KeyVersion, Suite] | None = None,
    token: dict[int, bytes] | None = None,
) -> KeyRing:
    keys = {purpose: {1: key_of(160)} for purpose in KeyPurpose} | {
        KeyPurpose.KEK: kek or {1: key_of(64)},
        KeyPurpose.INDEX: index or {1: key_of(96)},
        KeyPurpose.LEDGER: ledger or {1: key_of(128)},
        KeyPurpose.ROW: row or {1: key_of(160)},
        KeyPurpose.TOKEN: token or {1: key_of(160)},
    }
    secrets = {purpose: {v: SecretBytes(k) for v, k in versions.items()} for purpose, versions in keys.items()}
    return KeyRing(secrets, suites)
