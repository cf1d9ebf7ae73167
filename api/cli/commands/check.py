"""``yumen check``: every entry of the ledger, its bytes, its place, and whether each release was justified."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Annotated, Any

import typer
from rich.console import Group, RenderableType

from api.cli.command import application, command
from api.cli.faults import FAILED
from api.cli.language import both
from api.cli.logs_audited import audited, log_document, log_shown
from api.cli.parts import opened_database, opened_parts, run, settings_of
from api.cli.terminal import Terminal
from api.database import Database
from api.settings import Settings
from lineage import CheckMac, CheckReport, check, count_entries
from lineage.log import LogAudit

APP = application()
SHOWN = 20
Tenant = Annotated[
    str | None,
    typer.Option("--tenant", help=both("Only this tenant's entries.", "仅该租户的条目。"), show_default=False),
]
NoKeys = Annotated[
    bool,
    typer.Option("--without-key", help=both("Leave out what needs the ledger key.", "不核验需要账本密钥的部分。")),
]


@command(
    APP,
    "check",
    text=both(
        "Check the whole ledger: digests, authentication codes, order, that every release was justified, and that it "
        "is what the transparency log's checkpoint covers. Exit code 1 if anything is wrong.",
        "核验整个账本：摘要、认证码、次序、每次提供是否有据，以及是否与透明日志的检查点一致。有问题时退出码为 1。",
    ),
    example="yumen check",
)
def run_check(term: Terminal, *, tenant: Tenant = None, without_key: NoKeys = False) -> int:
    """Check the ledger."""
    report, log = run(_check(term, settings_of(term), tenant, with_key=not without_key))
    document: dict[str, Any] = {
        "sound": report.is_sound and (log is None or log.is_sound),
        "entries": report.entries,
        "streams": report.streams,
        "reads": report.reads,
        "released": report.released,
        "shapes": report.shapes,
        "grants": report.grants,
        "last_entry": report.last_entry,
        "authenticated": not without_key,
        "fault_count": report.fault_count,
        "faults": [{"entry": fault.entry, "code": fault.code.value} for fault in report.faults],
        "log": None if log is None else log_document(log),
    }
    term.answer(document, lambda: Group(_shown(term, report), log_shown(term, log)))
    return 0 if document["sound"] else FAILED


async def _check(
    term: Terminal, settings: Settings, tenant: str | None, *, with_key: bool
) -> tuple[CheckReport, LogAudit | None]:
    async with _opened(settings, tenant, with_key=with_key) as (database, check_mac):
        report = await _entries(term, database, tenant, check_mac)
        return report, None if tenant is not None else await audited(settings, database)


async def _entries(term: Terminal, database: Database, tenant: str | None, check_mac: CheckMac | None) -> CheckReport:
    async with database.reading() as tx:
        total = await count_entries(tx.connection, tenant)
        with term.progress() as bar:
            task = bar.add_task(term.say("entries", "条目"), total=total)
            advance: Callable[[int], None] = lambda done: bar.update(task, completed=done)  # noqa: E731  one line
            return await check(tx.connection, tenant=tenant, check_mac=check_mac, progress=advance)


@asynccontextmanager
async def _opened(
    settings: Settings, tenant: str | None, *, with_key: bool
) -> AsyncIterator[tuple[Database, CheckMac | None]]:
    if with_key:
        async with opened_parts(settings, writing=False, tenant=tenant) as parts:
            yield parts.database, parts.keys.check_mac
    else:
        async with opened_database(settings, writing=False, tenant=tenant) as database:
            yield database, None


def _shown(term: Terminal, report: CheckReport) -> RenderableType:
    facts = term.facts(
        (
            (both("entries", "条目"), report.entries),
            (both("streams", "流"), report.streams),
            (both("reads", "读取"), report.reads),
            (both("of them released something", "其中有提供"), report.released),
            (both("grants", "同意"), report.grants),
            (both("faults", "问题"), report.fault_count),
        )
    )
    if report.is_sound:
        return Group(facts, term.say("The ledger is sound.", "账本无误。"))
    columns = (both("entry", "条目"), both("fault", "问题"))
    rows = [(fault.entry, fault.code.value) for fault in report.faults[:SHOWN]]
    rest = report.fault_count - len(rows)
    more = term.say(f"and {rest} more (--json lists the first thousand)", f"另有 {rest} 处（--json 列出前一千处）")
    return Group(facts, term.table(columns, rows), more if rest else "")
