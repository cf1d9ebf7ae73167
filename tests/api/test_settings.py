"""Settings are read from three places, checked whole, and refused in production when they weaken a promise."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from api.options import EngineKind
from api.settings import Settings, SettingsError, load_settings
from tests.lineage.log.running import KEY
from tests.lineage.log.witnesses import WitnessServer

GOOD_PRODUCTION = {
    "YUMEN_MODE": "production",
    "YUMEN_ISSUER__KIND": "external",
    "YUMEN_ISSUER__NAME": "https://login.example",
    "YUMEN_ISSUER__AUDIENCE": "yumen",
    "YUMEN_ISSUER__JWKS_URL": "https://login.example/keys",
}
Load = Callable[..., Settings]


@pytest.fixture
def load(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Load:
    for name in os.environ:
        if name.startswith("YUMEN_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("YUMEN_DATA_DIR", str(tmp_path / "data"))

    def make(**variables: str) -> Settings:
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        return load_settings()

    return make


def test_the_default_is_an_embedded_development_deployment(load: Load, tmp_path: Path) -> None:
    settings = load()
    assert settings.database == f"sqlite+aiosqlite:///{tmp_path}/data/yumen.db"
    assert settings.policy.engine is EngineKind.EMBEDDED


def test_a_variable_wins_over_the_file(load: Load, tmp_path: Path) -> None:
    file = tmp_path / "yumen.toml"
    file.write_text('port = 1000\nhost = "0.0.0.0"\n[issuer]\nleeway_s = 7\nalgorithms = ["ES256"]\n')
    settings = load(YUMEN_CONFIG=str(file), YUMEN_PORT="2000")
    assert (settings.port, settings.host, settings.issuer.leeway_s) == (2000, "0.0.0.0", 7)  # noqa: S104  a setting, not a socket
    assert settings.issuer.algorithms == ("ES256",)


def test_the_file_may_be_yaml(load: Load, tmp_path: Path) -> None:
    file = tmp_path / "yumen.yaml"
    file.write_text("limits: {subjects: 5}\n")
    assert load(YUMEN_CONFIG=str(file)).limits.subjects == 5


def test_lists_are_written_with_commas(load: Load) -> None:
    assert load(YUMEN_ISSUER__ALGORITHMS="ES256, Ed25519").issuer.algorithms == ("ES256", "Ed25519")


def test_a_secret_comes_from_its_file(load: Load, tmp_path: Path) -> None:
    file = tmp_path / "url"
    file.touch(0o600)
    file.write_text("postgresql://yumen:hidden@127.0.0.1/yumen\n")
    settings = load(YUMEN_DATABASE_URL_FILE=str(file))
    assert settings.database == "postgresql+asyncpg://yumen:hidden@127.0.0.1/yumen"
    assert "hidden" not in repr(settings)


def test_a_secret_open_to_everyone_is_refused(load: Load, tmp_path: Path) -> None:
    file = tmp_path / "url"
    file.write_text("sqlite:///x")
    file.chmod(0o644)
    with pytest.raises(SettingsError, match="database_url: the secret's file is open"):
        load(YUMEN_DATABASE_URL_FILE=str(file))


@pytest.mark.parametrize(
    ("variables", "line"),
    [
        ({"YUMEN_MODEE": "production"}, "YUMEN_MODEE: no such setting"),
        ({"YUMEN_PORT": "canary"}, "port: .*YUMEN_PORT"),
        ({"YUMEN_ISSUER__ALGORITHMS": "HS256"}, "issuer.algorithms: .*YUMEN_ISSUER__ALGORITHMS"),
        ({"YUMEN_ISSUER__ALGORITHMS": "none"}, "issuer.algorithms"),
        ({"YUMEN_POLICY__ENGINE": "opa_server"}, "opa_url is needed"),
        ({"YUMEN_DATABASE_URL": "mysql://canary@x/y"}, "database_url: must be a sqlite or postgresql URL"),
        ({"YUMEN_ISSUER__KIND": "external", "YUMEN_ISSUER__JWKS_FILE": "x"}, "needs audience and name"),
        ({"YUMEN_ISSUER__KIND": "external"}, "exactly one of jwks_url and jwks_file"),
        ({"YUMEN_CONFIG": "/nowhere/yumen.toml"}, "settings file yumen.toml: cannot be read"),
        ({"YUMEN_DATABASE_URL": "sqlite:///x", "YUMEN_DATABASE_URL_FILE": "y"}, "not both"),
    ],
)
def test_a_fault_is_one_line_without_the_value(load: Load, variables: dict[str, str], line: str) -> None:
    with pytest.raises(SettingsError, match=line) as caught:
        load(**variables)
    assert "canary" not in str(caught.value)
    assert all("\n" not in fault for fault in caught.value.faults)


def test_an_unknown_name_in_the_file_is_refused(load: Load, tmp_path: Path) -> None:
    file = tmp_path / "yumen.toml"
    file.write_text("[issuer]\nleaway_s = 7\n")
    with pytest.raises(SettingsError, match=r"issuer\.leaway_s"):
        load(YUMEN_CONFIG=str(file))


def test_witnesses_are_named_in_the_file_and_checked(load: Load, tmp_path: Path) -> None:
    key = WitnessServer().key.text
    file = tmp_path / "yumen.toml"
    named = f'[[transparency.witnesses]]\nkey = "{key}"\nurl = "https://witness.example/"\n'
    file.write_text(f'[transparency]\norigin = "log.example/a"\nquorum = 1\n{named}')
    settings = load(YUMEN_CONFIG=str(file))
    assert [each.witness.key.text for each in settings.transparency.witnesses] == [key]
    for text, fault in (
        (f"[transparency]\nquorum = 1\n{named}", "an origin of the log's own"),
        (f'[transparency]\norigin = "log.example/a"\nquorum = 2\n{named}', "more than there are witnesses"),
        (f'[transparency]\norigin = "log.example/a"\n{named}'.replace(key, KEY.text), "verifier key of a witness"),
    ):
        file.write_text(text)
        with pytest.raises(SettingsError, match=fault):
            load(YUMEN_CONFIG=str(file))
    file.write_text(f'[transparency]\norigin = "log.example/a"\n{named}'.replace("https", "http"))
    with pytest.raises(SettingsError, match=r"transparency\.witnesses: .*refused in production mode"):
        load(**GOOD_PRODUCTION, YUMEN_CONFIG=str(file))


@pytest.mark.parametrize("origin", ["", "Log.Example", "log example", "log+x", "log\n", "/log", "x" * 201])
def test_an_origin_that_could_not_stand_in_a_checkpoint_is_refused(load: Load, origin: str) -> None:
    with pytest.raises(SettingsError, match=r"transparency\.origin"):
        load(YUMEN_TRANSPARENCY__ORIGIN=origin)


def test_a_sound_production_deployment_starts(load: Load) -> None:
    settings = load(**GOOD_PRODUCTION)
    assert not settings.docs_open
    assert not settings.metrics_open


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ISSUER__JWKS_URL", "http://login.example/keys"),
        ("ISSUER__LEEWAY_S", "120"),
        ("ISSUER__MAX_TOKEN_S", "999999"),
        ("ISSUER__SECOND_FACTOR", "pwd"),
        ("POLICY__OPA_URL", "http://opa.example:8181"),
        ("LINEAGE__EMIT_URL", "http://lineage.example/api/v1/lineage"),
        ("DATABASE_URL", "postgresql://u:p@db.example/yumen"),
        ("DOCS", "true"),
        ("DEBUG", "true"),
        ("SQL_ECHO", "true"),
        ("LOG__LEVEL", "DEBUG"),
    ],
)
def test_production_refuses_what_weakens_a_promise(load: Load, name: str, value: str) -> None:
    setting = name.lower().replace("__", ".")
    with pytest.raises(SettingsError, match=rf"^{setting}: .*refused in production mode"):
        load(**{**GOOD_PRODUCTION, f"YUMEN_{name}": value})


def test_production_refuses_the_built_in_issuer(load: Load) -> None:
    with pytest.raises(SettingsError, match=r"issuer\.kind"):
        load(YUMEN_MODE="production")


def test_production_refuses_short_log_keeping(load: Load) -> None:
    with pytest.raises(SettingsError, match=r"log\.retention_days"):
        load(**GOOD_PRODUCTION, YUMEN_LOG__FILE="x.log", YUMEN_LOG__RETENTION_DAYS="30")


def test_production_refuses_a_root_key_others_can_read(load: Load, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir(mode=0o700)
    key = tmp_path / "data" / "root.key"
    key.touch()
    key.chmod(0o644)
    with pytest.raises(SettingsError, match="root_key: the file is open to other users"):
        load(**GOOD_PRODUCTION)


def test_all_weak_settings_are_named_at_once(load: Load) -> None:
    with pytest.raises(SettingsError) as caught:
        load(YUMEN_MODE="production", YUMEN_DEBUG="true", YUMEN_DOCS="true")
    assert len(caught.value.faults) == 3
