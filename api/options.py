"""The groups of the settings class: what can be set about the policy engine, the issuer, limits and logs.

Rules:
- A group refuses names it does not know, cannot change after start, and never repeats a value in an error.
- Signature algorithms are asymmetric only: a list of names that can be chosen from, nothing else.
"""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, HttpUrl, SecretStr, model_validator
from pydantic_settings import NoDecode

Algorithm = Literal["Ed25519", "EdDSA", "ES256"]
LogLevel = Literal["DEBUG", "INFO", "WARNING", "ERROR"]
ClaimName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_:/.-]{1,128}$")]
KeyLabel = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{1,64}$")]
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1", "[::1]"})


class Mode(StrEnum):
    """How strict the deployment is about itself."""

    DEVELOPMENT = "development"
    PRODUCTION = "production"


class EngineKind(StrEnum):
    """Where policy decisions are evaluated."""

    EMBEDDED = "embedded"
    OPA_SERVER = "opa_server"


class IssuerKind(StrEnum):
    """Who signs the tokens that callers present."""

    BUILTIN = "builtin"
    EXTERNAL = "external"


class SuiteName(StrEnum):
    """Which algorithms new keys belong to (vault.suites)."""

    AES = "aes"
    SM = "sm"


class RootProvider(StrEnum):
    """Who keeps the root key."""

    FILE = "file"
    PKCS11 = "pkcs11"
    TRANSIT = "transit"
    AWS = "aws"


def split_names(value: object) -> object:
    """Read ``a,b`` from an environment variable as ``("a", "b")``; anything else passes unchanged."""
    if isinstance(value, str):
        return tuple(part.strip() for part in value.split(",") if part.strip())
    return value


class Group(BaseModel):
    """A frozen part of the settings."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class PolicySettings(Group):
    """The policy engine: in process, or an OPA server."""

    engine: EngineKind = EngineKind.EMBEDDED
    opa_url: HttpUrl | None = None
    opa_token: SecretStr | None = None
    deadline_ms: int = Field(default=1000, ge=10, le=30_000)
    memo_entries: int = Field(default=65_536, ge=0, le=1_000_000)

    @model_validator(mode="after")
    def _server_has_an_address(self) -> Self:
        if self.engine is EngineKind.OPA_SERVER and self.opa_url is None:
            raise ValueError("opa_url is needed when engine is opa_server")
        return self


class IssuerSettings(Group):
    """Whose tokens are accepted, and how they are read (RFC 7519, RFC 8725).

    ``second_factor`` are ``amr`` values (RFC 8176) that alone say a second factor was used; besides, two methods of
    different kinds (something known, held, or of the body) count as one.
    """

    kind: IssuerKind = IssuerKind.BUILTIN
    name: str = Field(default="yumen-builtin", min_length=1, max_length=512)
    audience: str = Field(default="yumen", min_length=1, max_length=512)
    jwks_url: HttpUrl | None = None
    jwks_file: Path | None = None
    algorithms: Annotated[tuple[Algorithm, ...], NoDecode, BeforeValidator(split_names)] = ("Ed25519", "ES256")
    leeway_s: int = Field(default=30, ge=0, le=600)
    max_token_s: int = Field(default=86_400, ge=60, le=31_622_400)
    tenant_claim: ClaimName = "tenant"
    roles_claim: ClaimName = "roles"
    second_factor: Annotated[tuple[str, ...], NoDecode, BeforeValidator(split_names)] = ("mfa",)

    @model_validator(mode="after")
    def _keys_are_pinned(self) -> Self:
        if not self.algorithms:
            raise ValueError("algorithms must name at least one")
        sources = [self.jwks_url, self.jwks_file]
        if self.kind is IssuerKind.EXTERNAL and sources.count(None) != 1:
            raise ValueError("an external issuer needs exactly one of jwks_url and jwks_file")
        missing = {"name", "audience"} - self.model_fields_set
        if self.kind is IssuerKind.EXTERNAL and missing:
            raise ValueError(f"an external issuer needs {' and '.join(sorted(missing))}")
        if self.kind is IssuerKind.BUILTIN and any(sources):
            raise ValueError("jwks_url and jwks_file belong to an external issuer")
        return self


class KmsSettings(Group):
    """Who keeps the root key, and where; ``root_key`` names the file of the provider ``file``.

    ``timeout_ms`` holds for one try of ``attempts``. Secrets come from the environment, or from files named by
    ``..._FILE``. ``watch_s``: how often a running service asks whether the root key was switched off; ``outage_s``: how
    long it serves from memory while nobody answers.
    """

    provider: RootProvider = RootProvider.FILE
    timeout_ms: int = Field(default=2000, ge=50, le=30_000)
    attempts: int = Field(default=3, ge=1, le=10)
    watch_s: float = Field(default=15, ge=0.1, le=3600)
    outage_s: int = Field(default=86_400, ge=1, le=2_592_000)
    pkcs11_module: Path | None = None
    pkcs11_token: str | None = Field(default=None, min_length=1, max_length=32)
    pkcs11_key: KeyLabel = "yumen-root"
    pkcs11_pin: SecretStr | None = None
    transit_url: HttpUrl | None = None
    transit_key: KeyLabel = "yumen-root"
    transit_mount: KeyLabel = "transit"
    transit_namespace: str | None = Field(default=None, max_length=200)
    transit_token: SecretStr | None = None
    transit_token_path: Path | None = None
    transit_ca: Path | None = None
    aws_key: str | None = Field(default=None, min_length=1, max_length=200, pattern=r"^[A-Za-z0-9:/_-]+$")
    aws_region: str | None = Field(default=None, pattern=r"^[a-z0-9-]{1,32}$")
    aws_endpoint: HttpUrl | None = None

    @model_validator(mode="after")
    def _provider_is_whole(self) -> Self:
        needed = {
            RootProvider.FILE: (),
            RootProvider.PKCS11: ("pkcs11_module", "pkcs11_token", "pkcs11_pin"),
            RootProvider.TRANSIT: ("transit_url",),
            RootProvider.AWS: ("aws_key",),
        }[self.provider]
        missing = [name for name in needed if getattr(self, name) is None]
        if missing:
            raise ValueError(f"provider {self.provider} needs {', '.join(missing)}")
        tokens = [self.transit_token, self.transit_token_path]
        if self.provider is RootProvider.TRANSIT and tokens.count(None) != 1:
            raise ValueError("provider transit needs exactly one of transit_token and transit_token_path")
        return self


class LimitSettings(Group):
    """What a single request may cost. ``batch_body_bytes`` holds for batch routes, ``body_bytes`` for all others.

    ``shapes_per_day``: how many answers of a shape not seen before a client may cause in a day (docs/decisions/0013).
    """

    body_bytes: int = Field(default=65_536, ge=1024, le=16_777_216)
    batch_body_bytes: int = Field(default=524_288, ge=1024, le=67_108_864)
    depth: int = Field(default=16, ge=4, le=64)
    subjects: int = Field(default=1000, ge=1, le=10_000)
    features: int = Field(default=100, ge=1, le=1000)
    header_bytes: int = Field(default=16_384, ge=4096, le=65_536)
    token_bytes: int = Field(default=8192, ge=1024, le=16_384)
    header_timeout_s: int = Field(default=10, ge=1, le=60)
    body_timeout_s: int = Field(default=10, ge=1, le=120)
    connections: int = Field(default=2048, ge=1, le=65_536)
    shapes_per_day: int = Field(default=1000, ge=1, le=1_000_000)


class LogSettings(Group):
    """Where the log goes. Without ``file`` it goes to standard error and the collector keeps it."""

    level: LogLevel = "INFO"
    file: Path | None = None
    retention_days: int = Field(default=365, ge=1, le=3660)
