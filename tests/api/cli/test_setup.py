"""Setting up lenders: everything, once, and nothing on a dry run."""

from pathlib import Path
from typing import Any

import pytest

from examples import LENDERS
from tests.api.cli.conftest import Cli


def tables(cli: Cli) -> Any:
    return cli("status", "--json").document["database"]["counts"]


def test_a_lender_is_set_up_and_again_changes_nothing(both_databases: str, cli: Cli) -> None:
    del both_databases
    first = cli("setup", "000", "--json").document
    before = cli("status", "--json").document["database"]
    again = cli("setup", "000", "--json").document
    after = cli("status", "--json").document["database"]
    assert {what for counts in first["parts"].values() for what, count in counts.items() if count} == {"new"}
    assert {what for counts in again["parts"].values() for what, count in counts.items() if count} == {"same"}
    assert first["people"] == again["people"]
    assert (before["epoch"], before["catalog"]) == (after["epoch"], after["catalog"])
    assert {**before["counts"], "entries": 0} == {**after["counts"], "entries": 0}
    assert cli("check").code == 0


def test_a_dry_run_stores_nothing(both_databases: str, cli: Cli) -> None:
    del both_databases
    planned = cli("setup", "001", "--dry-run", "--json").document
    assert planned["dry_run"] is True
    assert planned["people"] == {}
    assert planned["parts"]["people"]["new"] == 2
    assert tables(cli) == {"subjects": 0, "grants": 0, "values": 0, "entries": 0}


def test_clients_of_the_data_set_come_once(both_databases: str, cli: Cli) -> None:
    del both_databases
    few = cli("setup", "002", "--clients", "40", "--json").document["parts"]["data_set_clients"]
    more = cli("setup", "002", "--clients", "60", "--json").document["parts"]["data_set_clients"]
    assert (few["new"], few["same"]) == (40, 0)
    assert (more["new"], more["same"]) == (20, 40)
    assert tables(cli)["subjects"] == 62


@pytest.mark.parametrize("lender", LENDERS)
def test_every_lender_can_be_set_up_for_people_to_read(lender: str, cli: Cli) -> None:
    done = cli("setup", lender, "--clients", "5")
    assert done.code == 0
    assert "sub_" in done.out


def test_a_changed_folder_makes_new_versions_of_what_changed(cli: Cli, folder: Path) -> None:
    copy = folder / "mine"
    copy.mkdir()
    source = Path(__file__).resolve().parents[3] / "examples" / LENDERS[0]
    for path in source.rglob("*"):
        if path.is_file():
            (copy / path.relative_to(source)).parent.mkdir(exist_ok=True)
            (copy / path.relative_to(source)).write_bytes(path.read_bytes())
    assert cli("setup", str(copy)).code == 0
    lender = (copy / "lender.yaml").read_text("utf-8").replace("max_grant_days: 730", "max_grant_days: 365")
    (copy / "lender.yaml").write_text(lender.replace("privacy@mixing-mall", "contact@mixing-mall"), "utf-8")
    views = (copy / "views.yaml").read_text("utf-8").replace("edges: [6, 12, 24, 36, 60]", "edges: [6, 12, 24]")
    (copy / "views.yaml").write_text(views, "utf-8")
    parts = cli("setup", str(copy), "--json").document["parts"]
    assert parts["parties"] == {"changed": 1, "same": 1}
    assert parts["purposes"]["changed"] == 1
    assert parts["views"]["changed"] == 1
    assert parts["tenants"] == {"same": 1}
    assert cli("check").code == 0


def test_a_service_that_is_not_there_is_told(cli: Cli) -> None:
    done = cli("setup", "000", "--url", "http://127.0.0.1:1")
    assert done.code == 1
    assert "cannot be reached" in done.err


def test_tenants_are_added_once_and_listed(both_databases: str, cli: Cli) -> None:
    del both_databases
    assert cli("tenants", "add", "xiaomi", "--zh", "小米贷款", "--en", "Xiaomi Loan").code == 0
    again = cli("tenants", "add", "xiaomi", "--zh", "小米贷款", "--en", "Xiaomi Loan")
    assert again.code == 2
    assert "consent/already_registered" in again.err
    assert cli("tenants", "list", "--json").document == {
        "tenants": [{"name": "xiaomi", "zh": "小米贷款", "en": "Xiaomi Loan"}]
    }
    assert "Xiaomi Loan" in cli("tenants", "list").out
