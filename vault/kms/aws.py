"""The root key in AWS KMS: what is wrapped is sent there and back, the key never leaves.

Rules:
- the context is the encryption context, so that KMS itself refuses another one, and logs it;
- a key that is disabled or waits for deletion is refused here too, whatever the service would still decrypt;
- rotation keeps the key's name; KMS finds the version of a ciphertext by itself.

Needs the extra `aws` (boto3); credentials come from where boto3 finds them, never from these settings.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar, final

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
from vault.secret import SecretBytes

Answer = TypeVar("Answer")
DELETION_DAYS = 7  # the shortest that KMS lets a key wait
CONTEXT = "yumen:context"

_DISABLED = frozenset({"DisabledException", "KMSInvalidStateException", "KeyUnavailableException"})
_MISSING = frozenset({"NotFoundException"})
_TAMPERED = frozenset({"InvalidCiphertextException", "IncorrectKeyException"})
_BUSY = frozenset(
    {"ThrottlingException", "KMSInternalException", "DependencyTimeoutException", "LimitExceededException"}
)


@dataclass(frozen=True, slots=True)
class AwsPlace:
    """Which key, and where.

    Attributes:
        key: id, ARN or `alias/...` of a symmetric encryption key.
        endpoint: another address than AWS's own (VPC endpoint, test).
    """

    key: str
    region: str | None = None
    endpoint: str | None = None


@final
class AwsRootKey:
    """A symmetric key of AWS KMS."""

    def __init__(self, place: AwsPlace, limits: CallLimits | None = None) -> None:
        """Prepare to call; nothing is asked yet. Raises: ExtraMissingError; KmsRefusedError: no region is known."""
        self._place = place
        self._limits = limits or CallLimits()
        self._client = _client(place, self._limits)

    @property
    def name(self) -> str:
        """Give `aws:` and the key as configured."""
        return f"aws:{self._place.key}"

    def owns(self, wrapped: bytes) -> bool:
        """Say whether this key wrapped it, by its envelope alone."""
        return is_enclosed(Provider.AWS, self.name, wrapped)

    def wrap(self, key: SecretBytes, context: bytes) -> bytes:
        """Encrypt a key, bound to the context. Raises: KmsError."""
        answer = self._call(
            lambda kms: kms.encrypt(
                KeyId=self._place.key, Plaintext=key.reveal(), EncryptionContext={CONTEXT: context.hex()}
            )
        )
        return enclose(Provider.AWS, self.name, _part(answer, "CiphertextBlob", self.name))

    def unwrap(self, wrapped: bytes, context: bytes) -> SecretBytes:
        """Decrypt what `wrap` made for the same context. Raises: KmsError, TamperedError, WrongRootKeyError."""
        body = disclose(Provider.AWS, self.name, wrapped)
        answer = self._call(
            lambda kms: kms.decrypt(
                KeyId=self._place.key, CiphertextBlob=body, EncryptionContext={CONTEXT: context.hex()}
            )
        )
        return unwrapped(self.name, _part(answer, "Plaintext", self.name))

    def health(self) -> None:
        """Ask for the key's state. Raises: KmsError; KeyDisabledError: it is not enabled."""
        answer = self._call(lambda kms: kms.describe_key(KeyId=self._place.key))
        state = (answer.get("KeyMetadata") or {}).get("KeyState")
        if state != "Enabled":
            raise KeyDisabledError(f"{self.name} is not enabled")

    def rotate(self) -> None:
        """Make new key material at once. Raises: KmsError."""
        self._call(lambda kms: kms.rotate_key_on_demand(KeyId=self._place.key))

    def disable(self) -> None:
        """Switch the key off; `aws kms enable-key` switches it on. Raises: KmsError."""
        self._call(lambda kms: kms.disable_key(KeyId=self._place.key))

    def destroy(self) -> None:
        """Let KMS destroy the key after the shortest wait it knows, 7 days; unusable at once. Raises: KmsError."""
        self._call(lambda kms: kms.schedule_key_deletion(KeyId=self._place.key, PendingWindowInDays=DELETION_DAYS))

    def _call(self, ask: Callable[[Any], dict[str, Any]]) -> dict[str, Any]:
        return insist(self._limits, lambda: self._once(ask))

    def _once(self, ask: Callable[[Any], dict[str, Any]]) -> dict[str, Any]:
        faults = load("botocore.exceptions", "aws")
        try:
            return ask(self._client)
        except faults.ClientError as error:
            raise _refusal(self.name, error.response) from None
        except faults.NoCredentialsError:
            raise KmsRefusedError(f"{self.name}: no credentials were found") from None
        except (faults.BotoCoreError, OSError):
            raise KmsUnavailableError(f"{self.name} does not answer") from None


def _client(place: AwsPlace, limits: CallLimits) -> Any:
    boto3 = load("boto3", "aws")
    config = load("botocore.config", "aws").Config(
        connect_timeout=limits.timeout_s, read_timeout=limits.timeout_s, retries={"total_max_attempts": 1}
    )
    session = boto3.session.Session()
    region = place.region or session.region_name
    if region is None:
        raise KmsRefusedError("aws: no region is known; set kms.aws_region")
    return session.client("kms", region_name=region, endpoint_url=place.endpoint, config=config)


def _refusal(name: str, response: dict[str, Any]) -> KmsError | TamperedError:
    code = str(response.get("Error", {}).get("Code"))
    status = response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    if code in _TAMPERED:
        return TamperedError()
    if code in _DISABLED:
        return KeyDisabledError(f"{name} is disabled or waits for deletion")
    if code in _MISSING:
        return KmsKeyMissingError(f"{name}: there is no such key")
    if code in _BUSY or status >= 500 or status == 429:
        return KmsUnavailableError(f"{name} is out of order")
    return KmsRefusedError(f"{name} does not let this service use the key")


def _part(answer: dict[str, Any], part: str, name: str) -> bytes:
    content = answer.get(part)
    if not isinstance(content, bytes) or not content:
        raise KmsAnswerError(f"{name} answered without {part}")
    return content
