"""``yumen migrate``: bring the schema up, or down, seal rows of before, give PostgreSQL's roles their rights."""

from __future__ import annotations

from typing import Annotated

import typer

from api import migrate
from api.auditing.sealing import Sealed
from api.cli import store
from api.cli.command import application, command
from api.cli.commands.audit import sealing
from api.cli.faults import FAILED, CommandError
from api.cli.language import both, told
from api.cli.parts import is_there, opened_parts, run, settings_of
from api.cli.revisions import Way, way
from api.cli.terminal import Terminal
from api.service import open_database
from api.settings import Settings

APP = application()
To = Annotated[
    str, typer.Option("--to", metavar="REVISION", help=both('A revision, "head" or "base".', "修订号、head 或 base。"))
]
DryRun = Annotated[
    bool, typer.Option("--dry-run", help=both("Say what would run, change nothing.", "只说明，不改动。"))
]
Roles = Annotated[
    bool,
    typer.Option(
        "--roles",
        help=both(
            "Afterwards make the PostgreSQL roles yumen_api and yumen_migrator and give them their rights.",
            "随后创建 PostgreSQL 角色 yumen_api 与 yumen_migrator 并授权。",
        ),
    ),
]
Lose = Annotated[
    bool,
    typer.Option(
        "--lose-ledger", help=both("Let entries of the ledger go when going down.", "降级时允许丢弃账本条目。")
    ),
]


@command(
    APP,
    "migrate",
    text=both("Bring the database's schema up to date.", "更新数据库结构。"),
    example="yumen migrate --dry-run",
)
def run_migrate(
    term: Terminal, *, to: To = migrate.HEAD, dry_run: DryRun = False, roles: Roles = False, lose_ledger: Lose = False
) -> int:
    """Migrate; answers the revisions before and after and the steps between."""
    settings = settings_of(term)
    gone = run(_migrate(settings, to, dry_run=dry_run, roles=roles, lose_ledger=lose_ledger))
    sealed = None if dry_run or gone.after != migrate.head() else run(_seal(term, settings))
    document = {
        "before": gone.before,
        "after": gone.after,
        "steps": list(gone.steps),
        "dry_run": dry_run,
        "roles": roles and not dry_run,
        "sealed": 0 if sealed is None else sealed.count,
        "left": 0 if sealed is None else len(sealed.left),
    }
    term.answer(document, lambda: _told(term, gone, dry_run=dry_run) + _told_of(term, sealed))
    return FAILED if sealed is not None and sealed.left else 0


async def _seal(term: Terminal, settings: Settings) -> Sealed | None:
    """Seal the rows of a database that held some before rows had codes; None if that was done, or never needed."""
    if not settings.root_key_file.exists():
        return None
    async with opened_parts(settings, writing=False) as parts:
        return await sealing(term, parts, only_if_never=True)


def _told_of(term: Terminal, sealed: Sealed | None) -> str:
    if sealed is None or not (sealed.count or sealed.left):
        return ""
    left = len(sealed.left)
    return term.say(
        f" Sealed {sealed.count} rows; {left} differ from the ledger and stay denied (yumen audit).",
        f" 已为 {sealed.count} 条记录补码；{left} 条与账本不符，仍被拒绝（yumen audit）。",
    )


def _told(term: Terminal, gone: Way, *, dry_run: bool) -> str:
    before, after = gone.before or migrate.BASE, gone.after or migrate.BASE
    if not gone.steps:
        return term.say(f"The schema is at {after}; nothing to do.", f"数据库结构为 {after}；无需操作。")
    steps = ", ".join(gone.steps)
    if dry_run:
        return term.say(f"Would go from {before} to {after}: {steps}.", f"将由 {before} 变更为 {after}：{steps}。")
    return term.say(f"Went from {before} to {after}: {steps}.", f"已由 {before} 变更为 {after}：{steps}。")


async def _migrate(settings: Settings, to: str, *, dry_run: bool, roles: bool, lose_ledger: bool) -> Way:
    if dry_run and not is_there(settings):
        return way(None, to)
    database = open_database(settings)
    try:
        if roles and database.is_sqlite:
            raise CommandError(told(both("--roles: SQLite has no roles", "--roles：SQLite 没有角色")))
        plan = way(await migrate.current(database), to)
        if dry_run:
            return plan
        if plan.steps and plan.is_up:
            await migrate.upgrade(database, str(plan.after))
        elif plan.steps:
            await migrate.downgrade(database, plan.after or migrate.BASE, lose_ledger=lose_ledger)
        if roles:
            async with database.transaction() as tx:
                await store.make_roles(tx.connection)
        return plan
    finally:
        await database.close()
