"""Aggregates of files on the command line: paid from the budget, once for a key, one row a person."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.api.cli.conftest import Cli, Done

SCOPE = ["--tenant", "xiaomi", "--recipient", "xiaomi_finance", "--purpose", "limit_setting", "--dataset", "loans"]
BUDGET = ["--tenant", "xiaomi", "--recipient", "xiaomi_finance", "--dataset", "loans"]
COUNT = {"kind": "count", "epsilon": 40}
PLAN: dict[str, Any] = {
    "subject": "person",
    "queries": [
        COUNT,
        {"kind": "mean", "column": "income", "lower": 0, "upper": 20000, "epsilon": 40},
        {"kind": "histogram", "column": "city", "categories": ["北京", "上海"], "epsilon": 40},
    ],
}


@pytest.fixture
def people(folder: Path) -> Path:
    """A hundred people, the first of whom has fifty rows, and ten rows of nobody."""
    rows = [f"p{number},{9000 + number * 10},{'北京' if number % 4 else '上海'}" for number in range(100)]
    rows += ["p0,20000,北京"] * 49 + [",20000,北京"] * 10
    (folder / "people.csv").write_text("\n".join(["person,income,city", *rows]) + "\n")
    (folder / "plan.yaml").write_text(yaml.safe_dump(PLAN))
    return folder / "people.csv"


def ask(cli: Cli, people: Path, *options: str) -> Done:
    return cli("aggregate", str(people), *SCOPE, "--plan", "plan.yaml", *options)


def test_aggregates_are_paid_recorded_and_near_the_truth(both_databases: str, cli: Cli, people: Path) -> None:
    del both_databases
    cli("setup", "000")
    assert cli("budget", "set", *BUDGET, "--epsilon", "200").code == 0
    done = ask(cli, people, "--json")
    assert done.code == 0, done.err
    count, mean, bands = done.document["results"]
    assert abs(count["value"] - 100) <= 2
    assert abs(mean["value"] - 9495) <= 300
    assert all(
        abs(found - wanted) <= 2 for found, wanted in zip([*bands["counts"], bands["other"]], (75, 25, 0), strict=True)
    )
    [budget] = cli("budget", "list", "--tenant", "xiaomi", "--json").document["budgets"]
    assert (budget["spent"]["epsilon"], budget["left"]["epsilon"]) == ("120", "80")
    [entry] = cli("entries", "--tenant", "xiaomi", "--kind", "data.aggregated", "--json").document["entries"]
    assert (entry["id"], entry["release"]) == (done.document["entry"], done.document["release"])
    assert (entry["actor"]["role"], entry["client"], entry["party"]) == ("operator", None, "xiaomi_finance")
    assert str(mean["value"]) not in json.dumps(entry)
    refused = ask(cli, people)
    assert (refused.code, refused.out) == (2, "")
    assert "vault/privacy_budget_spent" in refused.err
    assert cli("check").code == 0


def test_answers_are_shown_as_a_table_with_what_is_left(cli: Cli, people: Path) -> None:
    cli("setup", "000")
    cli("budget", "set", *BUDGET, "--epsilon", "200")
    done = ask(cli, people)
    assert (done.code, "histogram" in done.out, "Epsilon left: 80" in done.out) == (0, True, True)
    assert all(band in done.out for band in ("北京", "上海", "others"))


def test_a_dry_run_says_whether_the_budget_would_do(cli: Cli, people: Path) -> None:
    cli("setup", "000")
    assert "no budget is set" in ask(cli, people, "--dry-run").out
    cli("budget", "set", *BUDGET, "--epsilon", "100")
    done = ask(cli, people, "--dry-run")
    assert "This would cost epsilon 120; left is epsilon 100: too little." in done.out
    assert "cost epsilon 120; left of the budget of this dataset and recipient is epsilon 100" in ask(cli, people).err


def test_a_retry_is_answered_alike_and_paid_once(cli: Cli, people: Path, folder: Path) -> None:
    cli("setup", "000")
    cli("budget", "set", *BUDGET, "--epsilon", "200")
    first, again = ask(cli, people, "--retry", "r1", "--json"), ask(cli, people, "--retry", "r1", "--json")
    assert (first.document["repeated"], again.document["repeated"]) == (False, True)
    assert {**first.document, "repeated": True} == again.document
    (folder / "plan.yaml").write_text(yaml.safe_dump({**PLAN, "queries": [COUNT]}))
    other = ask(cli, people, "--retry", "r1")
    assert (other.code, "vault/release_key_reused" in other.err) == (2, True)
    assert cli("budget", "list", "--tenant", "xiaomi", "--json").document["budgets"][0]["spent"]["epsilon"] == "120"


def test_a_refusal_without_a_budget_is_in_the_ledger(cli: Cli, people: Path) -> None:
    cli("setup", "000")
    refused = ask(cli, people, "--json")
    assert (refused.code, "vault/privacy_budget_not_set" in refused.err) == (2, True)
    [entry] = cli("entries", "--tenant", "xiaomi", "--kind", "data.aggregated", "--json").document["entries"]
    assert (entry["outcome"], entry["code"], entry["limit"]) == ("denied", "vault/privacy_budget_not_set", None)
    assert cli("check").code == 0


def test_a_dry_run_answers_and_spends_nothing(cli: Cli, people: Path) -> None:
    cli("setup", "000")
    done = ask(cli, people, "--dry-run", "--json")
    assert (done.code, done.document) == (
        0,
        {"dry_run": True, "cost": {"epsilon": "120", "delta": "0"}, "left": None},
    ), done.err
    assert cli("entries", "--tenant", "xiaomi", "--kind", "data.aggregated", "--json").document["entries"] == []


def test_without_a_budget_nothing_is_answered(cli: Cli, people: Path) -> None:
    cli("setup", "000")
    done = ask(cli, people)
    assert (done.code, "vault/privacy_budget_not_set" in done.err) == (2, True)


@pytest.mark.parametrize(
    ("plan", "said"),
    [
        ({"queries": [COUNT]}, "a plan has the members queries and subject"),
        ({**PLAN, "queries": []}, "queries: a list of 1 to 50"),
        ({**PLAN, "subject": "nobody"}, "there is no column `nobody`"),
        (
            {**PLAN, "queries": [{"kind": "sum", "column": "city", "lower": 0, "upper": 1, "epsilon": 1}]},
            "column `city`: 159 cells are not a number",
        ),
    ],
    ids=["subject", "queries", "column", "numbers"],
)
def test_a_plan_that_cannot_be_answered_is_refused(
    cli: Cli, people: Path, folder: Path, plan: dict[str, Any], said: str
) -> None:
    cli("setup", "000")
    (folder / "plan.yaml").write_text(yaml.safe_dump(plan))
    done = ask(cli, people)
    assert (done.code, done.out) == (2, "")
    assert said in done.err
    assert "北京" not in done.err


def test_budgets_are_shown_as_a_table_too(cli: Cli, folder: Path) -> None:
    del folder
    cli("setup", "000")
    done = cli("budget", "set", *BUDGET, "--epsilon", "0.25", "--delta", "0.00001")
    assert (done.code, "0.25" in done.out, "loans" in done.out) == (0, True, True)
    odd = cli("budget", "set", *BUDGET, "--epsilon", "lots")
    assert (odd.code, "epsilon is above 0" in odd.err) == (2, True)
