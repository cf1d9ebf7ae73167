"""The root key that the settings choose.

Rules:
- nothing is asked of a key management system before it is needed: opening a provider only prepares to call;
- a key in a key management system is made on purpose (``yumen keys create``), never because it is missing; the local
  file alone is made by the first start;
- tokens for transit are read anew for every call, so that whoever renews them need not restart the service.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import assert_never

from pydantic import HttpUrl, SecretStr

from api.options import KmsSettings, RootProvider
from api.settings import Settings, SettingsError
from vault import CallLimits, FileRootKey, KmsRefusedError, RootKey, SecretBytes, Suite
from vault.kms.aws import AwsPlace, AwsRootKey
from vault.kms.pkcs11 import HsmPlace, HsmRootKey
from vault.kms.transit import TransitPlace, TransitRootKey


def suite_of(settings: Settings) -> Suite:
    """The suite of keys that are made from now on."""
    return Suite[settings.suite.name]


def open_root_key(settings: Settings, *, may_create: bool = True) -> RootKey:
    """The root key; a local file is made by the first start, unless nothing may be made.

    Raises: RootKeyError, ExtraMissingError.
    """
    kms = settings.kms
    match kms.provider:
        case RootProvider.FILE:
            settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
            opened = FileRootKey.open_or_create if may_create else FileRootKey.open
            return opened(settings.root_key_file, suite=suite_of(settings))
        case RootProvider.PKCS11:
            return HsmRootKey(_hsm(kms), limits_of(kms))
        case RootProvider.TRANSIT:
            return TransitRootKey(_transit(kms), limits_of(kms))
        case RootProvider.AWS:
            return AwsRootKey(_aws(kms), limits_of(kms))
        case unknown:
            assert_never(unknown)


def create_root_key(settings: Settings) -> RootKey:
    """Make the key in the key management system.

    Raises: RootKeyError; KmsRefusedError: there is one already, or its provider's own tools make it.
    """
    kms = settings.kms
    match kms.provider:
        case RootProvider.FILE:
            return open_root_key(settings)
        case RootProvider.PKCS11:
            return HsmRootKey.create(_hsm(kms), limits_of(kms))
        case RootProvider.TRANSIT:
            return TransitRootKey.create(_transit(kms), limits_of(kms))
        case RootProvider.AWS:
            raise KmsRefusedError("aws: make the key with `aws kms create-key`, which decides who may use it")
        case unknown:
            assert_never(unknown)


def limits_of(kms: KmsSettings) -> CallLimits:
    """How long and how often the provider is asked."""
    return CallLimits(timeout_s=kms.timeout_ms / 1000, attempts=kms.attempts)


def _hsm(kms: KmsSettings) -> HsmPlace:
    if kms.pkcs11_module is None or kms.pkcs11_token is None or kms.pkcs11_pin is None:
        raise SettingsError("kms: provider pkcs11 is not whole")
    return HsmPlace(kms.pkcs11_module, kms.pkcs11_token, kms.pkcs11_key, _secret(kms.pkcs11_pin))


def _transit(kms: KmsSettings) -> TransitPlace:
    return TransitPlace(
        url=_url(kms.transit_url),
        key=kms.transit_key,
        token=_token(kms),
        mount=kms.transit_mount,
        namespace=kms.transit_namespace,
        ca=kms.transit_ca,
    )


def _aws(kms: KmsSettings) -> AwsPlace:
    endpoint = None if kms.aws_endpoint is None else _url(kms.aws_endpoint)
    return AwsPlace(str(kms.aws_key), kms.aws_region, endpoint)


def _token(kms: KmsSettings) -> Callable[[], SecretBytes]:
    path, given = kms.transit_token_path, kms.transit_token
    if given is not None:
        return lambda: _secret(given)

    def read() -> SecretBytes:
        try:
            return SecretBytes(b"" if path is None else path.read_bytes().strip())
        except OSError:
            raise KmsRefusedError("transit: the token's file cannot be read") from None

    return read


def _secret(given: SecretStr) -> SecretBytes:
    return SecretBytes(given.get_secret_value().encode())


def _url(given: HttpUrl | None) -> str:
    return str(given).rstrip("/")
