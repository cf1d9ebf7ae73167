"""``yumen entries``: an auditor's questions to the ledger; each is itself recorded."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import typer
from rich.console import Group, RenderableType

from api.cli.acting import LEDGER_BY
from api.cli.command import application, command
from api.cli.faults import CommandError
from api.cli.instants import instant
from api.cli.language import both, told
from api.cli.parts import opened_parts, run, settings_of
from api.cli.terminal import Terminal
from api.settings import Settings
from consent import SubjectId, find_subject
from lineage import Kind, LedgerFilter, Outcome, Page, append, queried, search

APP = application()
Tenant = Annotated[str, typer.Option("--tenant", help=both("Tenant.", "租户。"), show_default=False)]
Subject = Annotated[
    str | None,
    typer.Option(
        help=both("Reference (sub_…) or pseudonym (ps_…).", "引用（sub_…）或假名（ps_…）。"), show_default=False
    ),
]
Client = Annotated[str | None, typer.Option(help=both("Client.", "服务。"), show_default=False)]
Purpose = Annotated[str | None, typer.Option(help=both("Purpose.", "目的。"), show_default=False)]
Field = Annotated[
    str | None, typer.Option(help=both("Reads that asked for this field.", "请求过该字段的读取。"), show_default=False)
]
Grant = Annotated[str | None, typer.Option(help=both("Grant, gr_…", "同意，gr_…"), show_default=False)]
Outcomes = Annotated[
    Outcome | None, typer.Option("--outcome", help=both("How it ended.", "结果。"), show_default=False)
]
Kinds = Annotated[
    str | None, typer.Option("--kind", help=both("What happened, as read.", "事件类型，如 read。"), show_default=False)
]
Since = Annotated[
    str | None,
    typer.Option(
        "--from", metavar="INSTANT", help=both("From this date or time on.", "起始日期或时间。"), show_default=False
    ),
]
Until = Annotated[
    str | None,
    typer.Option(
        "--to",
        metavar="INSTANT",
        help=both("Before this date or time.", "截止日期或时间（不含）。"),
        show_default=False,
    ),
]
Oldest = Annotated[bool, typer.Option("--oldest-first", help=both("Oldest first.", "从最早开始。"))]
Limit = Annotated[int, typer.Option(min=1, max=1000, help=both("Entries on a page.", "每页条数。"))]
Cursor = Annotated[
    str | None, typer.Option(help=both("Where the page before ended.", "上一页结束之处。"), show_default=False)
]


@command(
    APP,
    "entries",
    text=both(
        "Ask the ledger, a page at a time; the question is recorded too.", "查询账本，逐页显示；查询本身也会记录。"
    ),
    example="yumen entries --tenant xiaomi --field zhima_score --outcome denied --from 2026-01-01",
)
def run_entries(  # noqa: PLR0913  options of a command
    term: Terminal,
    *,
    tenant: Tenant,
    subject: Subject = None,
    client: Client = None,
    purpose: Purpose = None,
    field: Field = None,
    grant: Grant = None,
    outcome: Outcomes = None,
    kind: Kinds = None,
    since: Since = None,
    until: Until = None,
    oldest_first: Oldest = False,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> None:
    """Answer a question and record it."""
    parts: dict[str, Any] = {
        "client": client,
        "purpose": purpose,
        "field": field,
        "grant": grant,
        "outcome": outcome,
        "kind": _kind(kind),
        "since": _instant(since, "--from"),
        "until": _instant(until, "--to"),
        "newest_first": not oldest_first,
    }
    page = run(_ask(settings_of(term), tenant, subject, parts, (cursor, limit)))
    entries = [{"id": str(entry.id), **entry.document} for entry in page.entries]
    term.answer({"entries": entries, "next": page.after}, lambda: _shown(term, entries, page.after))


async def _ask(
    settings: Settings, tenant: str, subject: str | None, parts: dict[str, Any], place: tuple[str | None, int]
) -> Page:
    cursor, limit = place
    async with opened_parts(settings, writing=False, tenant=tenant) as opened, opened.database.transaction() as tx:
        if subject is not None and subject.startswith("sub_"):
            subject = (await find_subject(tx.connection, SubjectId(tenant, subject))).pseudonym
        asked = LedgerFilter(subject=subject, **parts)
        page = await search(tx.connection, tenant, asked, cursor=cursor, limit=limit)
        draft = queried(tenant, LEDGER_BY, asked, len(page.entries))
        await append(tx.connection, [draft], now=tx.now, mac=opened.keys.mac)
        return page


def _kind(text: str | None) -> Kind | None:
    if text is None:
        return None
    try:
        return Kind(text)
    except ValueError:
        refusal = told(both("--kind: there is no such kind; there are {all}", "--kind：没有这种类型；现有 {all}"))
        raise CommandError(refusal.format(all=", ".join(Kind))) from None


def _instant(text: str | None, option: str) -> datetime | None:
    return None if text is None else instant(text, option)


def _shown(term: Terminal, entries: list[dict[str, Any]], after: str | None) -> RenderableType:
    columns = (
        both("entry", "条目"),
        both("time", "时间"),
        both("what", "事件"),
        both("who", "操作者"),
        both("client", "服务"),
        both("purpose", "目的"),
        both("about", "对象"),
        both("outcome", "结果"),
        both("released", "提供"),
        both("denied", "不予提供"),
    )
    table = term.table(columns, [_row(entry) for entry in entries])
    if not entries:
        return term.say("No entries.", "没有条目。")
    if after is None:
        return table
    return Group(table, term.say(f"There is more: --cursor {after}", f"还有更多：--cursor {after}"))


def _row(entry: dict[str, Any]) -> tuple[object, ...]:
    actor = entry.get("actor") or {}
    listed = entry.get("features")  # of a read: what became of each; of other kinds: a count or a list
    features: dict[str, Any] = listed if isinstance(listed, dict) else {}
    denied = sorted({code for found in features.values() if isinstance(found, list) for code in found})
    return (
        entry["id"],
        str(entry.get("at", ""))[:19],
        entry.get("kind"),
        f"{actor.get('role', '')} {_short(actor.get('id'))}".strip(),
        entry.get("client"),
        entry.get("purpose"),
        _short(entry.get("subject") or entry.get("about")),
        entry.get("outcome"),
        sum(not isinstance(found, list) for found in features.values()) if features else None,
        denied or None,
    )


def _short(text: object) -> str:
    """An opaque reference by its beginning; a name whole."""
    found = "" if text is None else str(text)
    return f"{found[:12]}…" if len(found) > 28 and "_" in found[:4] else found
