"""What the commands over whole tables have in common: options, reading a file and a plan, the extras they need."""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
import yaml

from api.cli.faults import CommandError
from api.cli.language import both, told
from api.cli.terminal import Terminal

NAME = re.compile(r"(?!.*[0-9]{5})[a-z][a-z0-9_]{0,62}")
NOT_INSTALLED = both("this needs {extra}; install yumen[{extra}]", "此命令需要可选组件 {extra}；请安装 yumen[{extra}]")
BROKEN_PLAN = both("--plan: line {line}: this is no YAML", "--plan：第 {line} 行：不符合 YAML 语法")
PLAN = typer.Option("--plan", metavar="FILE", help=both("The plan, YAML.", "方案文件，YAML。"), show_default=False)
Plan = Annotated[Path, PLAN]
Dataset = Annotated[
    str,
    typer.Option("--dataset", help=both("What the data is called.", "数据集名称。"), show_default=False),
]
Purpose = Annotated[
    str, typer.Option("--purpose", help=both("For which purpose.", "用于何种目的。"), show_default=False)
]
RecipientName = Annotated[
    str, typer.Option("--recipient", help=both("For which party.", "提供给哪一方。"), show_default=False)
]


def part(name: str, extra: str) -> Any:
    """A part that is installed only where it is wanted. Raises: CommandError."""
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise CommandError(told(NOT_INSTALLED).format(extra=extra)) from error


def named(dataset: str) -> str:
    """A name of a dataset. Raises: CommandError."""
    if NAME.fullmatch(dataset) is None:
        raise CommandError(
            told(both("--dataset: small letters, digits and _", "--dataset：只能用小写字母、数字和下划线"))
        )
    return dataset


def plan_of(path: Path) -> dict[str, Any]:
    """A plan's document. Raises: CommandError; OSError."""
    try:
        read = yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.MarkedYAMLError as fault:
        line = fault.problem_mark.line + 1 if fault.problem_mark else 1
        raise CommandError(told(BROKEN_PLAN).format(line=line)) from None
    except (yaml.YAMLError, UnicodeDecodeError, ValueError, RecursionError):
        read = None
    if not isinstance(read, dict):
        raise CommandError(told(both("--plan: not a YAML table", "--plan：不是 YAML 表")))
    return read


def table_of(term: Terminal, path: Path) -> Any:
    """A whole file as an Arrow table. Raises: CommandError; BulkSourceError; OSError."""
    arrow = part("pyarrow", "bulk")
    source = part("vault.bulk.files", "bulk").open_source(path)
    batches = []
    with watched(term, path.name) as progress:
        rows = 0
        for batch in source.batches():
            batches.append(batch)
            rows += len(batch)
            progress(rows, source.rows_total)
    if source.faulty_lines:
        count = len(source.faulty_lines)
        raise CommandError(
            told(both(f"{count} lines do not fit the header", f"有 {count} 行与表头不符")) + " [vault/bulk_source]"
        )
    return arrow.Table.from_batches(batches, source.schema)


@contextmanager
def watched(term: Terminal, title: str) -> Iterator[Any]:
    """A progress bar: a function of what is done and of all there is, None if unknown."""
    with term.progress() as bar:
        task = bar.add_task(title, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
