"""From exceptions to one line and an exit code.

Rules:
- 2: what the caller gave cannot be used (arguments, files, settings); 1: a check failed or a part is not there;
- messages of our own errors are shown, since they hold no values; messages of drivers and of Python never are, since
  they may;
- exceptions are told apart by their codes and where they come from, so that no room is imported to report one.
"""

from __future__ import annotations

import inspect
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import typer
import yaml

from api.cli.language import LANGUAGE, Language, both, told
from api.cli.terminal import complain

KINDS = Path(__file__).parents[1] / "problems" / "kinds.yaml"  # read, not imported: that takes a second
BAD_INPUT = 2
FAILED = 1
ROOMS = frozenset({"api", "catalog", "consent", "examples", "gate", "lineage", "vault"})
DRIVERS = frozenset({"sqlalchemy", "asyncpg", "sqlite3", "aiosqlite"})
FAILURES = frozenset(
    {
        "consent/history_broken",
        "gate/closed",
        "gate/config_moved",
        "gate/contended",
        "gate/engine",
        "gate/engine_answer",
        "gate/engine_late",
        "gate/engine_revision",
        "gate/engine_unavailable",
        "gate/erasure_incomplete",
        "gate/load_contended",
        "gate/load_source_changed",
        "gate/load_too_many_rejects",
        "gate/people_contended",
        "gate/policy_unavailable",
        "gate/unavailable",
        "lineage/checkpoint_malformed",
        "lineage/log_ahead",
        "lineage/log_damaged",
        "lineage/log_forked",
        "lineage/log_not_ready",
        "lineage/log_quorum",
        "lineage/log_unwritable",
        "lineage/log_wrong_key",
        "lineage/note_malformed",
        "lineage/note_signature",
        "lineage/pack_refused",
        "lineage/stream_contended",
        "migrate/ledger_loss",
        "vault/key_disabled",
        "vault/key_exhausted",
        "vault/key_in_use",
        "service/database_behind",
        "service/ends_malformed",
        "service/ends_unavailable",
        "vault/key_missing",
        "vault/key_moved",
        "vault/kms_answer",
        "vault/kms_key_missing",
        "vault/kms_refused",
        "vault/kms_unavailable",
        "vault/tampered",
        "vault/wrong_root_key",
    }
)
NO_DATABASE = both(
    "the database does not answer ({name}); is database_url right, and does it run?",
    "数据库没有应答（{name}）；请检查 database_url 以及数据库是否在运行",
)
NO_SOURCE = both(
    "the database to classify does not answer ({name}); is its URL right, and does it run?",
    "待分类的数据库没有应答（{name}）；请检查其 URL 以及数据库是否在运行",
)
INTERNAL = both(
    "this is a fault of Yumen itself: {name} at {place}; nothing more was done",
    "这是 Yumen 自身的错误：{name}，位于 {place}；操作已停止",
)


class CommandError(Exception):
    """A command cannot go on; ``lines`` say why and what to do, in the caller's language."""

    def __init__(self, *lines: str, code: int = BAD_INPUT) -> None:
        super().__init__(*lines)
        self.lines = lines
        self.code = code


@contextmanager
def reported() -> Iterator[None]:
    """Turn whatever a command raises into lines on standard error and an exit code."""
    try:
        yield
    except (typer.Exit, typer.Abort, typer.TyperException, KeyboardInterrupt, BrokenPipeError):
        raise
    except Exception as error:
        code, lines = report(error)
        complain(lines)
        raise typer.Exit(code) from error


def report(error: BaseException) -> tuple[int, list[str]]:
    """The exit code and the lines of an error."""
    if isinstance(error, CommandError):
        return error.code, list(error.lines)
    if isinstance(error, BaseExceptionGroup):
        return report(error.exceptions[0])
    kind = type(error)
    room = kind.__module__.partition(".")[0]
    if room in ROOMS:
        return _ours(error)
    if room in DRIVERS or isinstance(error, ConnectionError | TimeoutError):
        return FAILED, [told(NO_DATABASE).format(name=kind.__name__)]
    if isinstance(error, OSError):
        return BAD_INPUT, [_file(error)]
    return FAILED, [told(INTERNAL).format(name=kind.__name__, place=_place(error))]


def _ours(error: BaseException) -> tuple[int, list[str]]:
    """An error of one of our rooms: its message holds no values."""
    faults = getattr(error, "faults", None)
    code = getattr(type(error), "code", None)
    if code is None and faults is not None:
        return BAD_INPUT, [str(fault) for fault in faults]
    said = str(error) or (inspect.getdoc(type(error)) or "").partition("\n")[0].rstrip(".")
    lines = said.splitlines() or [type(error).__name__]
    if code is not None:
        title = _title(code)
        if title:
            lines[0] = f"{title}：{lines[0]}"
        lines[-1] += f" [{code}]"
    return FAILED if code in FAILURES else BAD_INPUT, lines


def _title(code: str) -> str:
    """What a problem is called in Chinese, where Chinese is spoken; its details stay as the room says them."""
    if LANGUAGE.get() is not Language.ZH:
        return ""
    kinds = yaml.safe_load(KINDS.read_text(encoding="utf-8"))
    return str(kinds.get(code, {}).get("zh", ""))


def _file(error: OSError) -> str:
    name = Path(str(error.filename)).name if error.filename else ""
    return f"{name}: {error.strerror or type(error).__name__}" if name else str(error.strerror or type(error).__name__)


def _place(error: BaseException) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    return "?" if not frames else f"{Path(frames[-1].filename).name}:{frames[-1].lineno}"
