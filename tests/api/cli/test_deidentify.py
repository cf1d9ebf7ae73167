"""De-identifying files on the command line: what the plan asks holds of what is written, and only that is written."""

import csv
import hashlib
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import yaml

from api.cli import tables
from api.cli.faults import CommandError
from tests.api.cli.conftest import Cli
from tests.vault.deidentify import oracle

PHONES = [f"1380013{number:04d}" for number in range(120)]
SCOPE = ["--tenant", "xiaomi", "--recipient", "xiaomi_finance", "--purpose", "limit_setting", "--dataset", "loans"]
PLAN: dict[str, Any] = {
    "k": 4,
    "l": 2,
    "max_suppressed": 0.1,
    "risk_threshold": 0.25,
    "one_row_per": "phone",
    "columns": {
        "phone": {"role": "direct", "action": "drop"},
        "born": {"role": "quasi", "from": 1, "ladder": {"dates": ["month", "year", "decade"]}},
        "region": {"role": "quasi", "ladder": {"prefixes": [4, 2]}},
        "overdue": {"role": "sensitive"},
        "note": {"role": "plain"},
    },
}


@pytest.fixture
def people(folder: Path) -> Path:
    with (folder / "people.csv").open("w", newline="") as file:
        out = csv.writer(file)
        out.writerow(["phone", "born", "region", "overdue", "note"])
        for number, phone in enumerate(PHONES):
            born = f"{1960 + number % 40}-{number % 12 + 1:02d}-05"
            out.writerow([phone, born, ["110101", "110105", "310101"][number % 3], number % 4, f"n{number}"])
    write(folder, PLAN)
    return folder / "people.csv"


def write(folder: Path, plan: Any) -> None:
    (folder / "plan.yaml").write_text(yaml.safe_dump(plan))


def changed(**columns: Any) -> dict[str, Any]:
    return {**PLAN, "columns": {**PLAN["columns"], **columns}}


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()} - {"var", "people.csv", "plan.yaml"}


def test_a_file_comes_out_as_planned_and_the_ledger_says_so(
    both_databases: str, cli: Cli, people: Path, folder: Path
) -> None:
    del both_databases
    cli("setup", "000")
    done = cli("deidentify", str(people), *SCOPE, "--plan", "plan.yaml", "--out", "made.csv", "--json")
    assert done.code == 0, done.err
    assert names(folder) == {"made.csv", "made.csv.report.json"}
    with (folder / "made.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["born", "region", "overdue", "note"]
    sizes = Counter((row["born"], row["region"]) for row in rows)
    assert min(sizes.values()) >= 4
    assert oracle.diversity(rows, ("born", "region"), "overdue") >= 2
    highest, average, above = oracle.risks(rows, ("born", "region"), 0.25)
    report = done.document
    assert report["risk"]["prosecutor"] == pytest.approx(
        {"highest": highest, "average": average, "above_threshold": above}, abs=1e-6
    )
    assert (report["kept"], report["rows"], report["degree"]["degree"]) == (len(rows), 120, 3)
    written = (folder / "made.csv.report.json").read_bytes()
    assert report["evidence"] == f"sha256:{hashlib.sha256(written).hexdigest()}"
    [entry] = cli("entries", "--tenant", "xiaomi", "--kind", "data.deidentified", "--json").document["entries"]
    assert (entry["id"], entry["about"], entry["method"]) == (report["entry"], "loans", "k_anonymity")
    assert (entry["report"], entry["k"], entry["degree"]) == (report["evidence"], report["k"]["measured"], 3)
    assert entry["risk"]["prosecutor"]["highest"] == round(report["risk"]["prosecutor"]["highest"] * 10**6)
    assert entry["counts"]["kept"] + entry["counts"]["suppressed"] == 120
    assert cli("check").code == 0
    said = done.out + done.err + json.dumps(entry) + written.decode()
    assert not [phone for phone in PHONES if phone in said]


def test_a_token_in_place_of_an_identifier_keeps_the_degree_at_two(cli: Cli, people: Path, folder: Path) -> None:
    cli("setup", "000")
    write(folder, changed(phone={"role": "direct", "action": "deterministic", "field": "mobile_no"}))
    done = cli("deidentify", str(people), *SCOPE, "--plan", "plan.yaml", "--out", "made.parquet", "--json")
    assert done.code == 0, done.err
    made = pq.read_table(folder / "made.parquet").column("phone").to_pylist()
    assert {each[:4] for each in made} == {"dtk_"}
    assert len(set(made)) == len(made) == done.document["kept"]
    assert done.document["degree"]["degree"] == 2


def test_reversible_tokens_need_a_suite_that_has_them(cli: Cli, people: Path, folder: Path) -> None:
    cli("setup", "000")
    write(folder, changed(phone={"role": "direct", "action": "reversible", "field": "mobile_no"}))
    command = ["deidentify", str(people), *SCOPE, "--plan", "plan.yaml", "--json", "--out"]
    done = cli(*command, "made.parquet")
    assert (done.code, done.document["degree"]["degree"]) == (0, 2), done.err
    made = pq.read_table(folder / "made.parquet").column("phone").to_pylist()
    assert {each[:4] for each in made} == {"rtk_"}
    assert cli("keys", "rotate", "token", "--suite", "sm").code == 0
    refused = cli(*command, "more.parquet")
    assert (refused.code, "vault/token_suite" in refused.err) == (2, True)
    assert not (folder / "more.parquet").exists()


def test_a_dry_run_measures_and_writes_nothing(cli: Cli, people: Path, folder: Path) -> None:
    cli("setup", "000")
    done = cli("deidentify", str(people), *SCOPE, "--plan", "plan.yaml", "--dry-run")
    assert (done.code, names(folder)) == (0, set())
    assert "degree of GB/T 42460" in done.out
    assert "overdue 4" in done.out
    assert cli("entries", "--tenant", "xiaomi", "--kind", "data.deidentified", "--json").document["entries"] == []


def test_an_identifier_that_stays_in_a_text_is_found(cli: Cli, people: Path, folder: Path) -> None:
    cli("setup", "000")
    write(folder, {**changed(phone={"role": "plain"})})
    done = cli("deidentify", str(people), *SCOPE, "--plan", "plan.yaml", "--out", "made.csv")
    assert done.code == 2
    assert "column `phone`" in done.err
    assert "are identifiers of people" in done.err
    assert names(folder) == set()
    assert PHONES[0] not in done.err


def test_a_population_is_taken_from_a_second_file(cli: Cli, people: Path) -> None:
    cli("setup", "000")
    done = cli(
        "deidentify", str(people), *SCOPE, "--plan", "plan.yaml", "--population", str(people), "--dry-run", "--json"
    )
    assert (done.code, done.document["risk"]["population"]) == (0, 120), done.err
    assert done.document["risk"]["journalist"]["highest"] <= done.document["risk"]["prosecutor"]["highest"]


BAD: list[tuple[Any, list[str], str]] = [
    ({**PLAN, "k": 200}, ["--dry-run"], "cannot be reached while at most 12 of 120 rows are left out"),
    ({**PLAN, "k": 1}, ["--dry-run"], "k: an integer from 2"),
    (
        changed(note={"role": "sensitive", "distance": "ordered"}),
        ["--dry-run"],
        "column `note`: 120 cells are not a number",
    ),
    (changed(note={"role": "plain", "field": "face_template"}), ["--dry-run"], "the purpose does not reach the field"),
    ({**PLAN, "columns": {"born": {"role": "quasi"}}}, ["--dry-run"], "names a column of the plan"),
    (changed(town={"role": "plain"}), ["--dry-run"], "there is no column `town`"),
    ([1], ["--dry-run"], "not a YAML table"),
    (PLAN, [], "give either --out or --dry-run"),
    (PLAN, ["--out", "made.xlsx"], "a .csv or .parquet file"),
    (PLAN, ["--out", "people.csv"], "people.csv is there already"),
    (PLAN, ["--out", "nowhere/made.csv"], "there is no such folder"),
    (PLAN, ["--dry-run", "--dataset", "Loans 2026"], "--dataset: small letters"),
    (PLAN, ["--dry-run", "--recipient", "nobody"], "consent/party_not_found"),
]


@pytest.mark.parametrize(("plan", "options", "said"), BAD, ids=[said for _, _, said in BAD])
def test_what_cannot_be_carried_out_is_refused_in_one_line(  # noqa: PLR0917  fixtures
    cli: Cli, people: Path, folder: Path, plan: Any, options: list[str], said: str
) -> None:
    cli("setup", "000")
    write(folder, plan)
    before = people.read_bytes()
    done = cli("deidentify", str(people), *SCOPE, "--plan", "plan.yaml", *options)
    assert (done.code, done.out) == (2, "")
    assert said in done.err
    assert names(folder) == set()
    assert people.read_bytes() == before


def test_a_plan_that_is_no_yaml_is_refused_with_its_line(cli: Cli, people: Path, folder: Path) -> None:
    (folder / "plan.yaml").write_text("k: 5\ncolumns: [secret\n")
    done = cli("deidentify", str(people), *SCOPE, "--plan", "plan.yaml", "--dry-run")
    assert (done.code, done.out) == (2, "")
    assert "--plan: line 3: this is no YAML" in done.err
    assert "secret" not in done.err


def test_a_part_that_is_not_installed_is_named() -> None:
    with pytest.raises(CommandError, match=r"install yumen\[bulk\]"):
        tables.part("no_such_part_of_anything", "bulk")


def test_cells_without_a_token_are_empty_and_the_exit_code_says_so(cli: Cli, people: Path, folder: Path) -> None:
    cli("setup", "000")
    people.write_text(people.read_text().replace(PHONES[5], "12345").replace(PHONES[6], "67890"))
    write(folder, changed(phone={"role": "direct", "action": "deterministic", "field": "mobile_no"}))
    done = cli("deidentify", str(people), *SCOPE, "--plan", "plan.yaml", "--out", "made.csv")
    assert done.code == 1
    assert "2 cells have no token and are empty" in done.out
    assert "12345" not in (folder / "made.csv").read_text()


def test_lines_that_do_not_fit_the_header_stop_the_run(cli: Cli, people: Path) -> None:
    cli("setup", "000")
    people.write_text(people.read_text() + "1,2\n")
    done = cli("deidentify", str(people), *SCOPE, "--plan", "plan.yaml", "--dry-run")
    assert (done.code, "1 lines do not fit the header" in done.err) == (2, True)
