"""``yumen export``: what an audit takes away: query log, evidence packs, the compliance report; and checking a pack."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import IO, Annotated, Any

import typer
from rich.console import Group, RenderableType
from rich.text import Text
from sqlalchemy.ext.asyncio import AsyncConnection

from api.cli.acting import LEDGER_BY
from api.cli.command import Needs, application, command
from api.cli.compliance_page import html, markdown
from api.cli.faults import FAILED, CommandError
from api.cli.instants import instant
from api.cli.language import both, told
from api.cli.parts import Parts, opened_parts, run, settings_of
from api.cli.terminal import Terminal
from api.settings import Settings
from api.usecases.compliance import Item, compliance
from api.usecases.exporting import Exporter
from api.usecases.log_receipts import LogReceipts, receipt_check
from catalog import Catalog
from catalog.store import current as current_catalog
from consent import SubjectId, SubjectNotFoundError, find_subject
from gate.replaying import replay_pack
from lineage import EntryDraft, Kind, LedgerFilter, Moment, append, search
from lineage.content import Json
from lineage.evidence import CheckReceipt, Format, PackReport, Period, Scope, Written, verify_pack
from lineage.log import LogReader, VerifierKey, log_key

APP = application()
Tenant = Annotated[str, typer.Option("--tenant", help=both("Tenant.", "租户。"), show_default=False)]
Since = Annotated[
    str | None,
    typer.Option("--from", metavar="INSTANT", help=both("From this date on.", "起始日期。"), show_default=False),
]
Until = Annotated[
    str | None,
    typer.Option(
        "--to",
        metavar="INSTANT",
        help=both("Before this date; else now.", "截止日期（不含）；默认现在。"),
        show_default=False,
    ),
]
Subject = Annotated[
    str | None,
    typer.Option(
        help=both("Reference (sub_…) or pseudonym (ps_…).", "引用（sub_…）或假名（ps_…）。"), show_default=False
    ),
]
Out = Annotated[Path, typer.Option("--out", help=both("File to write; must not exist.", "要写的文件；不得已存在。"))]
SomeOut = Annotated[
    Path | None, typer.Option("--out", help=both("File to write, else standard output.", "要写的文件，默认标准输出。"))
]
LogFormat = Annotated[Format, typer.Option("--format", help=both("csv or jsonl.", "csv 或 jsonl。"))]
Pack = Annotated[Path, typer.Argument(metavar="PACK", help=both("Evidence pack, .tar.gz.", "证据包，.tar.gz。"))]
WithKey = Annotated[
    bool, typer.Option("--with-key", help=both("Check MACs with this deployment's keys.", "用本部署的密钥核验认证码。"))
]


LogKey = Annotated[
    str | None,
    typer.Option(
        "--log-key",
        metavar="KEY",
        help=both("Check receipts with this verifier key of the log.", "用该日志公钥核验收据。"),
        show_default=False,
    ),
]


class PageFormat(StrEnum):
    """How the compliance report is written."""

    JSON = "json"
    MARKDOWN = "markdown"
    HTML = "html"


ReportFormat = Annotated[
    PageFormat, typer.Option("--format", help=both("json, markdown or html.", "json、markdown 或 html。"))
]


@command(
    APP,
    "query-log",
    text=both(
        "Export who asked, when, for what and why, of every read in a time (credit reporting regulation, art. 22).",
        "导出一段时间内每次读取的查询记录：何人、何时、何内容、何目的（征信业管理条例第二十二条）。",
    ),
    example="yumen export query-log --tenant xiaomi --from 2026-01-01 --out queries.csv",
)
def run_query_log(  # noqa: PLR0913  options of a command
    term: Terminal,
    *,
    tenant: Tenant,
    out: Out,
    since: Since = None,
    until: Until = None,
    form: LogFormat = Format.CSV,
) -> None:
    """Write the query log."""
    period = _period(since, until)
    with _created(out) as file, open(file.fileno(), "w", encoding="utf-8", newline="", closefd=False) as text:
        count = run(_query_log(term, settings_of(term), tenant, (period, form, text)))
    document = {"file": str(out), "reads": count, "format": form.value}
    term.answer(document, lambda: term.say(f"{count} reads in {out}", f"{count} 次读取，已写入 {out}"))


async def _query_log(term: Terminal, settings: Settings, tenant: str, asked: tuple[Period, Format, IO[str]]) -> int:
    async with opened_parts(settings, writing=False, tenant=tenant) as parts:
        with term.progress() as bar:
            task = bar.add_task(term.say("entries", "条目"), total=None)
            exporter = _exporter(parts, tenant)
            return await exporter.query_log(*asked, lambda done: bar.update(task, completed=done))


@command(
    APP,
    "evidence",
    text=both(
        "Write the evidence pack of a subject, or of a time; it can be checked without us.",
        "生成一个主体或一段时间的证据包；任何人都可独立核验。",
    ),
    example="yumen export evidence --tenant xiaomi --subject sub_… --out pack.tar.gz",
)
def run_evidence(  # noqa: PLR0913  options of a command
    term: Terminal, *, tenant: Tenant, out: Out, subject: Subject = None, since: Since = None, until: Until = None
) -> None:
    """Write an evidence pack."""
    if (subject is None) == (since is None):
        raise CommandError(told(both("name --subject, or --from and --to", "请指定 --subject，或 --from 与 --to")))
    with _created(out) as file:
        done = run(
            _evidence(settings_of(term), tenant, (subject, None if since is None else _period(since, until)), file)
        )
    document: dict[str, Any] = {
        "file": str(out),
        "digest": done.digest,
        "entries": done.entries,
        "receipts": done.receipts,
        "missing": list(done.missing),
    }
    shown = term.say(
        f"{done.entries} entries, {done.receipts} receipts in {out}; manifest SHA-256 {done.digest}",
        f"{done.entries} 条目，{done.receipts} 份收据，已写入 {out}；清单 SHA-256 {done.digest}",
    )
    term.answer(document, lambda: shown)


async def _evidence(
    settings: Settings, tenant: str, asked: tuple[str | None, Period | None], file: IO[bytes]
) -> Written:
    subject, period = asked
    async with opened_parts(settings, writing=False, tenant=tenant) as parts:
        if subject is not None:
            async with parts.database.reading() as tx:
                subject = await _pseudonym(tx.connection, tenant, subject)
        texts = (None, None) if period is None else (Moment.of(period.since).text, Moment.of(period.until).text)
        return await _exporter(parts, tenant).evidence(Scope(tenant, subject, *texts), period, file)


async def _pseudonym(connection: AsyncConnection, tenant: str, name: str) -> str:
    """The pseudonym of a reference, or of itself. Raises: SubjectNotFoundError; FilterInvalidError: it is neither."""
    if name.startswith("sub_"):
        return (await find_subject(connection, SubjectId(tenant, name))).pseudonym
    if not (await search(connection, tenant, LedgerFilter(subject=name), limit=1)).entries:
        raise SubjectNotFoundError(name)
    return name


@command(
    APP,
    "verify",
    text=both(
        "Check an evidence pack, and decide its reads again from the facts and policies in it. Exit code 1 if it is "
        "not whole, or a read comes out otherwise. Without --with-key it needs no database.",
        "核验证据包，并依包内事实与规则重新作出其中的决定。不完整或有不一致时退出码为 1。"
        "不带 --with-key 时不需要数据库。",
    ),
    example="yumen export verify pack.tar.gz",
    needs=Needs.SETTINGS,
)
def run_verify(term: Terminal, *, pack: Pack, with_key: WithKey = False, log_key_text: LogKey = None) -> int:
    """Check a pack."""
    check = None if log_key_text is None else receipt_check(VerifierKey.parse(log_key_text))
    report = run(_verify(term, pack, check)) if with_key else verify_pack(pack, check_receipt=check)
    again = run(replay_pack(pack))
    document: dict[str, Any] = {
        "whole": True,
        "digest": report.digest,
        "scope": dict(report.scope),
        "entries": report.entries,
        "streams": report.streams,
        "reads": report.reads,
        "released": report.released,
        "replayed": report.replayed,
        "authenticated": report.authenticated,
        "receipts": report.receipts,
        "missing": list(report.missing),
        "decided_again": {verdict.value: count for verdict, count in sorted(again.verdicts.items())},
        "otherwise": [str(each.read.entry) for each in again.flagged],
    }
    sound = term.say("The pack is whole.", "证据包完整。")
    if again.differs:
        sound = term.say("The pack is whole, but reads come out otherwise.", "证据包完整，但有决定重放不一致。")
    term.answer(document, lambda: Group(_checked(term, document), Text(sound)))
    return FAILED if again.differs else 0


def _checked(term: Terminal, document: dict[str, Any]) -> RenderableType:
    """What was checked in a pack, for people."""
    yes, no = told(both("yes", "是")), told(both("no", "否"))
    scope = " ".join(str(document["scope"][name]) for name in sorted(document["scope"], reverse=True))
    again = document["decided_again"]
    facts = [
        (both("about", "范围"), scope),
        (both("manifest SHA-256", "清单 SHA-256"), document["digest"]),
        (both("entries", "条目"), document["entries"]),
        (both("reads", "读取"), document["reads"]),
        (both("of them released something", "其中有提供"), document["released"]),
        (both("authentication codes checked", "已核验认证码"), yes if document["authenticated"] else no),
        (both("receipts checked", "已核验收据"), document["receipts"]),
        (both("decided again", "重新决定"), ", ".join(f"{name} {count}" for name, count in again.items()) or "-"),
    ]
    if document["otherwise"]:
        facts.append((both("come out otherwise", "结果不一致的条目"), ", ".join(document["otherwise"])))
    if document["missing"]:
        facts.append((both("named and not in it", "提到但缺失"), ", ".join(document["missing"])))
    return term.facts(facts)


async def _verify(term: Terminal, pack: Path, check: CheckReceipt | None) -> PackReport:
    async with opened_parts(settings_of(term), writing=False) as parts:
        return await asyncio.to_thread(verify_pack, pack, check_mac=parts.keys.check_mac, check_receipt=check)


@command(
    APP,
    "compliance",
    text=both(
        "Write what the system can show for each item of the compliance-audit guide, computed now.",
        "按合规审计指引逐项列出系统当前能够证明的内容。",
    ),
    example="yumen export compliance --tenant xiaomi --from 2026-01-01 --format html --out report.html",
)
def run_compliance(  # noqa: PLR0913  options of a command
    term: Terminal,
    *,
    tenant: Tenant,
    since: Since = None,
    until: Until = None,
    form: ReportFormat = PageFormat.MARKDOWN,
    out: SomeOut = None,
) -> None:
    """Write the compliance report."""
    period = _period(since or "1970-01-01T00:00:00Z", until)
    items = run(_compliance(settings_of(term), tenant, period))
    span = Moment.of(period.since).text, Moment.of(period.until).text
    document = {"tenant": tenant, "from": span[0], "to": span[1], "items": [_item(item) for item in items]}
    if out is None and form is PageFormat.MARKDOWN:
        term.answer(document, lambda: markdown(tenant, span, items))
        return
    page = html(tenant, span, items) if form is PageFormat.HTML else markdown(tenant, span, items)
    if form is PageFormat.JSON:
        page = term.document(document)
    if out is None:
        sys.stdout.write(page)
        return
    with _created(out) as file:
        file.write(page.encode())
    term.answer({"file": str(out), "items": len(items)}, lambda: str(out))


async def _compliance(settings: Settings, tenant: str, period: Period) -> list[Item]:
    async with opened_parts(settings, writing=False, tenant=tenant) as parts, parts.database.transaction() as tx:
        catalog = await current_catalog(tx.connection) or Catalog.builtin()
        span = period.since, period.until
        items = await compliance(tx.connection, tenant, catalog, span=span, now=tx.now)
        noted: dict[str, Json] = {"export": "compliance", "entries": len(items)}
        draft = EntryDraft(Kind.LEDGER_EXPORTED, tenant, LEDGER_BY, parts=noted)
        await append(tx.connection, [draft], now=tx.now, mac=parts.keys.mac)
        return items


def _item(item: Item) -> dict[str, Any]:
    lines = [{"zh": line.zh, "en": line.en, "value": line.value} for line in item.lines]
    named = {"item": item.number, "zh": item.zh, "en": item.en, "law": item.law, "standing": item.standing.value}
    return {**named, "lines": lines}


def _exporter(parts: Parts, tenant: str) -> Exporter:
    settings = parts.settings
    reader = LogReader(settings.log_folder, log_key(settings.transparency.origin, parts.keys.log_signer))
    return Exporter(parts.database, parts.keys.mac, LEDGER_BY, tenant, LogReceipts(reader))


def _period(since: str | None, until: str | None) -> Period:
    if since is None:
        raise CommandError(told(both("--from is needed", "需要 --from")))
    end = datetime.now(UTC) if until is None else instant(until, "--to")
    return Period(instant(since, "--from"), end)


@contextmanager
def _created(path: Path) -> Iterator[IO[bytes]]:
    """A new file, closed to others; taken away again if the export fails. Raises: CommandError: it exists."""
    try:
        file = os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")
    except OSError as fault:
        refusal = told(both("--out: the file cannot be made ({why})", "--out：无法创建文件（{why}）"))
        raise CommandError(refusal.format(why=fault.strerror)) from None
    try:
        with file:
            yield file
    except BaseException:
        path.unlink(missing_ok=True)
        raise
