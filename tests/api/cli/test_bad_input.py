"""Whatever is wrong: one line for each fault, the right exit code, no traceback, nothing of a person."""

import signal
import sqlite3
from contextlib import closing
from importlib import import_module
from pathlib import Path

import pytest

from api.cli import faults
from api.cli.faults import BAD_INPUT, FAILED, CommandError, report
from api.migrate import LedgerLossError
from api.problems import KINDS
from tests.api.cli.conftest import Cli, finished, process

RESIDENT_ID = "119999199104187398"
MUSEUM = {
    "unknown command": ["srve"],
    "unknown option": ["check", "--fast"],
    "too many arguments": ["status", RESIDENT_ID],
    "missing option": ["token", "--role", "scorer"],
    "unknown role": ["token", "--role", "king", "--tenant", "a", "--name", "b"],
    "mixed roles": ["token", "--role", "scorer", "--role", "auditor", "--tenant", "a", "--name", "b"],
    "tenant that is an identifier": ["token", "--role", "auditor", "--tenant", RESIDENT_ID, "--name", "b"],
    "name that is an identifier": ["token", "--role", "scorer", "--tenant", "a", "--name", RESIDENT_ID],
    "subject without a reference": ["token", "--role", "subject", "--tenant", "a", "--name", "lin"],
    "endless token": ["token", "--role", "scorer", "--tenant", "a", "--name", "b", "--life", "999d"],
    "timeless token": ["token", "--role", "scorer", "--tenant", "a", "--name", "b", "--life", "0s"],
    "strange token life": ["token", "--role", "scorer", "--tenant", "a", "--name", "b", "--life", "soon"],
    "port out of range": ["serve", "--port", "99999"],
    "port that is no number": ["serve", "--port", RESIDENT_ID[:-1] + "Q"],
    "no workers": ["serve", "--workers", "0"],
    "unknown language": ["--lang", "fr", "status"],
    "config that is not there": ["config", "check", "--config", "nowhere.toml"],
    "unknown revision": ["migrate", "--to", "9999"],
    "roles on SQLite": ["migrate", "--roles"],
    "unknown lender": ["setup", "099"],
    "dry run over HTTP": ["setup", "000", "--url", "http://127.0.0.1:1", "--dry-run"],
    "file that is not there": ["catalog", "check", "nowhere.yaml"],
    "folder as a file": ["policy", "test", "."],
    "unknown reason": ["policy", "reasons", "NOBODY_KNOWS"],
    "no database to look at": ["entries", "--tenant", "xiaomi"],
    "no database to check": ["check"],
    "no database for grants": ["grants", "sub_" + "a" * 26, "--tenant", "xiaomi"],
    "grants of an identifier": ["grants", RESIDENT_ID, "--tenant", "xiaomi"],
    "bad instant": ["entries", "--tenant", "xiaomi", "--from", "yesterday"],
    "bad kind": ["entries", "--tenant", "xiaomi", "--kind", "reads"],
    "bad outcome": ["entries", "--tenant", "xiaomi", "--outcome", "fine"],
    "page too large": ["entries", "--tenant", "xiaomi", "--limit", "5000"],
    "load of nothing": ["load", "nowhere.csv", "--tenant", "xiaomi", "--view", "credit_profile"],
    "people of nothing": ["subjects", "load", "nowhere.csv", "--tenant", "xiaomi"],
    "instant without zone": ["load", "x.csv", "--tenant", "a", "--view", "b", "--observed-at", "2026-01-01T00:00:00"],
    "instant that is none": ["load", "x.csv", "--tenant", "a", "--view", "b", "--observed-at", "now"],
    "tenant that is no name": ["tenants", "add", RESIDENT_ID, "--zh", "某", "--en", "Some"],
}


@pytest.mark.parametrize("arguments", MUSEUM.values(), ids=MUSEUM.keys())
def test_bad_input_is_one_line_and_exit_code_two(arguments: list[str], cli: Cli) -> None:
    done = cli(*arguments)
    assert done.code == BAD_INPUT, done
    assert done.out == ""
    lines = done.err.splitlines()
    assert len(lines) == 1
    assert lines[0].startswith("yumen: ")
    assert RESIDENT_ID[:-1] not in done.err
    assert "Traceback" not in done.err


def test_bad_input_is_told_in_chinese_too(cli: Cli) -> None:
    done = cli("--lang", "zh", "check")
    assert "还没有数据库" in done.err


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("YUMEN_DATABASE_URL", "mysql://someone:hush@db/x"),
        ("YUMEN_DATABASE_URL", "not a url hush"),
        ("YUMEN_PORT", "hush"),
        ("YUMEN_PROT", "hush"),
        ("YUMEN_MODE", "hush"),
    ],
)
def test_settings_that_cannot_be_used_are_named_without_their_value(
    name: str, value: str, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    for arguments in (["config", "check"], ["status"], ["check"], ["migrate"]):
        done = cli(*arguments)
        assert done.code == BAD_INPUT
        assert "hush" not in done.out + done.err
        assert done.err.startswith("yumen: ")


def test_a_database_that_does_not_answer_is_exit_code_one(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("YUMEN_DATABASE_URL", "postgresql://someone:hush@127.0.0.1:1/nothing")
    for arguments in (["check"], ["migrate"], ["tenants", "list"]):
        done = cli(*arguments)
        assert done.code == FAILED
        assert len(done.err.splitlines()) == 1
        assert "does not answer" in done.err
        assert "hush" not in done.err


def test_a_file_that_is_no_database_is_told(cli: Cli, folder: Path) -> None:
    (folder / "var").mkdir()
    (folder / "var" / "yumen.db").write_bytes(b"something else entirely" * 100)
    done = cli("tenants", "list")
    assert done.code == FAILED
    assert len(done.err.splitlines()) == 1


def test_a_root_key_open_to_others_is_refused(cli: Cli, folder: Path) -> None:
    assert cli("migrate").code == 0
    (folder / "var" / "root.key").write_bytes(b"x" * 64)
    (folder / "var" / "root.key").chmod(0o644)
    done = cli("check")
    assert done.code in {BAD_INPUT, FAILED}
    assert len(done.err.splitlines()) == 1
    assert "Traceback" not in done.err


def test_a_fault_of_our_own_is_told_by_name_and_place_alone() -> None:
    secret = RESIDENT_ID
    with pytest.raises(KeyError) as caught:
        dict[str, int]()[secret]
    code, lines = report(caught.value)
    assert code == FAILED
    assert "KeyError" in lines[0]
    assert secret not in lines[0]


def test_errors_are_told_apart() -> None:
    assert report(CommandError("a", "b", code=1)) == (1, ["a", "b"])
    assert report(LedgerLossError("entries"))[0] == FAILED
    assert report(ExceptionGroup("several", [CommandError("inner")])) == (BAD_INPUT, ["inner"])
    assert report(IsADirectoryError(21, "Is a directory", "some/where"))[1] == ["where: Is a directory"]
    assert report(OSError(5, "Input/output error"))[1] == ["Input/output error"]
    assert report(ConnectionRefusedError())[0] == FAILED


RAISING = (
    *("api.ends", "api.migrate", "catalog.errors", "consent.errors", "gate.erasing", "gate.errors", "gate.loading"),
    *("lineage.errors", "lineage.log", "lineage.log.errors", "vault.errors"),
)


def test_every_code_that_means_failure_exists() -> None:
    modules = [import_module(name) for name in RAISING]
    found = {getattr(item, "code", None) for module in modules for item in vars(module).values()}
    assert faults.FAILURES - found == set()


def test_ctrl_c_ends_a_command_quietly(folder: Path) -> None:
    finished("migrate")
    with process("setup", "002", cwd=folder, start_new_session=True) as running:
        while not (folder / "var" / "root.key").exists():
            assert running.poll() is None
        running.send_signal(signal.SIGINT)
        out, err = running.communicate(timeout=60)
    assert running.returncode == 130
    assert out == ""
    assert "Traceback" not in err


def test_a_pipe_that_closes_early_is_no_fault(folder: Path) -> None:
    with process("policy", "reasons", "--json", cwd=folder) as running:
        assert running.stdout is not None
        assert running.stderr is not None
        running.stdout.close()
        err = running.stderr.read()
    assert "Traceback" not in err


TRIGGERS = "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'consent_registry'"
TENANTED = [
    ["audit"],
    ["budget", "list"],
    ["catalog", "views"],
    ["check"],
    ["check", "--without-key"],
    ["entries"],
    ["erase", "due"],
    ["export", "compliance"],
    ["export", "evidence", "--from", "2026-01-01", "--out", "made"],
    ["export", "query-log", "--from", "2026-01-01", "--out", "made"],
    ["lineage", "field", "mobile_no"],
    ["lineage", "grades"],
    ["lineage", "graph", "--field", "mobile_no"],
    ["lineage", "tasks"],
    ["purge"],
    ["replay"],
]


DRY_RUNS: list[list[str]] = [
    ["catalog", "load", "views.yaml", "--tenant", "xiaomi"],
    ["erase", "due", "--tenant", "xiaomi"],
    ["erase", "file", "refs.txt", "--tenant", "xiaomi"],
    ["load", "values.csv", "--tenant", "xiaomi", "--view", "account_profile"],
    ["purge", "--tenant", "xiaomi"],
    ["restore"],
    ["subject", "erase", "sub_" + "a" * 26, "--tenant", "xiaomi"],
    ["subjects", "load", "people.csv", "--tenant", "xiaomi"],
]


@pytest.mark.parametrize("arguments", DRY_RUNS, ids=" ".join)
def test_a_dry_run_makes_no_database_and_no_key(arguments: list[str], cli: Cli, folder: Path) -> None:
    for name in ("views.yaml", "values.csv", "people.csv"):
        (folder / name).write_text("subject\n")
    (folder / "refs.txt").write_text("sub_" + "a" * 26 + "\n")
    done = cli(*arguments, "--dry-run")
    assert (done.code, "there is no database yet" in done.err) == (BAD_INPUT, True), done.err
    assert not list((folder / "var").glob("*"))


@pytest.mark.parametrize("tenant", ["xiaomii", RESIDENT_ID])
def test_a_tenant_that_was_never_registered_is_refused_everywhere(tenant: str, cli: Cli, folder: Path) -> None:
    cli("setup", "000")
    for arguments in TENANTED:
        done = cli(*arguments, "--tenant", tenant)
        assert (done.code, done.out, done.err.count("\n")) == (BAD_INPUT, "", 1), arguments
        assert "consent/tenant_not_found" in done.err, arguments
        assert RESIDENT_ID not in done.err
    assert not (folder / "made").exists()


def test_an_error_of_a_room_has_its_chinese_title_where_chinese_is_spoken(cli: Cli) -> None:
    cli("setup", "000")
    done = cli("--lang", "zh", "check", "--tenant", "xiaomii")
    assert done.code == BAD_INPUT
    assert done.err.startswith(f"yumen: {KINDS['consent/tenant_not_found'].zh}：")
    assert "[consent/tenant_not_found]" in done.err
    assert KINDS["consent/tenant_not_found"].zh not in cli("check", "--tenant", "xiaomii").err


def test_an_audit_still_runs_when_the_tenants_own_row_was_deleted(cli: Cli, folder: Path) -> None:
    cli("setup", "000")
    with closing(sqlite3.connect(folder / "var" / "yumen.db")) as database, database:
        for (name,) in database.execute(TRIGGERS).fetchall():
            database.execute(f"DROP TRIGGER {name}")
        database.execute("DELETE FROM consent_registry WHERE tenant = 'xiaomi'")
    done = cli("audit", "--tenant", "xiaomi", "--json")
    assert (done.code, done.document["agrees"]) == (FAILED, False), done.err


def test_an_identifier_in_place_of_a_columns_id_is_not_repeated(cli: Cli) -> None:
    cli("setup", "000")
    done = cli("catalog", "review", RESIDENT_ID, "--tenant", "xiaomi")
    assert (done.code, "catalog/column_not_found" in done.err, RESIDENT_ID in done.err) == (BAD_INPUT, True, False)


def test_an_evidence_pack_is_about_somebody_the_ledger_knows(cli: Cli, folder: Path) -> None:
    cli("setup", "000")
    for name, code in ((RESIDENT_ID, "lineage/filter_invalid"), ("ps_" + "a" * 26, "consent/subject_not_found")):
        done = cli("export", "evidence", "--tenant", "xiaomi", "--subject", name, "--out", "made.tar.gz")
        assert (done.code, code in done.err, RESIDENT_ID in done.err) == (BAD_INPUT, True, False)
        assert not (folder / "made.tar.gz").exists()
