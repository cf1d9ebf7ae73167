"""The preview of a candidate policy: run, recorded, shown."""

from __future__ import annotations

from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from api.cli.acting import LEDGER_BY
from api.cli.language import both
from api.cli.parts import opened_parts
from api.cli.terminal import Terminal
from api.settings import Settings
from gate.engines import Bundle
from gate.replaying.previewing import Counted, Preview, preview
from lineage import DEPLOYMENT, EntryDraft, Kind, Window, append

SHOWN = 100


async def run_preview(term: Terminal, settings: Settings, bundle: Bundle, wanted: Window) -> Preview:
    """Run the candidate over the window's reads; that it was done stands in the ledger."""
    async with opened_parts(settings, writing=False, tenant=wanted.tenant) as parts:
        with term.progress() as bar:
            task = bar.add_task(term.say("situations", "情形"), total=None)
            async with parts.database.snapshot() as tx:
                found = await preview(
                    tx.connection,
                    bundle,
                    wanted,
                    progress=lambda done, total: bar.update(task, completed=done, total=total),
                )
        draft = EntryDraft(
            Kind.POLICY_PREVIEWED,
            wanted.tenant or DEPLOYMENT,
            LEDGER_BY,
            about=found.policy,
            parts={
                "policy": found.policy,
                "entries": found.reads,
                "situations": found.situations,
                "changed": found.changed_reads,
                "widened": len(found.widenings),
            },
        )
        async with parts.database.transaction() as tx:
            await append(tx.connection, [draft], now=tx.now, mac=parts.keys.mac)
        return found


def document(found: Preview) -> dict[str, Any]:
    """A preview for programs."""
    return {
        "policy": found.policy,
        "reads": found.reads,
        "situations": found.situations,
        "skipped": found.skipped,
        "changed_reads": found.changed_reads,
        "changed_subjects": found.changed_subjects,
        "widenings": len(found.widenings),
        "changes": [
            {
                "widens": each.change.widens,
                "tenant": each.change.tenant,
                "purpose": each.change.purpose,
                "client": each.change.client,
                "feature": each.change.feature,
                "from": each.change.before,
                "to": each.change.after,
                "reads": each.reads,
                "subjects": each.subjects,
            }
            for each in found.changes
        ],
    }


def shown(term: Terminal, found: Preview) -> RenderableType:
    """A preview for people: widenings first, in red."""
    facts = term.facts(
        (
            (both("candidate", "候选规则"), found.policy),
            (both("reads looked at", "涉及读取"), found.reads),
            (both("distinct situations", "不同情形"), found.situations),
            (both("not decided", "未能判断"), found.skipped),
            (both("reads that would change", "将改变的读取"), found.changed_reads),
            (both("subjects concerned", "涉及主体"), found.changed_subjects),
        )
    )
    if not found.changes:
        return Group(facts, term.say("Nothing would change.", "不会有任何改变。"))
    columns = (
        both("widens", "放宽"),
        both("purpose", "目的"),
        both("client", "服务"),
        both("feature", "特征"),
        both("from", "原"),
        both("to", "新"),
        both("reads", "读取"),
        both("subjects", "主体"),
    )
    table = term.table(columns, [_row(each) for each in found.changes[:SHOWN]])
    for row, each in zip(table.rows, found.changes, strict=False):
        row.style = "bold red" if each.change.widens else ""
    warning = term.say("More would leave than does now.", "放行范围将比现在更大。")
    rest = len(found.changes) - SHOWN
    more = term.say(f"and {rest} more rows (--json lists all)", f"另有 {rest} 行（--json 列出全部）")
    return Group(facts, Text(warning if found.widenings else "", style="bold red"), table, more if rest > 0 else "")


def _row(each: Counted) -> tuple[object, ...]:
    change = each.change
    return (
        "!" if change.widens else "",
        change.purpose,
        change.client,
        change.feature,
        change.before,
        change.after,
        each.reads,
        each.subjects,
    )
