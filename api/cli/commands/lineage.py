"""``yumen lineage``: what fed a score, what a field reaches, what a grant was used for; tasks; pictures; following."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from api.cli.command import application, command
from api.cli.faults import FAILED, CommandError
from api.cli.language import LANGUAGE, both, told
from api.cli.lineages import emitted, follow, grades, note
from api.cli.parts import opened_parts, run, settings_of
from api.cli.terminal import Terminal
from api.cli.trees import score_shown, trees
from api.usecases.drawing import PictureAsked, picture_asked
from api.usecases.explaining import instant
from api.usecases.graphing import use_of_grant
from catalog import Catalog
from catalog.store import current as current_catalog
from lineage import find_entry
from lineage.graph import (
    FieldReach,
    Picture,
    Task,
    TaskFilter,
    TaskState,
    ToDelete,
    decisions_of,
    draw,
    feeding_reads,
    field_reach,
    find_score,
    list_tasks,
)

APP = application()
Tenant = Annotated[str, typer.Option("--tenant", help=both("Tenant.", "租户。"), show_default=False)]
ScoreName = Annotated[str, typer.Argument(metavar="SCORE", help=both("Score, sc_…", "评分，sc_…"), show_default=False)]
FieldName = Annotated[str, typer.Argument(metavar="FIELD", help=both("Catalogue field.", "目录字段。"))]
GrantName = Annotated[str, typer.Argument(metavar="GRANT", help=both("Grant, gr_…", "同意，gr_…"), show_default=False)]
SomeScore = Annotated[str | None, typer.Option("--score", help=both("Around a score.", "围绕一个评分。"))]
SomeField = Annotated[str | None, typer.Option("--field", help=both("Around a field.", "围绕一个字段。"))]
SomeColumn = Annotated[str | None, typer.Option("--column", help=both("Around a column, co_…", "围绕一个列，co_…"))]
Svg = Annotated[Path | None, typer.Option("--svg", help=both("Draw into this file.", "绘制到该文件。"))]
State = Annotated[
    TaskState | None, typer.Option("--state", help=both("open, overdue or done.", "open、overdue 或 done。"))
]
DryRun = Annotated[
    bool, typer.Option("--dry-run", help=both("Say what would be told, tell nothing.", "只显示，不发送。"))
]
Limit = Annotated[int, typer.Option(min=1, max=1000, help=both("How many at most.", "最多条数。"))]


@command(
    APP,
    "score",
    text=both("What fed a score: reads, features, fields, grants.", "评分的来源：读取、特征、字段与同意。"),
    example="yumen lineage score sc_… --tenant xiaomi",
)
def run_score(term: Terminal, *, score: ScoreName, tenant: Tenant) -> None:
    """Trace a score."""
    document = run(_score(term, tenant, score))
    term.answer(document, lambda: score_shown(term, document))


async def _score(term: Terminal, tenant: str, name: str) -> dict[str, Any]:
    async with (
        opened_parts(settings_of(term), writing=False, tenant=tenant) as parts,
        parts.database.transaction() as tx,
    ):
        score = await find_score(tx.connection, tenant, name)
        reads = await feeding_reads(tx.connection, tenant, name)
        decisions = (await decisions_of(tx.connection, tenant, [name])).get(name, [])
        entry = await find_entry(tx.connection, tenant, score.entry)
        await note(tx, parts, tenant, {"of": "score", "score": name})
    return {
        "score": score.id,
        "entry": str(score.entry),
        "digest": entry.digest.hex(),
        "subject": score.subject,
        "at": instant(score.at_us).isoformat(),
        "model": score.model,
        "version": score.version,
        "client": score.client,
        "party": score.party,
        "purpose": score.purpose,
        "product": score.product,
        "automated": score.automated,
        "reasons": [{"feature": each.feature, "effect": each.effect.value} for each in score.reasons],
        "decisions": [
            {"decision": made.id, "outcome": made.outcome.value, "automated": made.automated} for made in decisions
        ],
        "reads": [
            {
                "entry": str(read.entry.id),
                "at": read.entry.document["at"],
                "grants": read.entry.document["grants"],
                "features": {use.feature: {"form": use.form, "fields": list(use.fields)} for use in read.features},
            }
            for read in reads
        ],
    }


@command(
    APP,
    "field",
    text=both(
        "All that a field reaches: features, clients, models, recipients, how many people's.",
        "字段的全部去向：特征、服务、模型、接收方与涉及人数。",
    ),
    example="yumen lineage field zhima_score --tenant xiaomi",
)
def run_field(term: Terminal, *, field: FieldName, tenant: Tenant) -> None:
    """Show what a field reaches."""
    found = run(_field(term, tenant, field))
    document: dict[str, Any] = {
        "field": found.field,
        "features": list(found.features),
        "released": list(found.released),
        "clients": [{"client": client, "purpose": purpose} for client, purpose in found.clients],
        "models": [{"model": model, "version": version} for model, version in found.models],
        "recipients": dict(found.recipients),
        "subjects": found.subjects,
        "upto": str(found.upto),
    }
    term.answer(document, lambda: term.facts(_reach(found)))


def _reach(found: FieldReach) -> list[tuple[str, object]]:
    """What a field reaches, for people."""
    return [
        (both("field", "字段"), found.field),
        (both("features of it", "由其产生的特征"), found.features),
        (both("of them released", "其中已提供"), found.released),
        (both("clients (purpose)", "服务（目的）"), [f"{client} ({purpose})" for client, purpose in found.clients]),
        (both("models", "模型"), [f"{model} {version}" for model, version in found.models]),
        (both("recipients (people)", "接收方（人数）"), [f"{name} ({count})" for name, count in found.recipients]),
        (both("people", "涉及人数"), found.subjects),
        (both("counted up to entry", "统计至条目"), found.upto),
    ]


async def _field(term: Terminal, tenant: str, field: str) -> FieldReach:
    async with (
        opened_parts(settings_of(term), writing=False, tenant=tenant) as parts,
        parts.database.transaction() as tx,
    ):
        catalog = await current_catalog(tx.connection) or Catalog.builtin()
        found = await field_reach(tx.connection, tenant, field)
        if field not in catalog.fields and not found.features:
            raise CommandError(told(both("there is no such field", "没有这一字段")))
        await note(tx, parts, tenant, {"of": "field", "field": field})
        return found


@command(
    APP,
    "grant",
    text=both(
        "What a grant was used for, which is what must be deleted when it ends.",
        "同意的使用情况，即其终止后应删除的内容。",
    ),
    example="yumen lineage grant gr_… --tenant xiaomi",
)
def run_grant(term: Terminal, *, grant: GrantName, tenant: Tenant) -> None:
    """Show what a grant was used for."""
    subject, found = run(_grant(term, tenant, grant))
    received = [_received(each) for each in found]
    document = {"grant": grant, "subject": subject, "received": received}
    columns = (
        both("party", "接收方"),
        both("fields", "字段"),
        both("features", "特征"),
        both("scores", "评分"),
        both("columns", "外部列"),
    )
    rows = [
        (each["party"], each["fields"], each["features"], each["scores"], [c["label"] for c in each["columns"]])
        for each in received
    ]
    none = term.say("It was never used.", "从未使用。")
    term.answer(document, lambda: term.table(columns, rows) if rows else none)


async def _grant(term: Terminal, tenant: str, grant: str) -> tuple[str, list[ToDelete]]:
    async with (
        opened_parts(settings_of(term), writing=False, tenant=tenant) as parts,
        parts.database.transaction() as tx,
    ):
        found = await use_of_grant(tx.connection, tenant, grant)
        await note(tx, parts, tenant, {"of": "grant", "grant": grant})
        return found


def _received(each: ToDelete) -> dict[str, Any]:
    got = each.received
    return {
        "party": got.party,
        "fields": list(got.fields),
        "features": list(got.features),
        "scores": list(got.scores),
        "columns": [{"node": node, "label": label} for node, label in each.columns],
    }


@command(
    APP,
    "graph",
    text=both("Draw the graph around a score, a field or a column, as a tree or SVG.", "以树或 SVG 绘制血缘图。"),
    example="yumen lineage graph --tenant xiaomi --field zhima_score --svg out.svg",
)
def run_graph(  # noqa: PLR0913  options of a command
    term: Terminal,
    *,
    tenant: Tenant,
    score: SomeScore = None,
    field: SomeField = None,
    column: SomeColumn = None,
    svg: Svg = None,
) -> None:
    """Draw a part of the graph."""
    if [score, field, column].count(None) != 2:
        raise CommandError(
            told(both("name one of --score, --field, --column", "请指定 --score、--field、--column 之一"))
        )
    picture = run(_picture(term, tenant, PictureAsked(score, field, column)))
    language = "zh" if LANGUAGE.get() == "zh" else "en"
    if svg is not None:
        try:
            svg.write_text(draw(picture, language), encoding="utf-8")
        except OSError as fault:
            refusal = told(both("--svg: the file cannot be written ({why})", "--svg：无法写入文件（{why}）"))
            raise CommandError(refusal.format(why=fault.strerror)) from None
    document: dict[str, Any] = {
        "root": picture.root,
        "nodes": [
            {"id": s.id, "sort": s.sort.value, "zh": s.zh, "en": s.en, "grade": s.grade, "removed": s.is_removed}
            for s in picture.spots.values()
        ],
        "edges": [{"source": source, "target": target} for source, target in picture.edges],
    }
    term.answer(document, lambda: str(svg) if svg else trees(term, picture, language))


async def _picture(term: Terminal, tenant: str, asked: PictureAsked) -> Picture:
    async with (
        opened_parts(settings_of(term), writing=False, tenant=tenant) as parts,
        parts.database.transaction() as tx,
    ):
        catalog = await current_catalog(tx.connection) or Catalog.builtin()
        picture = await picture_asked(tx.connection, tenant, catalog, asked)
        await note(tx, parts, tenant, {"of": "graph"})
        return picture


@command(
    APP,
    "tasks",
    text=both(
        "Deletion tasks of recipients. Exit code 1 if any of those shown is overdue.",
        "接收方的删除任务。有逾期任务时退出码为 1。",
    ),
    example="yumen lineage tasks --tenant xiaomi --state overdue",
)
def run_tasks(term: Terminal, *, tenant: Tenant, state: State = None, limit: Limit = 100) -> int:
    """List deletion tasks."""
    document = run(_tasks(term, tenant, state, limit))
    columns = (
        both("task", "任务"),
        both("party", "接收方"),
        both("cause", "原因"),
        both("fields", "字段"),
        both("due", "期限"),
        both("overdue", "逾期"),
        both("outcome", "结果"),
    )
    rows = [
        (
            each["task"],
            each["party"],
            each["cause"],
            each["fields"],
            each["due_at"][:19],
            each["overdue"],
            each["outcome"],
        )
        for each in document["tasks"]
    ]
    term.answer(document, lambda: term.table(columns, rows) if rows else term.say("No tasks.", "没有任务。"))
    return FAILED if any(each["overdue"] for each in document["tasks"]) else 0


async def _tasks(term: Terminal, tenant: str, state: TaskState | None, limit: int) -> dict[str, Any]:
    async with (
        opened_parts(settings_of(term), writing=False, tenant=tenant) as parts,
        parts.database.transaction() as tx,
    ):
        now_us = int(tx.now.timestamp() * 1_000_000)
        rows = await list_tasks(tx.connection, tenant, TaskFilter(state=state), now_us=now_us, after=None, limit=limit)
        await note(tx, parts, tenant, {"of": "tasks"})
        now = tx.now
    tasks = [Task.of(row) for row in rows]
    shown = [
        {
            "task": task.id,
            "party": task.party,
            "subject": task.subject,
            "cause": task.cause.value,
            "about": task.about,
            "fields": list(task.fields),
            "raised_at": instant(task.raised_us).isoformat(),
            "due_at": instant(task.due_us).isoformat(),
            "overdue": task.is_overdue(now),
            "outcome": None if task.outcome is None else task.outcome.value,
        }
        for task in tasks
    ]
    return {"tasks": shown}


@command(
    APP,
    "grades",
    text=both(
        "Grades and consent duties of the columns outside, as they follow from what they derive from.",
        "外部列由其来源决定的级别与同意要求。",
    ),
    example="yumen lineage grades --tenant xiaomi",
)
def run_grades(term: Terminal, *, tenant: Tenant) -> None:
    """Show the grades of columns."""
    rows = run(grades(term, tenant))
    columns = (both("column", "列"), both("grade", "级别"), both("duties", "要求"), both("fields", "来源字段"))
    shown = [(row["label"], row["grade"], row["duties"], row["fields"]) for row in rows]
    term.answer(
        {"columns": rows}, lambda: term.table(columns, shown) if shown else term.say("No columns.", "没有外部列。")
    )


@command(
    APP,
    "follow",
    text=both(
        "Bring the counts up to the ledger's end now; killed, it goes on where it stopped.",
        "立即把统计更新到账本末尾；中断后可继续。",
    ),
    example="yumen lineage follow",
)
def run_follow(term: Terminal) -> None:
    """Fold what is new."""
    done = run(follow(term))
    term.answer({"folded": done}, lambda: term.say(f"{done} entries folded", f"已处理 {done} 条目"))


@command(
    APP,
    "emit",
    text=both(
        "Tell new reads, summed up, to the OpenLineage server of the settings (lineage.emit_url).",
        "把新的读取汇总后告知设置中的 OpenLineage 服务（lineage.emit_url）。",
    ),
    example="yumen lineage emit --dry-run",
)
def run_emit(term: Terminal, *, dry_run: DryRun = False) -> None:
    """Tell new reads."""
    told = run(emitted(term, dry_run=dry_run))
    shown = term.say(
        f"{told['events']} events, up to entry {told['upto']}", f"{told['events']} 个事件，至条目 {told['upto']}"
    )
    term.answer(told, lambda: shown)
