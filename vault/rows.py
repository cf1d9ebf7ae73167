"""Authentication codes of database rows: a row edited, moved or put back by hand does not hold.

Rules:
- the key is one of its own in the ring (purpose "row"), so that whoever may write to the ledger cannot seal rows;
- a code says which key made it; a row under a key that is not loaded does not hold, and nothing falls back;
- each table has its own domain: a code never holds for a row of another table;
- a row without a code does not hold.

Standard: BLAKE2b keyed, 32 bytes, with a personalisation (RFC 7693 2.5 and section 2.8 of the BLAKE2 paper): one pass,
where HMAC-SHA-256 takes two and was measured to cost two and a half times as much. Format: docs/formats/row-mac.md.
"""

import hashlib
import hmac
from collections.abc import Mapping
from typing import Final, final

from vault.errors import KeyMissingError
from vault.header import HEADER_BYTES
from vault.secret import Keeper, SecretBytes

ROW_MAC_BYTES: Final = HEADER_BYTES + 32
_VERSION: Final = 1
_BLAKE2B: Final = 1
_DIGEST_BYTES: Final = 32
_DOMAIN_BYTES: Final = hashlib.blake2b.PERSON_SIZE


@final
class RowKeys(Keeper):
    """Seals and checks rows; `KeyRing.rows` of an open key ring."""

    __slots__ = ("_keys", "_newest", "_states")

    def __init__(self, keys: Mapping[int, SecretBytes] | None = None) -> None:
        self.adopt(keys or {})

    def adopt(self, keys: Mapping[int, SecretBytes]) -> None:
        """Take over these keys by version, in place: whoever holds this holds the newest."""
        self._keys = {_header(version): key.reveal() for version, key in keys.items()}
        self._newest = _header(max(keys)) if keys else b""
        # A state that has taken in its key already: copying it costs half of making it.
        self._states: dict[tuple[bytes, str], hashlib.blake2b] = {}

    def seal(self, domain: str, row: bytes) -> bytes:
        """Authenticate a row under the newest key.

        Shape: ``domain`` names the table, at most 16 ASCII characters; version u8, algorithm u8, key version u32
        big-endian, code 32 B.
        Raises: KeyMissingError: the ring has no row key.
        """
        if not self._newest:
            raise KeyMissingError("row key")
        state = self._state(self._newest, domain).copy()
        state.update(row)
        return self._newest + state.digest()

    def holds(self, domain: str, row: bytes, mac: object) -> bool:
        """Whether ``mac`` is what `seal` gave for exactly this row, under a key that is loaded."""
        if not isinstance(mac, bytes):
            return False
        state = self._states.get((mac[:HEADER_BYTES], domain))
        if state is None:
            if mac[:HEADER_BYTES] not in self._keys:
                return False
            state = self._state(mac[:HEADER_BYTES], domain)
        state = state.copy()
        state.update(row)
        return hmac.compare_digest(state.digest(), mac[HEADER_BYTES:])

    def _state(self, header: bytes, domain: str) -> hashlib.blake2b:
        found = self._states.get((header, domain))
        if found is None:
            person = domain.encode("ascii").ljust(_DOMAIN_BYTES, b"\0")
            found = hashlib.blake2b(key=self._keys[header], digest_size=_DIGEST_BYTES, person=person)
            self._states[header, domain] = found
        return found


def _header(version: int) -> bytes:
    return bytes((_VERSION, _BLAKE2B)) + version.to_bytes(4, "big")
