"""The root key in a hardware security module, through PKCS#11: wrapped with AES-256-GCM inside the module.

Rules:
- the key is made in the module, sensitive and not extractable; nothing here can read it;
- versions are keys of one label, told apart by CKA_ID (u32 big-endian); the highest wraps, every one unwraps;
- the context is the associated data, and the version stands in it;
- disabling takes the right to encrypt and decrypt from every version.

Needs the extra `pkcs11` (python-pkcs11) and the module's own library. A hanging module is given up in time, but its
thread is left behind: PKCS#11 has no time limits. Standard: PKCS#11 3.0 (CKM_AES_GCM), NIST SP 800-38D.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Self, TypeVar, final

from vault.encoding import Entropy, bind, draw, system_entropy
from vault.errors import (
    KeyDisabledError,
    KmsAnswerError,
    KmsError,
    KmsKeyMissingError,
    KmsRefusedError,
    KmsUnavailableError,
    TamperedError,
    TruncatedError,
)
from vault.header import NONCE_BYTES, TAG_BYTES
from vault.kms.calling import CallLimits, insist, load, within
from vault.kms.protocol import Provider, disclose, enclose, is_enclosed, unwrapped
from vault.secret import Keeper, SecretBytes

Answer = TypeVar("Answer")
EXTRA: Final = "pkcs11"
_VERSION_BYTES: Final = 4
_BODY_START: Final = _VERSION_BYTES + NONCE_BYTES
_KEY_BITS: Final = 256
_REFUSED: Final = ("Pin", "UserPin", "AttributeReadOnly", "TokenWriteProtected", "FunctionRejected", "SessionReadOnly")
_PROBE: Final = SecretBytes(bytes(32))


@dataclass(frozen=True, slots=True)
class HsmPlace:
    """Which key, and where.

    Attributes:
        module: the shared library of the module's maker.
        token: label of the token. key: label of the key.
    """

    module: Path
    token: str
    key: str
    pin: SecretBytes = field(repr=False)


@final
class HsmRootKey(Keeper):
    """A key of a PKCS#11 token; one session, opened when first needed and again when it breaks."""

    def __init__(self, place: HsmPlace, limits: CallLimits | None = None, entropy: Entropy = system_entropy) -> None:
        """Prepare to call; nothing is asked yet. Raises: ExtraMissingError."""
        self._place = place
        self._limits = limits or CallLimits()
        self._entropy = entropy
        self._pkcs11 = load("pkcs11", EXTRA)
        self._lock = threading.Lock()
        self._session: Any = None

    @classmethod
    def create(cls, place: HsmPlace, limits: CallLimits | None = None) -> Self:
        """Make the key's first version. Raises: KmsError; KmsRefusedError: there is one already."""
        made = cls(place, limits)
        if made._call(made._versions):
            raise KmsRefusedError(f"{made.name}: there is such a key already")
        made._call(lambda session: made._generate(session, 1), writing=True)
        return made

    @property
    def name(self) -> str:
        """Give `pkcs11:`, the token's and the key's label."""
        return f"pkcs11:{self._place.token}/{self._place.key}"

    def owns(self, wrapped: bytes) -> bool:
        """Say whether this key wrapped it, by its envelope alone."""
        return is_enclosed(Provider.PKCS11, self.name, wrapped)

    def wrap(self, key: SecretBytes, context: bytes) -> bytes:
        """Encrypt a key inside the module, bound to the context. Raises: KmsError."""
        body = self._call(lambda session: self._encrypt(session, key, context))
        return enclose(Provider.PKCS11, self.name, body)

    def unwrap(self, wrapped: bytes, context: bytes) -> SecretBytes:
        """Decrypt what `wrap` made for the same context. Raises: KmsError, TamperedError, WrongRootKeyError."""
        body = disclose(Provider.PKCS11, self.name, wrapped)
        if len(body) < _BODY_START + TAG_BYTES:
            raise TruncatedError(len(wrapped))
        return unwrapped(self.name, self._call(lambda session: self._decrypt(session, body, context)))

    def health(self) -> None:
        """Wrap and unwrap something. Raises: KmsError."""
        context = bind("yumen/probe")
        if self.unwrap(self.wrap(_PROBE, context), context) != _PROBE:
            raise KmsAnswerError(f"{self.name} does not give back what it was given")

    def rotate(self) -> None:
        """Make the next version. Raises: KmsError."""
        newest = max(self._found())
        self._call(lambda session: self._generate(session, newest + 1), writing=True)

    def disable(self) -> None:
        """Take the right to encrypt and decrypt from every version. Raises: KmsError."""
        names = self._pkcs11.Attribute

        def switch_off(session: Any) -> None:
            for key in self._versions(session).values():
                key[names.ENCRYPT] = False
                key[names.DECRYPT] = False

        self._call(switch_off, writing=True)

    def destroy(self) -> None:
        """Destroy every version. Raises: KmsError."""

        def remove(session: Any) -> None:
            for key in self._versions(session).values():
                key.destroy()

        self._call(remove, writing=True)

    def _found(self) -> list[int]:
        found = sorted(self._call(self._versions))
        if not found:
            raise KmsKeyMissingError(f"{self.name}: the token holds no such key")
        return found

    def _encrypt(self, session: Any, key: SecretBytes, context: bytes) -> bytes:
        versions = self._versions(session)
        if not versions:
            raise KmsKeyMissingError(f"{self.name}: the token holds no such key")
        newest = max(versions)
        head = newest.to_bytes(_VERSION_BYTES, "big")
        nonce = draw(self._entropy, NONCE_BYTES)
        sealed: bytes = self._usable(versions[newest]).encrypt(key.reveal(), **self._gcm(nonce, head, context))
        return head + nonce + sealed

    def _decrypt(self, session: Any, body: bytes, context: bytes) -> bytes:
        head, nonce, sealed = body[:_VERSION_BYTES], body[_VERSION_BYTES:_BODY_START], body[_BODY_START:]
        key = self._versions(session).get(int.from_bytes(head, "big"))
        if key is None:
            raise KmsKeyMissingError(f"{self.name}: the token does not hold the version that wrapped this")
        faults = self._pkcs11.exceptions
        try:
            opened: bytes = self._usable(key).decrypt(sealed, **self._gcm(nonce, head, context))
        except (faults.EncryptedDataInvalid, faults.EncryptedDataLenRange):
            raise TamperedError from None
        except faults.GeneralError:  # what some modules say of a wrong tag, and of anything else
            self._encrypt(session, _PROBE, context)
            raise TamperedError from None
        return opened

    def _usable(self, key: Any) -> Any:
        """The library gives a key no method for what the key may not do."""
        names = self._pkcs11.Attribute
        if not (key[names.ENCRYPT] and key[names.DECRYPT]):
            raise KeyDisabledError(f"{self.name} is switched off")
        return key

    def _gcm(self, nonce: bytes, head: bytes, context: bytes) -> dict[str, Any]:
        parameters = self._pkcs11.GCMParams(nonce, bind(head, context), TAG_BYTES * 8)
        return {"mechanism": self._pkcs11.Mechanism.AES_GCM, "mechanism_param": parameters}

    def _generate(self, session: Any, version: int) -> None:
        names, flags = self._pkcs11.Attribute, self._pkcs11.MechanismFlag
        session.generate_key(
            self._pkcs11.KeyType.AES,
            _KEY_BITS,
            label=self._place.key,
            id=version.to_bytes(_VERSION_BYTES, "big"),
            store=True,
            capabilities=flags.ENCRYPT | flags.DECRYPT,
            template={names.SENSITIVE: True, names.EXTRACTABLE: False, names.PRIVATE: True},
        )

    def _versions(self, session: Any) -> dict[int, Any]:
        names = self._pkcs11.Attribute
        wanted = {names.CLASS: self._pkcs11.ObjectClass.SECRET_KEY, names.LABEL: self._place.key}
        return {int.from_bytes(key[names.ID], "big"): key for key in session.get_objects(wanted)}

    def _call(self, ask: Callable[[Any], Answer], *, writing: bool = False) -> Answer:
        """Ask in the kept session, or in one of its own where something is written."""
        return insist(
            self._limits, lambda: within(self._limits.timeout_s, lambda: self._once(ask, writing), name=self.name)
        )

    def _once(self, ask: Callable[[Any], Answer], writing: bool) -> Answer:  # noqa: FBT001  passed on by name
        with self._lock:
            session = None
            try:
                session = self._open(writing=True) if writing else self._session or self._open()
                if not writing:
                    self._session = session
                return ask(session)
            except self._pkcs11.exceptions.PKCS11Error as error:
                self._session = None
                raise self._refusal(error) from None
            finally:
                if writing and session is not None:
                    session.close()

    def _open(self, *, writing: bool = False) -> Any:
        token = self._pkcs11.lib(str(self._place.module)).get_token(token_label=self._place.token)
        try:
            return token.open(user_pin=self._place.pin.reveal().decode(), rw=writing)
        except self._pkcs11.exceptions.UserAlreadyLoggedIn:  # the whole process is: a session more needs no PIN
            return token.open(rw=writing)

    def _refusal(self, error: Exception) -> KmsError:
        kind = type(error).__name__
        if kind in {"NoSuchToken", "NoSuchKey", "MultipleTokensReturned"}:
            return KmsKeyMissingError(f"{self.name}: there is no such token, or more than one")
        if kind.startswith(_REFUSED):
            return KmsRefusedError(f"{self.name} does not let this service in")
        if kind == "KeyFunctionNotPermitted" or "0x68" in str(error):  # CKR_KEY_FUNCTION_NOT_PERMITTED
            return KeyDisabledError(f"{self.name} is switched off")
        return KmsUnavailableError(f"{self.name} is out of order ({kind})")
