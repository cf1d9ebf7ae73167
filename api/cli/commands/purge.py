"""``yumen purge``: values past their retention leave the database."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Group, RenderableType

from api.cli.acting import BY, deletion_due
from api.cli.command import application, command
from api.cli.language import both
from api.cli.parts import opened_parts, run, settings_of
from api.cli.terminal import Terminal
from api.ends import Ends, EndsFile
from api.settings import Settings
from api.usecases.ending import Job, Office, Purged, purge_values

APP = application()
Tenant = Annotated[str, typer.Option("--tenant", help=both("Tenant.", "租户。"), show_default=False)]
DryRun = Annotated[bool, typer.Option("--dry-run", help=both("Say what would go.", "只说明将清除什么。"))]


@command(
    APP,
    "purge",
    text=both(
        "Remove values whose fields are past their retention; reads deny them already. To be run daily; stopped, run "
        "it again.",
        "清除超过保存期限的数值（读取早已被拒绝）；宜每日运行，中断后再次运行即可。",
    ),
    example="yumen purge --tenant xiaomi --dry-run",
)
def run_purge(term: Terminal, *, tenant: Tenant, dry_run: DryRun = False) -> None:
    """Purge a tenant's values."""
    done = run(_purge(term, settings_of(term), Job(tenant, dry_run=dry_run)))
    removed = done.removed
    document = {
        "dry_run": dry_run,
        "removed": removed.total(),
        "segments": dict(sorted(removed.items())),
        "tasks": done.told,
    }
    term.answer(document, lambda: _shown(term, done, dry_run=dry_run))


async def _purge(term: Terminal, settings: Settings, job: Job) -> Purged:
    async with opened_parts(settings, writing=not job.dry_run, tenant=job.tenant) as parts:
        office = Office(parts.database, parts.keys, Ends(EndsFile(settings.ends_file)), BY, deletion_due(settings))
        with term.progress() as bar:
            task = bar.add_task(term.say("values", "数值"), total=None)
            watched = Job(job.tenant, dry_run=job.dry_run, on_progress=lambda count: bar.update(task, completed=count))
            return await purge_values(office, watched)


def _shown(term: Terminal, done: Purged, *, dry_run: bool) -> RenderableType:
    removed = done.removed
    said = term.say(f"{removed.total()} values removed", f"已清除 {removed.total()} 个数据段")
    if dry_run:
        said = term.say(f"{removed.total()} values would be removed", f"将清除 {removed.total()} 个数据段")
    if not removed:
        return said
    told = term.say(f"{done.told} deletion tasks for recipients", f"为接收方生成 {done.told} 项删除任务")
    return Group(said, told, term.table((both("segment", "数据段"), both("values", "数量")), sorted(removed.items())))
