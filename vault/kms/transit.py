"""The root key in the transit engine of HashiCorp Vault or OpenBao: wrapped there, never seen here.

Rules:
- the key is an `aes256-gcm96` key that cannot be exported; the context is sent as associated data;
- the version that wrapped something stands in what transit answers; the newest wraps, every allowed one unwraps;
- transit has no switch for a key, so disabling makes a new version and forbids all earlier ones for decrypting
  (`min_decryption_version`): what is wrapped so far opens nowhere until an administrator lowers the bound again;
- redirects are not followed, and the server's certificate is checked.

Needs the extra `transit` (hvac). API: transit secrets engine, version 1.
"""

import base64
import binascii
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self, final

from vault.errors import (
    KeyDisabledError,
    KmsAnswerError,
    KmsError,
    KmsKeyMissingError,
    KmsRefusedError,
    KmsUnavailableError,
    TamperedError,
)
from vault.kms.calling import CallLimits, insist, load
from vault.kms.protocol import Provider, disclose, enclose, is_enclosed, unwrapped
from vault.secret import Keeper, SecretBytes

EXTRA: Final = "transit"
KEY_TYPE: Final = "aes256-gcm96"
_WRAPPED: Final = re.compile(r"vault:v([0-9]{1,9}):[A-Za-z0-9+/=]{1,4096}")
_REFUSED: Final = ("Forbidden", "Unauthorized")
_DOWN: Final = ("VaultDown", "VaultNotInitialized", "InternalServerError", "BadGateway", "RateLimitExceeded")


@dataclass(frozen=True, slots=True)
class TransitPlace:
    """Which key, and where.

    Attributes:
        token: reads the token anew for every try, since tokens are renewed under a running service.
        ca: certificates to trust instead of the system's.
    """

    url: str
    key: str
    token: Callable[[], SecretBytes]
    mount: str = "transit"
    namespace: str | None = None
    ca: Path | None = None


@final
class TransitRootKey(Keeper):
    """A key of a transit engine."""

    def __init__(self, place: TransitPlace, limits: CallLimits | None = None) -> None:
        """Prepare to call; nothing is asked yet. Raises: ExtraMissingError."""
        self._place = place
        self._limits = limits or CallLimits()
        self._hvac = load("hvac", EXTRA)
        self._oldest_used: int | None = None

    @classmethod
    def create(cls, place: TransitPlace, limits: CallLimits | None = None) -> Self:
        """Make the key. Raises: KmsError; KmsRefusedError: there is one already."""
        made = cls(place, limits)
        try:
            made._state()
        except KmsKeyMissingError:
            made._call(lambda transit, at: transit.create_key(place.key, key_type=KEY_TYPE, mount_point=at))
            return made
        raise KmsRefusedError(f"{made.name}: there is such a key already")

    @property
    def name(self) -> str:
        """Give `transit:`, mount and key."""
        return f"transit:{self._place.mount}/{self._place.key}"

    def owns(self, wrapped: bytes) -> bool:
        """Say whether this key wrapped it, by its envelope alone."""
        return is_enclosed(Provider.TRANSIT, self.name, wrapped)

    def wrap(self, key: SecretBytes, context: bytes) -> bytes:
        """Encrypt a key, bound to the context. Raises: KmsError."""
        self._state()  # transit makes a missing key at its first use, if the policy lets it: it must be made on purpose
        plain, bound = _base64(key.reveal()), _base64(context)
        answer = self._call(
            lambda transit, at: transit.encrypt_data(
                self._place.key, plaintext=plain, associated_data=bound, mount_point=at
            )
        )
        wrapped = str(self._part(answer, "ciphertext"))
        if not _WRAPPED.fullmatch(wrapped):
            raise KmsAnswerError(f"{self.name} answered something that is no ciphertext")
        return enclose(Provider.TRANSIT, self.name, wrapped.encode())

    def unwrap(self, wrapped: bytes, context: bytes) -> SecretBytes:
        """Decrypt what `wrap` made for the same context. Raises: KmsError, TamperedError, WrongRootKeyError."""
        text = disclose(Provider.TRANSIT, self.name, wrapped).decode("ascii", "replace")
        found = _WRAPPED.fullmatch(text)
        if found is None:
            raise TamperedError
        bound = _base64(context)
        answer = self._call(
            lambda transit, at: transit.decrypt_data(
                self._place.key, ciphertext=text, associated_data=bound, mount_point=at
            )
        )
        self._oldest_used = min(int(found[1]), self._oldest_used or int(found[1]))
        try:
            return unwrapped(self.name, base64.b64decode(str(self._part(answer, "plaintext")), validate=True))
        except binascii.Error:
            raise KmsAnswerError(f"{self.name} answered something that is no key") from None

    def health(self) -> None:
        """Read the key's state. Raises: KmsError; KeyDisabledError: what this process unwrapped would be refused."""
        state = self._state()
        if self._oldest_used is not None and state["min_decryption_version"] > self._oldest_used:
            raise KeyDisabledError(f"{self.name} refuses the versions in use")

    def rotate(self) -> None:
        """Make the next version. Raises: KmsError."""
        self._state()
        self._call(lambda transit, at: transit.rotate_key(self._place.key, mount_point=at))

    def disable(self) -> None:
        """Forbid every version in use for decrypting. Raises: KmsError."""
        self.rotate()
        newest = self._state()["latest_version"]
        self._configure(min_decryption_version=newest, min_encryption_version=0)

    def destroy(self) -> None:
        """Delete the key with all its versions. Raises: KmsError."""
        self._configure(deletion_allowed=True)
        self._call(lambda transit, at: transit.delete_key(self._place.key, mount_point=at))

    def _configure(self, **changes: int) -> None:
        self._call(lambda transit, at: transit.update_key_configuration(self._place.key, mount_point=at, **changes))

    def _state(self) -> dict[str, int]:
        answer = self._call(lambda transit, at: transit.read_key(self._place.key, mount_point=at))
        if self._part(answer, "type") != KEY_TYPE:
            raise KmsRefusedError(f"{self.name} is not a key of type {KEY_TYPE}")
        names = ("latest_version", "min_decryption_version")
        return {name: int(str(self._part(answer, name))) for name in names}

    def _part(self, answer: Any, part: str) -> object:
        try:
            return answer["data"][part]
        except (KeyError, TypeError):
            raise KmsAnswerError(f"{self.name} answered without {part}") from None

    def _call(self, ask: Callable[[Any, str], Any]) -> Any:
        return insist(self._limits, lambda: self._once(ask))

    def _once(self, ask: Callable[[Any, str], Any]) -> Any:
        place = self._place
        client = self._hvac.Client(
            url=place.url,
            token=place.token().reveal().decode(),
            namespace=place.namespace,
            timeout=self._limits.timeout_s,
            verify=True if place.ca is None else str(place.ca),
            allow_redirects=False,
        )
        try:
            return ask(client.secrets.transit, place.mount)
        except self._hvac.exceptions.VaultError as error:
            raise self._refusal(error) from None
        except OSError:  # the errors of requests are
            raise KmsUnavailableError(f"{self.name} does not answer") from None
        except ValueError:
            raise KmsAnswerError(f"{self.name} answered something that is no answer") from None
        finally:
            client.adapter.close()

    def _refusal(self, error: Any) -> KmsError | TamperedError:
        kind, said = type(error).__name__, str(error)
        if kind in _DOWN:
            return KmsUnavailableError(f"{self.name} is out of order or sealed")
        if kind in _REFUSED:
            return KmsRefusedError(f"{self.name} does not let this service use the key")
        if kind == "InvalidPath" or "key not found" in said:
            return KmsKeyMissingError(f"{self.name}: there is no such key")
        if "disallowed by policy" in said:
            return KeyDisabledError(f"{self.name} refuses the version that wrapped this")
        if "message authentication failed" in said or "invalid ciphertext" in said:
            return TamperedError()
        return KmsRefusedError(f"{self.name} refused what was asked")


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode()
