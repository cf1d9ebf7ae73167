"""The scanning process: presidio stays in it, a late one is ended, the next caller gets a new one."""

import asyncio
import subprocess
import sys

import pytest

from api.options import ScanEngine
from api.scanner import Scanner
from catalog.classify.errors import ScanFailedError, TextTooLongError

TODAY = "2026-11-24"


async def test_both_engines_find_the_same() -> None:
    found = []
    for engine in ScanEngine:
        scanner = Scanner(engine=engine, deadline_s=30)
        answer = await scanner.text("身份证11010519491231002X", TODAY)
        found.append(
            [(one["kind"], one["start"], one["end"], one["score"], one["reasons"]) for one in answer["findings"]]
        )
        await scanner.close()
    assert found == [[("resident_id", 3, 21, 95, ["check_date_region", "context_for"])]] * 2


async def test_a_late_scan_fails_and_the_next_is_answered() -> None:
    scanner = Scanner(engine=ScanEngine.OWN, deadline_s=30)
    await scanner.text("warm", TODAY)
    process = scanner._process
    assert process is not None
    scanner._deadline_s = 0.0001
    with pytest.raises(ScanFailedError, match="highest grade"):
        await scanner.text("手机13800138000 " * 5000, TODAY)
    assert process.returncode is not None
    scanner._deadline_s = 30
    assert len((await scanner.text("手机13800138000", TODAY))["findings"]) == 1
    await scanner.close()


async def test_a_process_that_was_killed_is_noticed_and_replaced() -> None:
    scanner = Scanner(engine=ScanEngine.OWN, deadline_s=30)
    await scanner.text("warm", TODAY)
    assert scanner._process is not None
    scanner._process.kill()
    await scanner._process.wait()
    assert (await scanner.text("会议改到下午", TODAY))["findings"] == []
    await scanner.close()


async def test_callers_take_turns_and_a_crowd_is_turned_away() -> None:
    scanner = Scanner(engine=ScanEngine.OWN, deadline_s=30)
    answers = await asyncio.gather(
        *(scanner.text(f"手机1380013800{n % 10}", TODAY) for n in range(40)), return_exceptions=True
    )
    await scanner.close()
    refused = [one for one in answers if isinstance(one, ScanFailedError)]
    assert len(refused) == 24
    assert all(len(one["findings"]) == 1 for one in answers if isinstance(one, dict))


async def test_a_text_that_is_too_long_is_told_apart() -> None:
    scanner = Scanner(engine=ScanEngine.OWN, deadline_s=30)
    with pytest.raises(TextTooLongError):
        await scanner.text("1" * 100_001, TODAY)
    await scanner.close()


def test_the_gates_process_never_loads_presidio() -> None:
    code = (
        "import sys, api.app, api.cli.commands.classify, catalog.classify.worker, gate.loading;"
        "heavy = {'presidio_analyzer', 'spacy', 'numpy'};"
        "print(sorted(heavy & {name.partition('.')[0] for name in sys.modules}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
