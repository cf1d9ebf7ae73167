"""``yumen tokenise``: chosen columns of a file to tokens for one recipient and purpose."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Group, RenderableType

from api.cli import loads, tables
from api.cli.acting import LEDGER_BY
from api.cli.command import application, command
from api.cli.faults import FAILED, CommandError
from api.cli.language import both, told
from api.cli.parts import run, settings_of
from api.cli.tables import Purpose, RecipientName
from api.cli.terminal import Terminal
from api.jobs import finish, prepare
from vault.bulk_plans import Recipient, read_column

if TYPE_CHECKING:
    from vault.bulk.runs import Tally

APP = application()
Out = Annotated[
    Path | None,
    typer.Option(
        "--out",
        metavar="FOLDER",
        help=both("Folder for the parts of the result.", "存放结果各分片的目录。"),
        show_default=False,
    ),
]
Plan = Annotated[Path | None, tables.PLAN]
Column = Annotated[
    list[str] | None,
    typer.Option(
        "--column",
        metavar="COLUMN=FIELD:KIND[:OF[:KEEP]]",
        help=both(
            "A column to tokenise, its field, and deterministic, reversible or format_preserving; may be repeated.",
            "要令牌化的列、其字段，以及 deterministic、reversible 或 format_preserving；可重复。",
        ),
        show_default=False,
    ),
]
Keep = Annotated[
    list[str] | None,
    typer.Option("--keep", help=both("A column to leave as it is; may be repeated.", "原样保留的列，可重复。")),
]
Drop = Annotated[
    list[str] | None,
    typer.Option("--drop", help=both("A column to leave out; may be repeated.", "舍弃的列，可重复。")),
]


@command(
    APP,
    "tokenise",
    text=both(
        "Turn identifiers in a CSV or Parquet file into tokens for one recipient and purpose; killed, it goes on where "
        "it stopped and gives the same bytes. Exit code 1 if cells were refused.",
        "把 CSV 或 Parquet 文件中的标识符变为面向某一接收方与目的的令牌；中断后可继续，结果逐字节相同。"
        "有单元格被拒绝时退出码为 1。",
    ),
    example="yumen tokenise people.parquet --tenant xiaomi --recipient xiaomi_finance --purpose limit_setting "
    "--column phone=mobile_no:format_preserving --keep city --out tokens",
)
def run_tokenise(  # noqa: PLR0913  options of a command
    term: Terminal,
    *,
    file: loads.File,
    tenant: loads.Tenant,
    recipient: RecipientName,
    purpose: Purpose,
    plan: Plan = None,
    column: Column = None,
    keep: Keep = None,
    drop: Drop = None,
    out: Out = None,
    dry_run: loads.DryRun = False,
) -> int:
    """Tokenise a file."""
    if (out is None) != dry_run:
        raise CommandError(told(both("give either --out or --dry-run", "请给出 --out 或 --dry-run 之一")))
    runs = tables.part("vault.bulk.runs", "bulk")
    settings = settings_of(term)
    recorded = out is not None
    asked = Recipient(tenant, purpose, recipient)
    keys, ready = run(
        prepare(settings, _document(plan, column, keep=keep, drop=drop), asked, by=LEDGER_BY, recorded=recorded)
    )
    with tables.watched(term, file.name) as progress:  # no event loop is under way here: Ctrl-C ends it at once
        tally: Tally = runs.tokenise_file(runs.Run(file, out, ready, asked), keys, progress)
    if recorded and not tally.was_done:
        counts = {"rows": tally.rows, "tokens": tally.tokens, "nulls": tally.nulls, "refused": tally.refused}
        run(finish(settings, ready, asked, by=LEDGER_BY, counts=counts))
    return _answer(term, tally, dry_run=dry_run, out=out)


def _document(
    plan: Path | None, columns: Sequence[str] | None, *, keep: Sequence[str] | None, drop: Sequence[str] | None
) -> dict[str, Any]:
    """The plan as the file and the options give it together."""
    document = {} if plan is None else tables.plan_of(plan)
    if columns:
        given = document.setdefault("columns", {})
        if not isinstance(given, dict):
            raise CommandError(told(both("--plan: columns is not a table", "--plan：columns 不是表")))
        given |= dict(read_column(text) for text in columns)
    for member, names in (("keep", keep), ("drop", drop)):
        if names:
            document[member] = [*(document.get(member) or ()), *names]
    return document


def _answer(term: Terminal, tally: Tally, *, dry_run: bool, out: Path | None) -> int:
    document = {
        **tally.document(),
        "refused": tally.refused,
        "resumed_at": tally.resumed_at,
        "was_done": tally.was_done,
        "dry_run": dry_run,
    }
    term.answer(document, lambda: _shown(term, tally, out=out))
    return FAILED if tally.refused else 0


def _shown(term: Terminal, tally: Tally, *, out: Path | None) -> RenderableType:
    rows, tokens, refused = tally.rows, tally.tokens, tally.refused
    if tally.was_done:
        return term.say(f"This was done before: {rows} rows.", f"此前已完成：{rows} 行。")
    done = term.say(
        f"{rows} rows, {tokens} tokens, {refused} cells or lines refused",
        f"{rows} 行，{tokens} 个令牌，拒绝 {refused} 个单元格或行",
    )
    if tally.resumed_at:
        done += term.say(f"; went on after row {tally.resumed_at}", f"；从第 {tally.resumed_at} 行之后继续")
    parts: list[RenderableType] = [done]
    if tally.faults:
        columns = (both("refused because", "拒绝原因"), both("cells", "单元格数"))
        parts.append(term.table(columns, sorted(tally.faults.items())))
    if tally.faults and out is not None:
        parts.append(term.say("refused.jsonl lists them by row.", "refused.jsonl 按行列出。"))
    return Group(*parts)
