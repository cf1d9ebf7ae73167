"""The one settings class: read from environment, ``*_FILE`` secrets and a file; checked whole before anything opens.

Rules:
- Order, strongest first: ``YUMEN_*`` variables, ``YUMEN_<SECRET>_FILE``, the TOML or YAML file ``YUMEN_CONFIG`` names.
- Nested names are joined by two underscores: ``YUMEN_ISSUER__AUDIENCE`` is ``[issuer] audience``.
- A name nobody knows is refused, in the file and in the environment: a misspelt safeguard must not be silently absent.
- A setting that weakens a promise is refused in production mode (api/hardening.py).
- Faults are one line each and never repeat the value.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterator, Mapping
from contextvars import ContextVar
from pathlib import Path
from typing import Any, Self

import yaml
from pydantic import BaseModel, Field, SecretStr, ValidationError, model_validator
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from api.hardening import weaknesses
from api.options import (
    ClassifySettings,
    IssuerSettings,
    KmsSettings,
    LimitSettings,
    LineageSettings,
    LogSettings,
    Mode,
    PolicySettings,
    RevealSettings,
    SuiteName,
    TransparencySettings,
)

PREFIX = "YUMEN_"
CONFIG_VARIABLE = "YUMEN_CONFIG"
SECRETS = (
    "database_url",
    "metrics_token",
    "policy.opa_token",
    "kms.pkcs11_pin",
    "kms.transit_token",
    "lineage.emit_token",
)
NOT_SETTINGS = frozenset(
    {
        CONFIG_VARIABLE,
        *("YUMEN_URL", "YUMEN_TOKEN", "YUMEN_TOKEN_FILE"),  # the command line's own, as a client
        *("YUMEN_OPA", "YUMEN_GO", "YUMEN_REQUIRE_REAL"),  # the build's and the tests'
    }
)
DRIVERS = {"sqlite": "sqlite+aiosqlite", "postgresql": "postgresql+asyncpg", "postgres": "postgresql+asyncpg"}
CONFIG: ContextVar[Path | None] = ContextVar("yumen_config", default=None)


class SettingsError(Exception):
    """The settings cannot be used; ``faults`` holds one line for each reason."""

    def __init__(self, *faults: str) -> None:
        self.faults = faults
        super().__init__("\n".join(faults))


class Settings(BaseSettings):
    """Everything that can be set about a deployment."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_nested_delimiter="__", extra="forbid", frozen=True, hide_input_in_errors=True
    )

    mode: Mode = Mode.DEVELOPMENT
    data_dir: Path = Path("var")
    database_url: SecretStr | None = None
    database_pool: int = Field(default=5, ge=1, le=200)
    root_key: Path | None = None
    kms: KmsSettings = KmsSettings()
    suite: SuiteName = SuiteName.AES
    ends: Path | None = None
    host: str = Field(default="127.0.0.1", min_length=1, max_length=255)
    port: int = Field(default=8642, ge=0, le=65_535)
    workers: int = Field(default=1, ge=1, le=64)
    policy: PolicySettings = PolicySettings()
    issuer: IssuerSettings = IssuerSettings()
    classify: ClassifySettings = ClassifySettings()
    limits: LimitSettings = LimitSettings()
    reveals: RevealSettings = RevealSettings()
    log: LogSettings = LogSettings()
    transparency: TransparencySettings = TransparencySettings()
    lineage: LineageSettings = LineageSettings()
    metrics_token: SecretStr | None = Field(default=None, min_length=16)
    idempotency_hours: int = Field(default=24, ge=1, le=720)
    docs: bool | None = None
    debug: bool = False
    sql_echo: bool = False

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Name the sources, strongest first; dotenv files and secret folders are not read."""
        del dotenv_settings, file_secret_settings
        return init_settings, env_settings, SecretFiles(settings_cls), ConfigFile(settings_cls)

    @model_validator(mode="after")
    def _is_usable(self) -> Self:
        _driver_url(self.database_url)
        if self.mode is Mode.PRODUCTION and (faults := weaknesses(self)):
            raise SettingsError(*faults)
        return self

    @property
    def database(self) -> str:
        """The database URL with its asynchronous driver; SQLite in ``data_dir`` unless set."""
        return _driver_url(self.database_url) or f"sqlite+aiosqlite:///{self.data_dir / 'yumen.db'}"

    @property
    def root_key_file(self) -> Path:
        """Where the local root key lives."""
        return self.root_key or self.data_dir / "root.key"

    @property
    def ends_file(self) -> Path:
        """Where withdrawals, holds and erasures are kept beside the database (api/ends.py)."""
        return self.ends or self.data_dir / "ends.jsonl"

    @property
    def issuer_key_file(self) -> Path:
        """Where the development issuer's signing key lives."""
        return self.data_dir / "issuer.key"

    @property
    def log_folder(self) -> Path:
        """Where the transparency log's tiles and checkpoint are."""
        return self.transparency.folder or self.data_dir / "log"

    @property
    def docs_open(self) -> bool:
        """Whether the interactive API pages are served."""
        return self.mode is Mode.DEVELOPMENT if self.docs is None else self.docs

    @property
    def metrics_open(self) -> bool:
        """Whether ``/metrics`` answers at all: in development, or where a token guards it."""
        return self.mode is Mode.DEVELOPMENT or self.metrics_token is not None


class ConfigFile(PydanticBaseSettingsSource):
    """The TOML or YAML file, if one is named."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:  # noqa: ARG002  base class
        """Answer nothing for a single field: ``__call__`` answers for all at once."""
        return None, field_name, False

    def __call__(self) -> dict[str, Any]:
        """Answer what the file sets."""
        path = CONFIG.get()
        return {} if path is None else _read_document(path)


class SecretFiles(PydanticBaseSettingsSource):
    """``YUMEN_<SECRET>_FILE``: a secret read from a file instead of the environment."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:  # noqa: ARG002  base class
        """Answer nothing for a single field: ``__call__`` answers for all at once."""
        return None, field_name, False

    def __call__(self) -> dict[str, Any]:
        """Answer the secrets whose files are named. Raises: SettingsError."""
        found: dict[str, Any] = {}
        for name in SECRETS:
            path = os.environ.get(f"{variable(name)}_FILE")
            if path is None:
                continue
            if variable(name) in os.environ:
                raise SettingsError(f"{name}: set {variable(name)} or {variable(name)}_FILE, not both")
            group, _, leaf = name.rpartition(".")
            target = found.setdefault(group, {}) if group else found
            target[leaf] = _read_secret(name, Path(path))
        return found


def load_settings(config: Path | None = None) -> Settings:
    """Read and check the settings.

    Raises: SettingsError: with one line for each fault found.
    """
    named = os.environ.get(CONFIG_VARIABLE)
    strangers = sorted(set(_variables()) - set(_known_variables()) - NOT_SETTINGS)
    if strangers:
        raise SettingsError(*(f"{name}: no such setting" for name in strangers))
    reset = CONFIG.set(config or (Path(named) if named else None))
    try:
        return Settings()
    except ValidationError as fault:
        raise SettingsError(*_lines(fault)) from None
    finally:
        CONFIG.reset(reset)


def variable(name: str) -> str:
    """The environment variable of a setting: ``issuer.audience`` -> ``YUMEN_ISSUER__AUDIENCE``."""
    return PREFIX + name.replace(".", "__").upper()


def _driver_url(secret: SecretStr | None) -> str | None:
    if secret is None:
        return None
    try:
        url = make_url(secret.get_secret_value())
    except ArgumentError:
        raise SettingsError("database_url: is not a database URL") from None
    if url.drivername not in {*DRIVERS, *DRIVERS.values()}:
        raise SettingsError("database_url: must be a sqlite or postgresql URL")
    return url.set(drivername=DRIVERS.get(url.drivername, url.drivername)).render_as_string(hide_password=False)


def _variables() -> Iterator[str]:
    for name in os.environ:
        if name.startswith(PREFIX) and not name.startswith("YUMEN_TEST_"):
            yield name


def _known_variables() -> Iterator[str]:
    for name in _names(Settings):
        yield variable(name)
        if name in SECRETS:
            yield f"{variable(name)}_FILE"


def _names(model: type[BaseModel]) -> Iterator[str]:
    for name, field in model.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from (f"{name}.{inner}" for inner in _names(field.annotation))
        else:
            yield name


def _read_document(path: Path) -> dict[str, Any]:
    try:
        text = path.read_text(encoding="utf-8")
        document = tomllib.loads(text) if path.suffix == ".toml" else yaml.safe_load(text)
    except OSError as fault:
        raise SettingsError(f"settings file {path.name}: cannot be read ({fault.strerror})") from None
    except (tomllib.TOMLDecodeError, yaml.YAMLError, UnicodeDecodeError):
        raise SettingsError(f"settings file {path.name}: not valid TOML or YAML") from None
    if not isinstance(document, Mapping):
        raise SettingsError(f"settings file {path.name}: must hold a table of settings")
    return dict(document)


def _read_secret(name: str, path: Path) -> str:
    try:
        if path.stat().st_mode & 0o007:
            raise SettingsError(f"{name}: the secret's file is open to every user; chmod 600 it")
        return path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as fault:
        raise SettingsError(f"{name}: the secret's file cannot be read") from fault


def _lines(fault: ValidationError) -> Iterator[str]:
    for error in fault.errors(include_input=False, include_context=False, include_url=False):
        names = ".".join(part for part in error["loc"] if isinstance(part, str))
        message = error["msg"].removeprefix("Value error, ")
        yield f"{names}: {message} ({variable(names)})" if names else f"settings: {message}"
