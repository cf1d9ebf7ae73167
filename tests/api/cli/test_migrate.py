"""Migrating from the command line, on both databases."""

import pytest

from api import migrate
from tests.api.cli.conftest import Cli

HEAD = migrate.head()


def test_a_dry_run_plans_and_makes_nothing(both_databases: str, cli: Cli) -> None:
    del both_databases
    planned = cli("migrate", "--dry-run", "--json").document
    assert planned["before"] is None
    assert planned["after"] == HEAD
    assert planned["steps"][-1] == HEAD
    assert cli("migrate", "--dry-run", "--json").document == planned


def test_the_schema_goes_up_down_and_up_again(both_databases: str, cli: Cli) -> None:
    del both_databases
    assert cli("migrate", "--json").document["after"] == HEAD
    assert cli("migrate", "--json").document["steps"] == []
    assert "nothing to do" in cli("migrate").out
    down = cli("migrate", "--to", "base", "--json").document
    assert (down["before"], down["after"]) == (HEAD, None)
    assert down["steps"][0] == HEAD
    assert cli("migrate", "--to", HEAD, "--json").document["after"] == HEAD


def test_going_down_past_the_ledger_must_be_said(both_databases: str, cli: Cli) -> None:
    del both_databases
    assert cli("setup", "000").code == 0
    refused = cli("migrate", "--to", "base")
    assert refused.code == 1
    assert "migrate/ledger_loss" in refused.err
    assert cli("status", "--json").document["database"]["counts"]["entries"] > 0
    assert cli("migrate", "--to", "base", "--lose-ledger").code == 0


@pytest.mark.parametrize("both_databases", ["postgres"], indirect=True)
def test_postgres_roles_are_made_again_without_harm(both_databases: str, cli: Cli) -> None:
    del both_databases
    assert cli("migrate", "--roles", "--json").document["roles"] is True
    assert cli("migrate", "--roles", "--json").document["roles"] is True


def test_production_leaves_an_old_schema_alone(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in PRODUCTION.items():
        monkeypatch.setenv(name, value)
    for arguments in (["setup", "000"], ["tenants", "add", "xiaomi", "--zh", "小米", "--en", "Xiaomi"]):
        done = cli(*arguments)
        assert done.code == 2
        assert "yumen migrate" in done.err
    assert cli("migrate").code == 0
    assert cli("setup", "000").code == 0


PRODUCTION = {
    "YUMEN_MODE": "production",
    "YUMEN_ISSUER__KIND": "external",
    "YUMEN_ISSUER__NAME": "https://issuer.example",
    "YUMEN_ISSUER__AUDIENCE": "yumen",
    "YUMEN_ISSUER__JWKS_URL": "https://issuer.example/jwks.json",
}
