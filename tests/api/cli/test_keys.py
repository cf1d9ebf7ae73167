"""``yumen keys`` from the command line: look, rotate, rewrap, retire, and move to a hardware module."""

import asyncio
from pathlib import Path

import pytest

from api.roots import open_root_key
from api.service import open_database
from api.settings import Settings, load_settings
from tests.api.cli.conftest import Cli
from tests.vault.kms.conftest import PIN, token
from vault import wrapped_keys
from vault.store.rotation import wrap_by

__all__ = ["token"]


@pytest.fixture
def set_up(cli: Cli, both_databases: str) -> str:
    """A deployment with keys and nobody in it."""
    assert cli("tenants", "add", "dawn", "--zh", "晨光", "--en", "Dawn").code == 0
    return both_databases


def stop_half_way(there: Settings) -> None:
    """Bring one of the keys under the other root key, as a move does that is killed then."""

    async def move_one() -> None:
        database = open_database(load_settings())
        async with database.transaction() as tx:
            row = (await wrapped_keys(tx.connection))[0]
            assert await wrap_by(tx.connection, row, open_root_key(load_settings()), open_root_key(there))
        await database.close()

    asyncio.run(move_one())


def states(cli: Cli) -> list[tuple[str, int, str, str]]:
    done = cli("keys", "status", "--json")
    assert done.code == 0, done.err
    return [(one["key"], one["version"], one["suite"], one["state"]) for one in done.document["keys"]]


def test_a_key_lives_from_rotation_to_retirement(cli: Cli, set_up: str) -> None:
    del set_up
    assert cli("keys", "rotate", "kek", "--suite", "sm", "--json").document == {"key": "kek", "version": 2}
    assert cli("keys", "rewrap", "--dry-run", "--json").document == {
        **dict.fromkeys(("subject_keys", "index_entries", "swept_entries", "values"), 0),
        "dry_run": True,
    }
    assert cli("keys", "rewrap", "--json").document["unreadable"] == 0
    assert cli("keys", "retire", "kek", "1").code == 0
    assert [state for state in states(cli) if state[0] == "kek"] == [
        ("kek", 1, "aes", "retired"),
        ("kek", 2, "sm", "writes"),
    ]
    assert cli("keys", "rotate", "root").code == 0
    assert cli("check", "--json").document["sound"]


def test_refusals_are_one_line_and_an_exit_code(cli: Cli, set_up: str) -> None:
    del set_up
    for arguments, code, said in [
        (("rotate", "master"), 2, "KEY: must be one of kek"),
        (("retire", "kek", "1"), 1, "newest"),
        (("retire", "kek", "7"), 1, "no active version 7"),
        (("retire", "root", "1"), 2, "KEY: must be one of"),
        (("move", "--to", "nowhere.toml"), 2, "settings file nowhere.toml: cannot be read"),
        (("create",), 2, "is there already"),
        (("rewrap", "--rate", "0"), 2, "--rate"),
    ]:
        done = cli("keys", *arguments)
        assert (done.code, done.err.count("\n")) == (code, 1), done.err
        assert said in done.err


def test_the_keys_move_from_a_file_to_a_hardware_module_and_serve_from_there(
    cli: Cli, set_up: str, token: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    del set_up
    before = states(cli)
    hardware = folder / "hardware.toml"
    hardware.write_text(
        f'[kms]\nprovider = "pkcs11"\npkcs11_module = "{token}"\npkcs11_token = "yumen"\n'
        f'pkcs11_key = "moved-{folder.name[-8:]}"\npkcs11_pin = "{PIN}"\n'
    )
    assert "does not hold" not in cli("keys", "create", "--config", str(hardware)).err
    assert cli("keys", "create", "--config", str(hardware)).code == 1
    stop_half_way(load_settings(hardware))
    for left in (len(before) - 1, 0):  # what was moved before is left as it is
        assert cli("keys", "move", "--to", str(hardware), "--json").document["moved"] == left
    refused = cli("keys", "status")
    assert refused.code == 1
    assert "pkcs11:yumen/moved" in refused.err
    monkeypatch.setenv("YUMEN_CONFIG", str(hardware))
    assert states(cli) == before
    assert cli("keys", "rotate", "root").code == 0
    assert cli("check", "--json").document["sound"]
    assert PIN not in cli("keys", "status").out + cli("config", "show").out
