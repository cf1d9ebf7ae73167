"""What the commands that load files have in common: options, progress, the answer."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Group, RenderableType

from api.cli.faults import FAILED
from api.cli.language import both
from api.cli.terminal import Terminal
from gate.loading import GuardPolicy, LoadOptions, LoadProgress, LoadSummary, OnProgress
from gate.loading.reports import MESSAGES

File = Annotated[
    Path,
    typer.Argument(
        metavar="FILE", help=both("CSV (UTF-8) or Parquet.", "CSV（UTF-8）或 Parquet。"), show_default=False
    ),
]
Tenant = Annotated[str, typer.Option("--tenant", help=both("Tenant.", "租户。"), show_default=False)]
DryRun = Annotated[bool, typer.Option("--dry-run", help=both("Check everything, store nothing.", "只检查，不保存。"))]
Again = Annotated[
    bool, typer.Option("--again", help=both("Load a file that was loaded before.", "再次加载已加载过的文件。"))
]
MaxRejects = Annotated[
    int | None,
    typer.Option(
        "--max-rejects",
        min=0,
        help=both("Stop when more rows than this are refused.", "拒绝的行数超过此数即停止。"),
        show_default=False,
    ),
]
Report = Annotated[
    Path | None,
    typer.Option(
        "--report",
        help=both(
            "Write refused rows here, a JSON object a line, without values.",
            "把被拒绝的行写到此处，每行一个 JSON，不含数值。",
        ),
        show_default=False,
    ),
]
Ignore = Annotated[
    list[str] | None,
    typer.Option(
        "--ignore", help=both("A column to leave aside; may be repeated.", "忽略的列，可重复。"), show_default=False
    ),
]


def options(  # noqa: PLR0913  options of a command
    *,
    max_rejects: int | None,
    report: Path | None,
    ignore: list[str] | None,
    dry_run: bool,
    again: bool,
    guard: GuardPolicy = GuardPolicy.REFUSE,
) -> LoadOptions:
    """The options of a load as the command line and the settings give them."""
    return LoadOptions(
        max_rejects=max_rejects,
        report=report,
        ignore=frozenset(ignore or ()),
        dry_run=dry_run,
        again=again,
        guard=guard,
    )


@contextmanager
def watched(term: Terminal, title: str) -> Iterator[OnProgress]:
    """A progress bar for a load."""
    with term.progress() as bar:
        task = bar.add_task(title, total=None)

        def advance(progress: LoadProgress) -> None:
            refused = term.say(f", {progress.rows_rejected} refused", f"，拒绝 {progress.rows_rejected}")
            shown = title + (refused if progress.rows_rejected else "")
            bar.update(task, completed=progress.rows_done, total=progress.rows_total, description=shown)

        yield advance


def answer(term: Terminal, summary: LoadSummary, *, dry_run: bool, report: Path | None) -> int:
    """Tell how a load ended; exit code 1 if rows were refused."""
    document = {
        "source": summary.source,
        "rows": summary.rows_done,
        "refused": summary.rows_rejected,
        "resumed_at": summary.resumed_at,
        "was_loaded": summary.was_loaded,
        "dry_run": dry_run,
        "codes": dict(summary.codes),
    }
    term.answer(document, lambda: _shown(term, summary, dry_run=dry_run, report=report))
    return FAILED if summary.rows_rejected and not summary.was_loaded else 0


def _shown(term: Terminal, summary: LoadSummary, *, dry_run: bool, report: Path | None) -> RenderableType:
    rows, refused = summary.rows_done, summary.rows_rejected
    if summary.was_loaded:
        return term.say(
            f"This file was loaded before: {rows} rows. --again loads it once more.",
            f"该文件已加载过：{rows} 行。如需再次加载，请用 --again。",
        )
    done = term.say(f"{rows} rows, {refused} refused", f"{rows} 行，拒绝 {refused} 行")
    if dry_run:
        done += term.say("; nothing was stored", "；未保存")
    if summary.resumed_at:
        done += term.say(f"; went on after row {summary.resumed_at}", f"；从第 {summary.resumed_at} 行之后继续")
    parts: list[RenderableType] = [done]
    if summary.codes:
        columns = (both("not stored because", "未保存原因"), both("cells", "单元格数"), "")
        cells = [(code, count, MESSAGES.get(code, "")) for code, count in sorted(summary.codes.items())]
        parts.append(term.table(columns, cells))
        if report is None:
            parts.append(term.say("--report FILE lists the rows.", "用 --report FILE 列出这些行。"))
    return Group(*parts)
