"""``yumen demo`` as a person runs it: its exit codes, what it says, what it leaves behind."""

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from api.demo.server import ROOT, command
from examples.lender import HERE

pytestmark = pytest.mark.slow


def environment(tmp_path: Path) -> dict[str, str]:
    (tmp_path / "tmp").mkdir(exist_ok=True)
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("YUMEN_", "COV"))}
    return {**kept, "PYTHONPATH": str(ROOT), "TMPDIR": str(tmp_path / "tmp"), "NO_COLOR": "1"}


def demo(tmp_path: Path, *arguments: str, **changes: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command("demo", *arguments),
        env={**environment(tmp_path), **changes},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )


def left_behind(tmp_path: Path) -> list[str]:
    return sorted(str(path) for path in (tmp_path / "tmp").iterdir())


def running(folder: Path) -> list[str]:
    """Command lines of processes that work in a folder."""
    found = []
    for process in Path("/proc").iterdir():
        try:
            if process.name.isdigit() and str((process / "cwd").readlink()).startswith(str(folder)):
                found.append((process / "cmdline").read_text().replace("\0", " "))
        except OSError:
            continue  # ended meanwhile, or another user's
    return found


def broken_lender(tmp_path: Path, before: str, after: str) -> Path:
    folder = tmp_path / "001_broken"
    shutil.copytree(HERE / "001_jiebei", folder)
    story = folder / "story.yaml"
    text = story.read_text("utf-8")
    assert before in text
    story.write_text(text.replace(before, after), "utf-8")
    return folder


def test_a_narrow_terminal_without_colour_shows_the_whole_story(tmp_path: Path) -> None:
    done = demo(tmp_path, "--lender", "001", COLUMNS="60")
    assert done.returncode == 0, done.stderr
    assert "\x1b[" not in done.stdout
    assert max(len(line) for line in done.stdout.splitlines()) <= 60
    for said in (
        "POST /v1/reads → 200",
        "GRANT_WITHDRAWN",
        "该个人已撤回同意",
        "The person has withdrawn consent",
        "Art. 15",
        "15 of 15 steps came out as told",
        "Try next",
    ):
        assert said in done.stdout, said
    assert left_behind(tmp_path) == []
    assert running(tmp_path) == []


def test_json_is_one_document_and_a_kept_folder_holds_the_service_s_files(tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    done = demo(tmp_path, "--lender", "004", "--json", "--keep", str(kept))
    document: dict[str, Any] = json.loads(done.stdout)
    assert done.returncode == 0
    assert document["good"] is True
    assert document["ledger"]["faults"] == []
    first = document["steps"][0]
    assert (first["lender"], first["step"], first["who"]) == ("004_huabei_sesame", 1, "subject xu")
    assert all(step["as_told"] for step in document["steps"])
    assert {"yumen.db", "root.key", "service.log"} <= {path.name for path in kept.iterdir()}
    assert kept.stat().st_mode & 0o077 == 0
    with closing(sqlite3.connect(kept / "yumen.db")) as database:
        [(tenant, score)] = database.execute("SELECT tenant, score FROM lineage_scores").fetchall()
    asked = subprocess.run(
        command("lineage", "score", score, "--tenant", tenant, "--lang", "zh"),
        env={**environment(tmp_path), "YUMEN_DATA_DIR": str(kept)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "huabei_limit_model 3.1" in asked.stdout
    assert "完全自动化  ✓" in asked.stdout
    assert "huabei_credit:zhima_score  plain" in asked.stdout
    again = demo(tmp_path, "--lender", "004", "--keep", str(kept))
    assert again.returncode == 2
    assert "not empty" in again.stderr


def test_a_step_that_comes_out_otherwise_ends_with_one_and_says_which(tmp_path: Path) -> None:
    folder = broken_lender(tmp_path, "zhima_score: 682", "zhima_score: 683")
    done = demo(tmp_path, "--lender", str(folder))
    assert done.returncode == 1
    assert "NOT AS TOLD" in done.stdout
    assert "001_broken step 4: credit_standing:zhima_score: expected the value 683, got 682" in " ".join(
        done.stdout.replace("│", " ").split()
    )
    assert left_behind(tmp_path) == []


def test_a_fault_in_a_story_is_one_line_before_anything_starts(tmp_path: Path) -> None:
    folder = broken_lender(tmp_path, "do: withdraw", "do: retract")
    done = demo(tmp_path, "--lender", str(folder))
    assert done.returncode == 2
    assert "story.yaml" in done.stderr
    assert "retract" in done.stderr
    assert done.stderr.count("\n") == 1
    assert left_behind(tmp_path) == []


def test_an_unknown_lender_is_named(tmp_path: Path) -> None:
    done = demo(tmp_path, "--lender", "nobody")
    assert done.returncode == 2
    assert "nobody: no lender" in done.stderr


def test_a_lender_the_service_refuses_ends_the_demonstration(tmp_path: Path) -> None:
    folder = tmp_path / "001_refused"
    shutil.copytree(HERE / "001_jiebei", folder)
    people = folder / "people.csv"
    people.write_text(people.read_text("utf-8").replace("119999199301257447", "119999199301257440"), "utf-8")
    done = demo(tmp_path, "--lender", str(folder))
    assert done.returncode == 2
    assert "person he" in done.stderr
    assert "1199991993" not in done.stderr
    assert left_behind(tmp_path) == []
    assert running(tmp_path) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["ctrl-c", "terminated"])
def test_an_interrupted_demonstration_leaves_nothing(tmp_path: Path, number: signal.Signals) -> None:
    with subprocess.Popen(
        command("demo", "--lender", "001", "--speed", "0.05"),
        env=environment(tmp_path),
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert any("POST /v1/reads" in line for line in process.stdout)
        assert left_behind(tmp_path) != []
        began = time.monotonic()
        process.send_signal(number)
        _, said = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "Traceback" not in said
    assert time.monotonic() - began < 15
    assert left_behind(tmp_path) == []
    assert running(tmp_path) == []
