"""One event, one line of JSON, nothing about a person."""

import io
import json
import logging
import stat
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from api.logs import JsonFormatter, configure
from api.options import LogSettings

CANARY = "11010519491231002X"


@pytest.fixture
def lines() -> Iterator[Callable[[], list[dict[str, Any]]]]:
    """What was logged since, parsed line by line."""
    root = logging.getLogger()
    before, level = root.handlers, root.level
    stream = io.StringIO()
    configure(LogSettings(), stream=stream)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    root.handlers, root.level = before, level
    logging.captureWarnings(capture=False)


Lines = Callable[[], list[dict[str, Any]]]


async def test_a_request_is_one_line_without_path_and_query(
    lines: Lines, http: httpx.AsyncClient, bearer: Callable[..., dict[str, str]]
) -> None:
    await http.get(f"/test/audit/{CANARY}?q={CANARY}", headers=bearer("auditor", name="ann"))
    (line,) = [line for line in lines() if line["log"] == "yumen.access"]
    assert line["route"] == "/test/audit/{name}"
    assert (line["method"], line["status"], line["tenant"], line["caller"]) == ("GET", 200, "lender", "ann")
    assert CANARY not in json.dumps(lines())


async def test_a_subject_is_not_named(
    lines: Lines, http: httpx.AsyncClient, bearer: Callable[..., dict[str, str]]
) -> None:
    reference = "sub_" + "b" * 26
    await http.get("/test/score", headers=bearer("subject", name=reference))
    (line,) = [line for line in lines() if line["log"] == "yumen.access"]
    assert (line["status"], line["roles"], line["problem"]) == (403, ["subject"], "identity/role_missing")
    assert reference not in json.dumps(lines())


async def test_a_fault_is_logged_by_place_and_not_by_message(
    lines: Lines, http: httpx.AsyncClient, bearer: Callable[..., dict[str, str]]
) -> None:
    await http.get(f"/test/break/{CANARY}", headers=bearer("scorer"))
    (line,) = [line for line in lines() if line["log"] == "yumen.events" and line["level"] == "error"]
    assert line["error"]["classes"] == ["builtins.RuntimeError"]
    assert any("break_it" in place for place in line["error"]["places"])
    assert CANARY not in json.dumps(lines())


@pytest.mark.parametrize("text", ["a\r\nb", "a\x00b", "a\u2028b\u2029c", "\x1b[31mred", "x" * 65_536, '"}\n{"'])
def test_what_is_logged_stays_one_line_and_can_be_read_back(lines: Lines, text: str) -> None:
    logging.getLogger("yumen.test").warning("%s", text)
    (line,) = lines()
    assert line["event"] == text


def test_what_a_library_logs_is_shown_without_its_arguments(lines: Lines) -> None:
    logging.getLogger("driver").warning("cannot store %s", CANARY)
    (line,) = lines()
    assert line["event"] == "cannot store %s"


def test_the_message_of_a_fault_is_shown_in_debugging_only() -> None:
    try:
        int(CANARY)
    except ValueError:
        record = logging.LogRecord("yumen.x", logging.ERROR, "", 0, "failed", (), sys.exc_info())
    assert CANARY not in JsonFormatter().format(record)
    assert CANARY in JsonFormatter(debug=True).format(record)


def test_a_log_file_is_closed_to_others_and_kept_as_long_as_set(tmp_path: Path) -> None:
    root = logging.getLogger()
    before, level = root.handlers, root.level
    file = tmp_path / "yumen.log"
    configure(LogSettings(file=file, retention_days=200))
    handler: Any = root.handlers[0]
    logging.getLogger("yumen.test").warning("hello")
    handler.close()
    root.handlers, root.level = before, level
    logging.captureWarnings(capture=False)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert handler.backupCount == 200
    assert json.loads(file.read_text())["event"] == "hello"
