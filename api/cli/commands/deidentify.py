"""``yumen deidentify``: a file generalised until nobody in it stands alone, with the risk that is left."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Group, RenderableType

from api.cli import loads, tables
from api.cli.acting import LEDGER_BY
from api.cli.command import application, command
from api.cli.faults import FAILED, CommandError
from api.cli.language import both, told
from api.cli.parts import opened_parts, run, settings_of
from api.cli.tables import Dataset, Plan, Purpose, RecipientName
from api.cli.terminal import Terminal
from api.database import utc_now
from api.settings import Settings
from api.usecases.catalogs import Catalogs
from api.usecases.deidentifying import DeidRecord, check_texts, record_deid, report_bytes, report_digest
from api.usecases.tokenising import check_reach
from vault import KeyRing
from vault.bulk_plans import Recipient
from vault.deid_plans import DeidPlan, read_deid_plan

if TYPE_CHECKING:
    from vault.deidentify import Deidentified

APP = application()
EXTRA = "bulk"
Out = Annotated[
    Path | None,
    typer.Option(
        "--out",
        metavar="FILE",
        help=both(
            "The result, .csv or .parquet; its report stands beside it.", "结果文件，.csv 或 .parquet；报告存于其旁。"
        ),
        show_default=False,
    ),
]
Population = Annotated[
    Path | None,
    typer.Option(
        "--population",
        metavar="FILE",
        help=both(
            "Everybody the people may be from, for the journalist's risk.", "这些人所属的总体，用于记者攻击风险。"
        ),
        show_default=False,
    ),
]


@command(
    APP,
    "deidentify",
    text=both(
        "Generalise a CSV or Parquet file of people until it is k-anonymous (and, if asked, l-diverse and t-close), "
        "with the least loss; measure the risk that somebody is found again, and the degree of GB/T 42460. Nothing "
        "comes out if the plan cannot be met. Exit code 1 if cells have no token.",
        "对人员 CSV 或 Parquet 文件作损失最小的泛化，使其满足 k 匿名（可选 l 多样性、t 接近性）；"
        "度量重标识风险并给出 GB/T 42460 的分级。无法满足方案时不输出任何数据。有单元格没有令牌时退出码为 1。",
    ),
    example="yumen deidentify people.csv --plan plan.yaml --tenant xiaomi --dataset loans_2026 "
    "--recipient xiaomi_finance --purpose limit_setting --out loans.parquet",
)
def run_deidentify(  # noqa: PLR0913  options of a command
    term: Terminal,
    *,
    file: loads.File,
    plan: Plan,
    tenant: loads.Tenant,
    dataset: Dataset,
    recipient: RecipientName,
    purpose: Purpose,
    population: Population = None,
    out: Out = None,
    dry_run: loads.DryRun = False,
) -> int:
    """De-identify a file."""
    if (out is None) != dry_run:
        raise CommandError(told(both("give either --out or --dry-run", "请给出 --out 或 --dry-run 之一")))
    kind = None if out is None else _kind(out)
    making = tables.part("vault.deidentify", EXTRA)
    settings, asked = settings_of(term), Recipient(tenant, purpose, recipient)
    name = tables.named(dataset)
    keys, ready = run(_prepare(settings, tables.plan_of(plan), asked, recorded=out is not None))
    table = tables.table_of(term, file)
    wider = None if population is None else tables.table_of(term, population)
    with tables.watched(term, told(both("combinations", "组合"))) as progress:
        found: Deidentified = making.deidentify(
            table, ready, tokens=making.Tokens(keys, asked), population=wider, on_progress=progress
        )
    check_texts(found.table, ready, utc_now().date())
    document, entry = found.report.document(), None
    if out is not None:
        record = DeidRecord(asked, name, ready, document, keys.token_version if ready.tokens else None)
        entry = run(_record(settings, record))
        _write(found.table, document, out, kind)
    return _answer(term, document, entry=entry, out=out)


async def _prepare(
    settings: Settings, document: dict[str, Any], asked: Recipient, *, recorded: bool
) -> tuple[KeyRing, DeidPlan]:
    """Check the plan, the recipient and the purpose."""
    async with opened_parts(settings, writing=recorded) as parts:
        async with parts.database.reading() as tx:
            catalog = await Catalogs().current(tx.connection)
            plan = read_deid_plan(document, catalog.identifier_kinds())
            for each in plan.tokens:
                parts.keys.tokens.check_kind(each.spec.kind)
            fields = {*plan.fields.values(), *(each.field for each in plan.tokens)}
            await check_reach(tx.connection, asked, fields, tx.now)
        return parts.keys, plan


async def _record(settings: Settings, record: DeidRecord) -> int:
    async with opened_parts(settings, writing=True) as parts, parts.database.transaction() as tx:
        return await record_deid(tx.connection, record, by=LEDGER_BY, now=tx.now, mac=parts.keys.mac)


def _kind(out: Path) -> Any:
    """The kind of file by its name; neither it nor its report may be there. Raises: CommandError."""
    files = tables.part("vault.bulk.files", EXTRA)
    suffix = out.suffix.lower().removeprefix(".")
    if suffix not in set(files.FileKind):
        raise CommandError(told(both("--out: a .csv or .parquet file", "--out：须为 .csv 或 .parquet 文件")))
    if not out.parent.is_dir():
        raise CommandError(told(both("--out: there is no such folder", "--out：目录不存在")))
    for path in (out, _report_of(out)):
        if path.exists():
            raise CommandError(told(both(f"{path.name} is there already", f"{path.name} 已存在")))
    return files.FileKind(suffix)


def _report_of(out: Path) -> Path:
    return out.with_name(f"{out.name}.report.json")


def _write(table: Any, document: dict[str, Any], out: Path, kind: Any) -> None:
    """Write the report, then the result: each is there whole or not at all."""
    files = tables.part("vault.bulk.files", EXTRA)
    report = _report_of(out)
    scratch = report.with_name(f".{report.name}.unfinished")
    try:
        scratch.write_bytes(report_bytes(document))
        files.settle(scratch, report)
    finally:
        scratch.unlink(missing_ok=True)
    with files.writing_part(out, kind, table.schema) as writer:
        for batch in table.to_batches():
            writer.write(batch)


def _answer(term: Terminal, document: dict[str, Any], *, entry: int | None, out: Path | None) -> int:
    refused = sum(sum(faults.values()) for faults in document["tokens"]["refused"].values())
    whole = {
        **document,
        "dry_run": out is None,
        "entry": None if entry is None else str(entry),
        "evidence": report_digest(document),
    }
    term.answer(whole, lambda: _shown(term, document, refused=refused, out=out))
    return FAILED if refused else 0


def _shown(term: Terminal, document: dict[str, Any], *, refused: int, out: Path | None) -> RenderableType:
    risk, classes = document["risk"], document["classes"]
    facts = [
        (both("rows", "行数"), f"{document['kept']} / {document['rows']}"),
        (both("classes", "等价类"), f"{classes['count']} (k = {classes['smallest']})"),
        (both("highest risk of a person", "单人最高重标识风险"), risk["prosecutor"]["highest"]),
        (both("average risk", "平均重标识风险"), risk["prosecutor"]["average"]),
        (both("rows above the threshold", "超过阈值的行占比"), risk["prosecutor"]["above_threshold"]),
        *_asked(document),
        (both("information lost", "信息损失"), document["loss"]["total"]),
        (both("degree of GB/T 42460", "GB/T 42460 分级"), document["degree"]["degree"]),
    ]
    levels = [(name, f"{each['level']} / {each['of']}") for name, each in document["loss"]["columns"].items()]
    parts: list[RenderableType] = [
        term.facts(facts),
        term.table((both("quasi-identifier", "准标识符"), both("level", "层级")), levels),
    ]
    if refused:
        parts.append(term.say(f"{refused} cells have no token and are empty", f"{refused} 个单元格没有令牌，已留空"))
    if out is not None:
        parts.append(term.say(f"report {_report_of(out).name}", f"报告 {_report_of(out).name}"))
        parts.append(report_digest(document))
    else:
        parts.append(term.say("Nothing was written.", "未写出任何文件。"))
    return Group(*parts)


def _asked(document: dict[str, Any]) -> list[tuple[str, object]]:
    """What is shown only where it was asked for: l, t, and the risk within a population."""
    risk, facts = document["risk"], list[tuple[str, object]]()
    for name in ("l", "t"):
        if document[name]["asked"] is not None:
            facts.append((name, ", ".join(f"{column} {found}" for column, found in document[name]["measured"].items())))
    if risk["population"] is not None:
        facts.append((both("highest risk in the population", "总体中的最高风险"), risk["journalist"]["highest"]))
        facts.append((both("share of rows found again", "可被重新找到的行占比"), risk["marketer"]))
    return facts
