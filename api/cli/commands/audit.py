"""``yumen audit``: the ledger, and the whole state compared with it; every difference is named."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

import typer
from rich.console import Group, RenderableType

from api.auditing.keeping import ledger_of, record_audit
from api.auditing.running import AuditReport, audit, compare_kept
from api.auditing.sealing import Sealed, seal_if_never, seal_rows
from api.auditing.store import count
from api.cli.acting import LEDGER_BY
from api.cli.command import application, command
from api.cli.faults import FAILED
from api.cli.language import both
from api.cli.parts import Parts, opened_parts, run, settings_of
from api.cli.terminal import Terminal
from api.settings import Settings
from consent.tables import SUBJECTS
from lineage import CheckReport, check, count_entries

APP = application()
SHOWN = 20
Tenant = Annotated[
    str | None,
    typer.Option(
        "--tenant", help=both("Only this tenant's people and tokens.", "仅该租户的人员与令牌。"), show_default=False
    ),
]
WithoutLedger = Annotated[
    bool,
    typer.Option(
        "--without-ledger",
        help=both("Leave out the check of the ledger itself (yumen check).", "不核验账本本身（yumen check）。"),
    ),
]
Seal = Annotated[
    bool,
    typer.Option(
        "--seal",
        help=both(
            "First seal rows that are as the ledger tells but have no code that holds: after an upgrade or a repair.",
            "先为与账本一致但认证码无效的记录补码：用于升级或修复之后。",
        ),
    ),
]


@command(
    APP,
    "audit",
    text=both(
        "Check the ledger, then compare the whole state with it: subjects, grants, register, tokens, kept facts. "
        "Names every difference; exit code 1 if there is one. Run it nightly.",
        "先核验账本，再核对全部状态：主体、同意、登记、令牌、事实。指出每处差异；有差异时退出码为 1。宜每夜运行。",
    ),
    example="yumen audit --json",
)
def run_audit(
    term: Terminal, *, tenant: Tenant = None, without_ledger: WithoutLedger = False, seal: Seal = False
) -> int:
    """Audit the state."""
    report, checked, sealed = run(_audit(term, settings_of(term), tenant, ledger=not without_ledger, seal=seal))
    agrees = report.agrees and (checked is None or checked.is_sound)
    document: dict[str, Any] = {
        "agrees": agrees,
        "subjects": report.subjects,
        "grants": report.grants,
        "tokens": report.tokens,
        "registered": report.registered,
        "difference_count": report.count,
        "differences": [asdict(each) for each in report.differences],
        "ledger": None if checked is None else ledger_of(checked),
        "sealed": None if sealed is None else _sealed(sealed),
    }
    term.answer(document, lambda: _shown(term, report, checked, sealed))
    return 0 if agrees else FAILED


async def _audit(
    term: Terminal, settings: Settings, tenant: str | None, *, ledger: bool, seal: bool
) -> tuple[AuditReport, CheckReport | None, Sealed | None]:
    async with opened_parts(settings, writing=False, tenant=tenant) as parts:
        sealed = await sealing(term, parts) if seal else None
        async with parts.database.snapshot() as tx:
            total = await count_entries(tx.connection, tenant) if ledger else 0
            people = await count(tx.connection, SUBJECTS)
            with term.progress() as bar:
                task = bar.add_task(term.say("entries", "条目"), total=total)
                checked = None
                if ledger:
                    checked = await check(
                        tx.connection,
                        tenant=tenant,
                        check_mac=parts.keys.check_mac,
                        progress=lambda done: bar.update(task, completed=done),
                    )
                state = bar.add_task(term.say("subjects", "主体"), total=people)
                report = await audit(
                    tx.connection, parts.keys, tenant=tenant, progress=lambda done: bar.update(state, completed=done)
                )
            if checked is not None:
                report.note(await compare_kept(tx.connection, checked))
        async with parts.database.transaction() as tx:
            await record_audit(tx, parts.keys, LEDGER_BY, tenant, (report, checked))
    return report, checked, sealed


async def sealing(term: Terminal, parts: Parts, *, only_if_never: bool = False) -> Sealed | None:
    """Seal what has no code that holds; only in a database that was never sealed, if so asked."""
    async with parts.database.reading() as tx:
        people = await count(tx.connection, SUBJECTS)
    with term.progress() as bar:
        task = bar.add_task(term.say("sealing", "补码"), total=people)
        seal = seal_if_never if only_if_never else seal_rows
        return await seal(
            parts.database, parts.keys, by=LEDGER_BY, progress=lambda done: bar.update(task, completed=done)
        )


def _sealed(sealed: Sealed) -> dict[str, Any]:
    counts = {name: getattr(sealed, name) for name in ("subjects", "grants", "tokens", "registered")}
    return {**counts, "left": [asdict(each) for each in sealed.left[:1000]]}


def _shown(term: Terminal, report: AuditReport, checked: CheckReport | None, sealed: Sealed | None) -> RenderableType:
    lines = [
        (both("subjects", "主体"), report.subjects),
        (both("grants", "同意"), report.grants),
        (both("tokens", "令牌"), report.tokens),
        (both("registered versions", "登记版本"), report.registered),
        (both("differences", "差异"), report.count),
    ]
    if checked is not None:
        lines += [
            (both("entries of the ledger", "账本条目"), checked.entries),
            (both("faults of the ledger", "账本问题"), checked.fault_count),
        ]
    if sealed is not None:
        lines += [(both("rows sealed", "补码记录"), sealed.count)]
    facts = term.facts(lines)
    if report.agrees:
        return Group(facts, term.say("The state is what the ledger tells.", "状态与账本一致。"))
    columns = (both("table", "表"), both("row", "记录"), both("what differs", "差异"))
    shown = [(each.table, each.id, each.what) for each in report.differences[:SHOWN]]
    rest = report.count - len(shown)
    more = term.say(f"and {rest} more (--json lists the first thousand)", f"另有 {rest} 处（--json 列出前一千处）")
    return Group(facts, term.table(columns, shown), more if rest else "")
