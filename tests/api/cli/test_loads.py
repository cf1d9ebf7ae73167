"""Loading people and values from files."""

import json
import re
from pathlib import Path

import pytest

from examples.people import birth_of, person, write_people
from tests.api.cli.conftest import Cli

PEOPLE = [person(index, key=f"p_{index}", birth=birth_of(index, 30), sex="f") for index in range(1, 41)]


@pytest.fixture
def people(folder: Path) -> Path:
    write_people(folder / "people.csv", PEOPLE)
    return folder / "people.csv"


def test_people_and_values_are_loaded_once(both_databases: str, cli: Cli, people: Path, folder: Path) -> None:
    del both_databases
    cli("setup", "000")
    load = ["subjects", "load", str(people), "--tenant", "xiaomi", "--ignore", "key", "--out", "refs.csv", "--json"]
    first, again = cli(*load), cli(*load)
    assert (first.code, first.document["rows"], first.document["refused"]) == (0, 40, 0)
    assert again.document["was_loaded"] is True
    refs = [line.split(",") for line in (folder / "refs.csv").read_text().splitlines()[1:]]
    assert len({ref for _, ref in refs}) == 40
    rows = ["subject,observed_at,internal_score", *(f"{ref},2026-01-05,{600 + int(row)}" for row, ref in refs)]
    (folder / "values.csv").write_text("\n".join(rows) + "\n")
    values = cli("load", "values.csv", "--tenant", "xiaomi", "--view", "credit_profile", "--json")
    assert (values.code, values.document["rows"], values.document["resumed_at"]) == (0, 40, 0)
    assert cli("check").code == 0


def test_values_are_found_by_an_identifier_and_refused_rows_reported(cli: Cli, people: Path, folder: Path) -> None:
    cli("setup", "000")
    cli("subjects", "load", str(people), "--tenant", "xiaomi", "--ignore", "key")
    known, stranger = PEOPLE[0].id_card_no, person(90, key="x", birth=birth_of(90, 30), sex="m").id_card_no
    rows = ["id_card_no,internal_score", f"{known},640", f"{known},high", f"{stranger},650", "12345,1"]
    (folder / "values.csv").write_text("\n".join(rows) + "\n")
    load = ["load", "values.csv", "--tenant", "xiaomi", "--view", "credit_profile", "--key-column", "id_card_no"]
    dry = cli(*load, "--dry-run", "--json")
    assert (dry.code, dry.document["dry_run"], dry.document["refused"]) == (1, True, 3)
    done = cli(*load, "--report", "refused.jsonl")
    assert done.code == 1
    assert "4 rows, 3 refused" in done.out
    report = (folder / "refused.jsonl").read_text()
    assert [json.loads(line)["row"] for line in report.splitlines()] == [2, 3, 4]
    for text in (done.out, done.err, report):
        assert known not in text
        assert stranger not in text


def test_too_many_refused_rows_end_the_load(cli: Cli, folder: Path) -> None:
    cli("setup", "000")
    (folder / "values.csv").write_text("subject,internal_score\n" + "nobody,1\n" * 5)
    done = cli("load", "values.csv", "--tenant", "xiaomi", "--view", "credit_profile", "--max-rejects", "2")
    assert done.code == 1
    assert "gate/load_too_many_rejects" in done.err


def test_columns_that_do_not_fit_are_named_together(cli: Cli, people: Path) -> None:
    cli("setup", "000")
    done = cli("load", str(people), "--tenant", "xiaomi", "--view", "credit_profile")
    assert done.code == 2
    assert "no feature of the view" in done.err
    assert not re.search(r"[0-9]{6}", done.err)
    unknown = cli("load", str(people), "--tenant", "xiaomi", "--view", "nothing")
    assert (unknown.code, len(unknown.err.splitlines())) == (2, 1)


def test_an_unknown_tenant_is_refused(both_databases: str, cli: Cli, people: Path) -> None:
    del both_databases
    done = cli("subjects", "load", str(people), "--tenant", "nobody", "--ignore", "key")
    assert done.code == 2
    assert "consent/tenant_not_found" in done.err
