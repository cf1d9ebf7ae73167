"""``yumen subjects``: people become data subjects."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from api.cli import loads
from api.cli.acting import BY, desk
from api.cli.command import application, command
from api.cli.language import both
from api.cli.parts import opened_parts, run, settings_of
from api.cli.terminal import Terminal
from api.settings import Settings
from api.usecases.catalogs import Catalogs
from gate.loading import LoadSummary, PeopleLoad, load_people

APP = application()
APP.callback(help=both("Register people as data subjects.", "把人员登记为个人信息主体。"))(lambda: None)
Out = Annotated[
    Path | None,
    typer.Option(
        "--out",
        help=both("Write row numbers and references here (CSV).", "把行号与引用写到此处（CSV）。"),
        show_default=False,
    ),
]


@command(
    APP,
    "load",
    text=both(
        "Register the people of a file; columns are identifier fields. Who is known keeps their reference. "
        "Exit code 1 if rows were refused.",
        "登记文件中的人员；列为标识字段。已登记者保留原引用。有行被拒绝时退出码为 1。",
    ),
    example="yumen subjects load people.csv --tenant xiaomi --ignore key --out refs.csv",
)
def run_load(  # noqa: PLR0913  options of a command
    term: Terminal,
    *,
    file: loads.File,
    tenant: loads.Tenant,
    out: Out = None,
    dry_run: loads.DryRun = False,
    max_rejects: loads.MaxRejects = None,
    report: loads.Report = None,
    ignore: loads.Ignore = None,
    again: loads.Again = False,
) -> int:
    """Load a file of people."""
    options = loads.options(max_rejects=max_rejects, report=report, ignore=ignore, dry_run=dry_run, again=again)
    load = PeopleLoad(tenant=tenant, by=BY, output=out, options=options)
    summary = run(_load(term, settings_of(term), file, load))
    return loads.answer(term, summary, dry_run=dry_run, report=report)


async def _load(term: Terminal, settings: Settings, file: Path, load: PeopleLoad) -> LoadSummary:
    async with opened_parts(settings, writing=not load.options.dry_run) as parts:
        async with parts.database.reading() as tx:
            catalog = await Catalogs().current(tx.connection)
        with loads.watched(term, term.say("people", "人员")) as progress:
            return await load_people(parts.database, desk(parts, catalog), file, load, on_progress=progress)
