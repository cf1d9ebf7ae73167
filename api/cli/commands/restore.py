"""``yumen restore``: a database restored from a backup is brought up to what ended since."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Group, RenderableType

from api.cli.acting import BY, deletion_due
from api.cli.command import application, command
from api.cli.language import both
from api.cli.parts import opened_parts, run, settings_of
from api.cli.terminal import Terminal
from api.ends import Ends, EndsFile, EndsRead, read_ends
from api.settings import Settings
from api.usecases.ending import Office, Restored, restore

APP = application()
From = Annotated[
    list[Path] | None,
    typer.Option(
        "--from",
        help=both("A further file of ends, of another replica; may be repeated.", "另一副本的留存文件，可重复。"),
        exists=True,
        dir_okay=False,
        show_default=False,
    ),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help=both("Say what would be repeated.", "只说明将重做什么。"))]


@command(
    APP,
    "restore",
    text=both(
        "After a backup was restored: repeat the withdrawals, holds and erasures that followed it. The service does "
        "not serve an older database before. Stopped, run it again.",
        "恢复备份之后：重做其后的撤回、留存与删除；在此之前服务不对外提供。中断后请重新运行。",
    ),
    example="yumen restore --dry-run",
)
def run_restore(term: Terminal, *, others: From = None, dry_run: DryRun = False) -> None:
    """Bring a restored database up to date."""
    done = run(_restore(term, settings_of(term), others or [], dry_run=dry_run))
    document: dict[str, Any] = {
        "dry_run": dry_run,
        "kept": done.kept,
        "repeated": dict(sorted(done.repeated.items())),
        "configuration": [
            {"kind": kind, "name": name, "version": version} for kind, name, version in done.configuration
        ],
    }
    term.answer(document, lambda: _shown(term, done, dry_run=dry_run))


async def _restore(term: Terminal, settings: Settings, others: list[Path], *, dry_run: bool) -> Restored:
    own = EndsFile(settings.ends_file)
    said = [read_ends(EndsFile(path)) for path in others] + [read_ends(own)]
    entries = sorted((entry for each in said for entry in each.entries), key=lambda entry: str(entry["at"]))
    async with opened_parts(settings, writing=not dry_run) as parts:
        office = Office(parts.database, parts.keys, Ends(own), BY, deletion_due(settings))
        with term.progress() as bar:
            task = bar.add_task(term.say("ends", "留存条目"), total=len(entries))
            return await restore(
                office,
                EndsRead(entries, None, 0),
                dry_run=dry_run,
                on_progress=lambda place: bar.update(task, completed=place),
            )


def _shown(term: Terminal, done: Restored, *, dry_run: bool) -> RenderableType:
    count = done.repeated.total()
    would = term.say("would be repeated", "将重做") if dry_run else term.say("repeated", "已重做")
    parts: list[RenderableType] = [
        term.say(
            f"{done.kept} entries kept beside the database; {count} {would}", f"留存 {done.kept} 条；{would} {count} 条"
        )
    ]
    if done.repeated:
        parts.append(term.table((both("what", "事项"), both("how many", "数量")), sorted(done.repeated.items())))
    if done.configuration:
        columns = (both("lost, make it again", "已丢失，请重做"), both("name", "名称"), both("version", "版本"))
        parts.append(term.table(columns, done.configuration))
    return Group(*parts)
