"""The groups of the settings class: policy engine, issuer, limits, logs, transparency log.

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

from lineage.errors import LineageError
from lineage.log import DEFAULT_ORIGIN, Witness

Algorithm = Literal["Ed25519", "EdDSA", "ES256"]
LogLevel = Literal["DEBUG", "INFO", "WARNING", "ERROR"]
ClaimName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_:/.-]{1,128}$")]
KeyLabel = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{1,64}$")]
TenantName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,62}$")]
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


class ScanEngine(StrEnum):
    """What scans free text: our own rules, or the same carried by presidio-analyzer (extra ``classify``)."""

    OWN = "own"
    PRESIDIO = "presidio"


class ClassifySettings(Group):
    """How what callers send is scanned, and how loaded values are guarded.

    ``guard``: identifiers of people in fields that are not declared for them are refused with their row, held back
    alone (quarantine), or let in (off).
    """

    engine: ScanEngine = ScanEngine.OWN
    deadline_ms: int = Field(default=5000, ge=100, le=60_000)
    guard: Literal["refuse", "quarantine", "off"] = "refuse"


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

    ``shapes_per_day``: how many answers of a shape not seen before a client may cause in a day (docs/decisions/0016).
    ``aggregate_subjects``: how many people one request for aggregates may be about, each of whom is read.
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
    aggregate_subjects: int = Field(default=20_000, ge=1, le=1_000_000)


class LineageSettings(Group):
    """The lineage graph: how often it follows the ledger, how long recipients have to delete, where reads are told to.

    ``emit_url`` is an OpenLineage endpoint (``…/api/v1/lineage``); nothing is emitted without it.
    """

    follow_s: float = Field(default=1.0, ge=0.05, le=3600)
    deletion_days: int = Field(default=15, ge=1, le=365)
    emit_url: HttpUrl | None = None
    emit_token: SecretStr | None = None
    emit_minutes: int = Field(default=15, ge=1, le=1440)


class LogSettings(Group):
    """Where the log goes. Without ``file`` it goes to standard error and the collector keeps it."""

    level: LogLevel = "INFO"
    file: Path | None = None
    retention_days: int = Field(default=365, ge=1, le=3660)


class RevealSettings(BaseModel):
    """How far tokens are turned back into identifiers.

    Attributes:
        daily_budget: tokens that one client may have revealed in a day (of China).
        at_once: tokens of one call; more need a request that somebody else approved.
        bulk: whether such requests are taken at all.
        request_hours: how long a request stays open.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    daily_budget: int = Field(default=50, ge=0, le=100_000)
    at_once: int = Field(default=10, ge=1, le=1000)
    bulk: bool = False
    request_hours: int = Field(default=24, ge=1, le=168)


class WitnessSettings(Group):
    """A witness of the transparency log: its verifier key (type 0x04) and the URL its `add-checkpoint` is below."""

    key: str = Field(min_length=1, max_length=400)
    url: HttpUrl

    @model_validator(mode="after")
    def _is_a_witness(self) -> Self:
        try:
            self.witness  # noqa: B018  raises if it is none
        except LineageError:
            raise ValueError("key must be the verifier key of a witness (cosignature/v1)") from None
        return self

    @property
    def witness(self) -> Witness:
        """The witness. Raises: KeyTextError."""
        return Witness.of(self.key, str(self.url))


class TransparencySettings(Group):
    """The transparency log: its name, where it is written, who confirms it.

    ``run`` says whether ``yumen serve`` writes the log (one process leads, others stand by); without it
    ``yumen log run`` does. ``quorum`` is how many witnesses must cosign before a checkpoint is published; 0 publishes
    in any case. ``auditors`` names tenants whose auditors may fetch entry bundles, which hold entries of all tenants.
    """

    origin: str = Field(default=DEFAULT_ORIGIN, pattern=r"^[a-z0-9][a-z0-9.:/_-]{0,199}$")
    folder: Path | None = None
    run: bool = True
    interval_ms: int = Field(default=25, ge=5, le=1000)
    witnesses: tuple[WitnessSettings, ...] = ()
    witness_ms: int = Field(default=500, ge=50, le=10_000)
    quorum: int = Field(default=0, ge=0, le=32)
    auditors: Annotated[tuple[TenantName, ...], NoDecode, BeforeValidator(split_names)] = ()

    @model_validator(mode="after")
    def _witnesses_know_the_log(self) -> Self:
        if self.quorum > len(self.witnesses):
            raise ValueError("quorum is more than there are witnesses")
        if self.witnesses and self.origin == DEFAULT_ORIGIN:
            raise ValueError("witnesses need an origin of the log's own")
        return self
