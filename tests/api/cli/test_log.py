"""``yumen log``: a service writes the log, an outsider verifies it by URL and by folder; receipts; bad input."""

import json
import signal
import sqlite3
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.api.cli.conftest import Cli
from tests.api.cli.test_serve import ended, serving, until
from tests.lineage.log.museum import THIEF
from tests.lineage.log.running import KEY


def key_of(cli: Cli) -> str:
    return str(cli("log", "key").out.strip())


def metric(url: str, name: str) -> float:
    text = httpx.get(f"{url}/metrics", timeout=5).text
    return max(float(line.split()[-1]) for line in text.splitlines() if line.startswith(f"{name} "))


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_service_writes_the_log_and_an_auditor_verifies_it_by_url(
    workers: str, both_databases: str, cli: Cli, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    del both_databases
    cli("setup", "000")
    with serving("--workers", workers) as (running, url):
        until((folder / "var" / "log" / "checkpoint").exists)
        until(lambda: cli("log", "status", "--json").document["waiting_s"] is None)
        status = cli("log", "status", "--json").document
        assert status["written"]
        assert status["keeps_up"]
        key, state = key_of(cli), str(folder / "seen.json")
        token = cli("token", "--role", "auditor", "--tenant", "xiaomi", "--name", "checker").out.strip()
        monkeypatch.setenv("YUMEN_TOKEN", token)
        seen = cli("log", "verify", f"{url}/v1/log", "--key", key, "--state", state, "--json")
        assert seen.code == 0, seen.out + seen.err
        assert seen.document["size"] == seen.document["good"] == status["size"] > 5
        monkeypatch.setenv("YUMEN_TOKEN", "x.y.z")
        refused = cli("log", "verify", f"{url}/v1/log", "--key", key)
        assert (refused.code, refused.out) == (2, "")
        assert "refuses the token" in refused.err
        assert ended(running, signal.SIGTERM)[0] == 0
    again = cli("log", "verify", "var/log", "--key", key, "--state", state, "--json").document
    assert (again["sound"], again["compared"]) == (True, 1)
    assert cli("check", "--json").document["log"]["fault_count"] == 0


def test_a_folder_that_cannot_be_written_shows_and_mends_itself(cli: Cli, folder: Path) -> None:
    cli("setup", "000")
    tiles = folder / "var" / "log" / "tile"
    tiles.parent.mkdir(parents=True)
    tiles.write_text("in the way")
    with serving() as (running, url):
        until(lambda: metric(url, "yumen_log_failing") == 1)
        body = httpx.get(f"{url}/readyz", timeout=5)
        parts = {part["name"]: part["state"] for part in body.json()["checks"]}
        assert (body.status_code, parts["ledger"]) == (200, "ok")  # reads and consents go on
        tiles.unlink()
        until(lambda: metric(url, "yumen_log_failing") == 0)
        assert metric(url, "yumen_log_size") > 0
        _, err = ended(running, signal.SIGTERM)
    events = [json.loads(line)["event"] for line in err.splitlines() if line.startswith("{")]
    assert "the transparency log cannot be written: lineage/log_unwritable" in events
    assert "the transparency log is written again" in events


def test_a_log_that_waits_too_long_is_said_by_status_and_readiness(cli: Cli, folder: Path) -> None:
    cli("setup", "000")
    with sqlite3.connect(folder / "var" / "yumen.db") as database:
        database.execute("DROP TRIGGER ledger_entries_no_update")
        database.execute("UPDATE ledger_entries SET at_us = at_us - 60000000")
    cli("log", "run", "--once")
    (folder / "var" / "log" / "checkpoint").unlink()
    status = cli("log", "status", "--json")
    assert (status.code, status.document["keeps_up"], status.document["size"]) == (1, False, 0)
    with serving("--config", str(config(folder))) as (_, url):
        checks = {part["name"]: part["state"] for part in httpx.get(f"{url}/readyz", timeout=5).json()["checks"]}
    assert checks["log"] == "failed"


def config(folder: Path) -> Path:
    """Settings under which the service does not write the log."""
    path = folder / "yumen.toml"
    path.write_text("[transparency]\nrun = false\n")
    return path


def logged(cli: Cli) -> str:
    """A ledger with a log; its key."""
    cli("setup", "000")
    assert cli("log", "run", "--once", "--json").document["size"] > 5
    return key_of(cli)


def test_a_receipt_is_made_and_checked_offline(both_databases: str, cli: Cli, folder: Path) -> None:
    del both_databases
    key = logged(cli)
    entries = cli("entries", "--tenant", "xiaomi", "--json").document["entries"]
    number = min(int(entry["id"]) for entry in entries)
    (folder / "receipt.txt").write_text(cli("log", "prove", str(number)).out)
    shown: dict[str, Any] = next(entry for entry in entries if entry["id"] == str(number))
    (folder / "entry.json").write_text(json.dumps(shown))
    began = time.perf_counter()
    done = cli("log", "verify", "receipt.txt", "--key", key, "--entry", "entry.json", "--json")
    assert time.perf_counter() - began < 5
    assert (done.code, done.document["valid"]) == (0, True)
    (folder / "entry.json").write_text(json.dumps({**shown, "at": "2026-01-01T00:00:00.000000Z"}))
    other = cli("log", "verify", "receipt.txt", "--key", key, "--entry", "entry.json", "--json")
    assert (other.code, other.document) == (1, {"valid": False, "code": "lineage/proof_invalid"})
    stranger = cli("log", "verify", "receipt.txt", "--key", KEY.text, "--entry", "entry.json", "--json")
    assert (stranger.code, stranger.document["code"]) == (1, "lineage/note_signature")


def test_the_checkpoint_and_its_key_are_shown(cli: Cli) -> None:
    key = logged(cli)
    shown = cli("log", "checkpoint", "--json").document
    assert shown["note"].startswith(f"localhost/yumen\n{shown['size']}\n")
    assert key.startswith("localhost/yumen+")
    assert cli("log", "checkpoint").out.strip() == shown["note"].strip()
    witnesses = cli("log", "witness", "--json").document
    assert witnesses == {"quorum": 0, "cosigned": 0, "witnesses": []}


def test_a_log_rolled_back_is_refused_by_whoever_remembers(cli: Cli, folder: Path) -> None:
    key = logged(cli)
    log, state = folder / "var" / "log", str(folder / "seen.json")
    before = {path: path.read_bytes() for path in log.rglob("*") if path.is_file()}
    cli("setup", "001")
    cli("log", "run", "--once")
    assert cli("log", "verify", "var/log", "--key", key, "--state", state).code == 0
    for path, data in before.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    found = cli("log", "verify", "var/log", "--key", key, "--state", state, "--json")
    assert (found.code, [fault["code"] for fault in found.document["faults"]]) == (1, ["history/rollback"])
    assert "history/rollback" in cli("log", "verify", "var/log", "--key", key, "--state", state).out


def test_a_database_restored_behind_its_log_is_refused_with_a_reason(cli: Cli, folder: Path) -> None:
    logged(cli)
    database = folder / "var" / "yumen.db"
    backup = database.read_bytes()
    cli("setup", "001")
    cli("log", "run", "--once")
    for path in database.parent.glob("yumen.db*"):
        path.unlink()
    database.write_bytes(backup)
    done = cli("log", "run", "--once")
    assert done.code == 1
    assert "a backup of the database was restored" in done.err


def test_another_origin_is_refused_with_a_reason(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    logged(cli)
    monkeypatch.setenv("YUMEN_TRANSPARENCY__ORIGIN", "log.example/other")
    done = cli("log", "run", "--once")
    assert done.code == 1
    assert "lineage/log_wrong_key" in done.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("verify", "nowhere", "--key", KEY.text), "no such folder"),
        (("verify", ".", "--key", "nonsense"), "lineage/log_key"),
        (("verify", ".", "--key", KEY.text, "--state", "odd.json"), "lineage/log_state"),
        (("verify", ".", "--key", KEY.text, "--entry", "odd.json"), "--entry belongs"),
        (("verify", "odd.json", "--key", KEY.text), "--entry"),
        (("verify", "odd.json", "--key", KEY.text, "--entry", "odd.json"), "lineage/receipt_malformed"),
        (("verify", ".", "--key", KEY.text, "--quorum", "1"), "--quorum"),
        (("verify", ".", "--key", KEY.text, "--witness", "nonsense"), "lineage/log_key"),
        (("prove", "0"), "greater than or equal to 1"),
        (("key",), "no database yet"),
        (("status",), "no database yet"),
    ],
)
def test_what_cannot_be_used_is_one_line_and_exit_code_two(
    arguments: tuple[str, ...], said: str, cli: Cli, folder: Path
) -> None:
    (folder / "odd.json").write_text("{}")
    done = cli("log", *arguments)
    assert (done.code, done.out) == (2, "")
    assert said in done.err
    assert done.err.count("\n") == 1


def test_an_empty_folder_is_no_log(cli: Cli, folder: Path) -> None:
    del folder
    done = cli("log", "verify", ".", "--key", KEY.text, "--json")
    assert (done.code, [fault["code"] for fault in done.document["faults"]]) == (1, ["checkpoint/missing"])
    assert THIEF.public_key != KEY.public
