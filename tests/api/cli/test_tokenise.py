"""Tokenising files on the command line: recorded in the ledger, refused cells listed without their values."""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from examples.people import birth_of, person
from tests.api.cli.conftest import Cli

PEOPLE = [person(index, key=f"p_{index}", birth=birth_of(index, 30), sex="f") for index in range(1, 41)]
SCOPE = ["--tenant", "xiaomi", "--recipient", "xiaomi_finance", "--purpose", "limit_setting"]
COLUMNS = ["--column", "phone=mobile_no:format_preserving", "--column", "device=device_fingerprint:deterministic"]
KEEP = ["--keep", "city"]


@pytest.fixture
def people(folder: Path) -> Path:
    rows = [f"{each.mobile_no},{each.device_fingerprint},北京" for each in PEOPLE]
    (folder / "people.csv").write_text("\n".join(["phone,device,city", *rows, "12345,x,上海", ",,"]) + "\n")
    return folder / "people.csv"


def lines(path: Path) -> list[list[str]]:
    return [[cell.strip('"') for cell in line.split(",")] for line in path.read_text().splitlines()]


def test_a_file_is_tokenised_and_the_ledger_says_so(both_databases: str, cli: Cli, people: Path, folder: Path) -> None:
    del both_databases
    cli("setup", "000")
    done = cli("tokenise", str(people), *SCOPE, *COLUMNS, *KEEP, "--out", "made", "--json")
    assert (done.code, done.document["rows"], done.document["tokens"], done.document["nulls"]) == (1, 42, 80, 2)
    assert done.document["faults"] == {"shape": 2}
    header, *made = lines(folder / "made" / "part-00000.csv")
    assert header == ["phone", "device", "city"]
    assert {(row[0][0], row[1][:4], row[2]) for row in made[:40]} == {("2", "dtk_", "北京")}
    assert made[40] == ["", "", "上海"]
    refused = [json.loads(line) for line in (folder / "made" / "refused.jsonl").read_text().splitlines()]
    assert refused == [
        {"row": 41, "column": "phone", "fault": "shape"},
        {"row": 41, "column": "device", "fault": "shape"},
    ]
    entries = cli("entries", "--tenant", "xiaomi", "--kind", "tokens.made", "--json").document["entries"]
    assert [entry["phase"] for entry in entries] == ["done", "begun"]
    assert entries[0]["counts"] == {"rows": 42, "tokens": 80, "nulls": 2, "refused": 2}
    assert entries[0]["fields"] == {"mobile_no": "format_preserving", "device_fingerprint": "deterministic"}
    assert cli("check").code == 0
    everything = done.out + done.err + json.dumps(entries) + (folder / "made" / "run.json").read_text()
    assert not [each for each in PEOPLE if each.mobile_no in everything or each.device_fingerprint in everything]


def test_a_finished_run_is_not_made_again(cli: Cli, people: Path) -> None:
    cli("setup", "000")
    command = ["tokenise", str(people), *SCOPE, *COLUMNS, *KEEP, "--out", "made", "--json"]
    first, again = cli(*command), cli(*command)
    assert (first.document["was_done"], again.document["was_done"]) == (False, True)
    assert {**first.document, "was_done": True} == again.document


def test_a_plan_in_a_file_and_options_add_up(cli: Cli, people: Path, folder: Path) -> None:
    cli("setup", "000")
    (folder / "plan.yaml").write_text("columns: {phone: {field: mobile_no, kind: deterministic}}\ndrop: [city]\n")
    done = cli("tokenise", str(people), *SCOPE, "--plan", "plan.yaml", *COLUMNS[2:], "--dry-run", "--json")
    assert (done.code, done.document["tokens"], done.document["dry_run"]) == (1, 80, True)
    assert sorted(path.name for path in folder.iterdir()) == ["people.csv", "plan.yaml", "var"]


def test_reversible_tokens_are_made_and_refused_where_the_suite_has_none(
    both_databases: str, cli: Cli, people: Path, folder: Path
) -> None:
    del both_databases
    cli("setup", "000")
    column = ["--column", "phone=mobile_no:reversible", "--drop", "device", *KEEP]
    done = cli("tokenise", str(people), *SCOPE, *column, "--out", "made", "--json")
    assert (done.code, done.document["tokens"], done.document["faults"]) == (1, 40, {"shape": 1})
    _, *made = lines(folder / "made" / "part-00000.csv")
    assert {row[0][:4] for row in made[:40]} == {"rtk_"}
    assert len({row[0] for row in made[:40]}) == 40
    assert cli("keys", "rotate", "token", "--suite", "sm").code == 0
    refused = cli("tokenise", str(people), *SCOPE, *column, "--out", "more", "--json")
    assert (refused.code, refused.out) == (2, "")
    assert "vault/token_suite" in refused.err
    assert not (folder / "more").exists()
    entries = cli("entries", "--tenant", "xiaomi", "--kind", "tokens.made", "--json").document["entries"]
    assert [entry["phase"] for entry in entries] == ["done", "begun"]
    sm = cli("tokenise", str(people), *SCOPE, *COLUMNS, *KEEP, "--out", "sm", "--json")
    assert (sm.code, sm.document["tokens"]) == (1, 80)


BAD: list[tuple[Sequence[str], str]] = [
    (["--dry-run", *COLUMNS], "column 3 is not in the plan: tokenise, keep or drop it"),
    (["--dry-run", *COLUMNS, "--keep", "city", "--drop", "phone"], "column `phone` is named twice"),
    (["--dry-run", *COLUMNS, *KEEP, "--drop", "town"], "there is no column `town`"),
    (["--dry-run", "--column", "phone=mobile_no:random"], "random tokens belong to registered people"),
    (["--dry-run", "--column", "phone=mobile_no:ff3"], "kind is one of random, deterministic, format_preserving"),
    (["--dry-run", "--column", "phone=shoe_size:deterministic"], "the catalogue has no such field"),
    (["--dry-run", "--column", "phone=mobile_no:format_preserving:mobile:region"], "cannot keep the region"),
    (["--dry-run", "--column", "phone"], "a column is written COLUMN=FIELD:KIND"),
    (["--dry-run", "--column", "phone=id_card_no:deterministic", *KEEP, "--drop", "device"], "does not reach"),
    (["--dry-run"], "columns: a table of columns is needed"),
    ([*COLUMNS, *KEEP], "give either --out or --dry-run"),
    (["--dry-run", "--plan", "people.csv"], "not a YAML table"),
]  # fmt: skip


@pytest.mark.parametrize(("options", "said"), BAD, ids=lambda part: part if isinstance(part, str) else "")
def test_a_plan_that_cannot_be_carried_out_is_refused(
    cli: Cli, people: Path, options: Sequence[str], said: str
) -> None:
    cli("setup", "000")
    done = cli("tokenise", str(people), *SCOPE, *options)
    assert (done.code, done.out) == (2, "")
    assert said in done.err
    assert PEOPLE[0].mobile_no not in done.err


@pytest.mark.parametrize(
    ("scope", "said"),
    [
        (["--tenant", "nobody", *SCOPE[2:]], "consent/tenant_not_found"),
        ([*SCOPE[:2], "--recipient", "nobody", *SCOPE[4:]], "consent/party_not_found"),
        ([*SCOPE[:4], "--purpose", "nothing"], "consent/purpose_not_found"),
    ],
    ids=["tenant", "recipient", "purpose"],
)
def test_only_registered_recipients_and_purposes_are_served(
    cli: Cli, people: Path, folder: Path, scope: Sequence[str], said: str
) -> None:
    cli("setup", "000")
    done = cli("tokenise", str(people), *scope, *COLUMNS, *KEEP, "--out", "made")
    assert done.code == 2
    assert said in done.err
    assert not (folder / "made").exists()


def test_a_folder_with_something_else_is_left_alone(cli: Cli, people: Path, folder: Path) -> None:
    cli("setup", "000")
    (folder / "made").mkdir()
    (folder / "made" / "mine.txt").write_text("mine")
    done = cli("tokenise", str(people), *SCOPE, *COLUMNS, *KEEP, "--out", "made")
    assert (done.code, "not empty" in done.err) == (2, True)
    assert [path.name for path in (folder / "made").iterdir()] == ["mine.txt"]
