"""``yumen load``: feature values of one view, from a file."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from api.cli import loads
from api.cli.acting import BY, desk
from api.cli.command import application, command
from api.cli.faults import CommandError
from api.cli.language import both, told
from api.cli.parts import opened_parts, run, settings_of
from api.cli.terminal import Terminal
from api.settings import Settings
from api.usecases.catalogs import Catalogs
from gate.loading import GuardPolicy, LoadSummary, ValuesLoad, load_values

APP = application()
View = Annotated[str, typer.Option("--view", help=both("Feature view.", "特征视图。"), show_default=False)]
KeyColumn = Annotated[
    str,
    typer.Option(
        "--key-column",
        help=both(
            "Column that names the person: subject, or an identifier field.", "指明人员的列：subject 或标识字段。"
        ),
    ),
]
ObservedAt = Annotated[
    str | None,
    typer.Option(
        "--observed-at",
        metavar="INSTANT",
        help=both(
            "When the values were observed (RFC 3339), where the file has no such column; else now.",
            "文件没有观测时间列时，数值的观测时间（RFC 3339）；默认为现在。",
        ),
        show_default=False,
    ),
]
Replace = Annotated[
    bool,
    typer.Option(
        "--replace", help=both("A row replaces what is stored, empty cells included.", "每行替换已有数值，含空单元格。")
    ),
]


@command(
    APP,
    "load",
    text=both(
        "Load feature values of a view from a file; killed, it goes on where it stopped. "
        "Exit code 1 if rows were refused.",
        "从文件加载一个视图的特征值；中断后可继续。有行被拒绝时退出码为 1。",
    ),
    example="yumen load values.csv --tenant xiaomi --view account_profile --report refused.jsonl",
)
def run_load(  # noqa: PLR0913  options of a command
    term: Terminal,
    *,
    file: loads.File,
    tenant: loads.Tenant,
    view: View,
    key_column: KeyColumn = "subject",
    observed_at: ObservedAt = None,
    replace: Replace = False,
    dry_run: loads.DryRun = False,
    max_rejects: loads.MaxRejects = None,
    report: loads.Report = None,
    ignore: loads.Ignore = None,
    again: loads.Again = False,
) -> int:
    """Load a file of values."""
    settings = settings_of(term)
    load = ValuesLoad(
        tenant=tenant,
        view=view,
        by=BY,
        key_column=key_column,
        observed_at=_instant(observed_at),
        replace=replace,
        options=loads.options(
            max_rejects=max_rejects,
            report=report,
            ignore=ignore,
            dry_run=dry_run,
            again=again,
            guard=GuardPolicy(settings.classify.guard),
        ),
    )
    summary = run(_load(term, settings, file, load))
    return loads.answer(term, summary, dry_run=dry_run, report=report)


async def _load(term: Terminal, settings: Settings, file: Path, load: ValuesLoad) -> LoadSummary:
    async with opened_parts(settings, writing=not load.options.dry_run) as parts:
        async with parts.database.reading() as tx:
            catalog = await Catalogs().current(tx.connection)
        with loads.watched(term, load.view) as progress:
            return await load_values(parts.database, desk(parts, catalog), file, load, on_progress=progress)


def _instant(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = datetime.min  # noqa: DTZ901  refused below, as it has no time zone
    if found.tzinfo is None:
        raise CommandError(
            told(
                both(
                    "--observed-at: needs a time with a zone, as 2026-01-31T08:00:00Z",
                    "--observed-at：需要带时区的时间，如 2026-01-31T08:00:00Z",
                )
            )
        )
    return found
