"""``yumen aggregate``: differentially private aggregates of a file, paid from a privacy budget."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Annotated, Any

import typer
from rich.console import Group, RenderableType

from api.cli import loads, tables
from api.cli.acting import LEDGER_BY
from api.cli.command import application, command
from api.cli.language import both
from api.cli.parts import Parts, opened_parts, run, settings_of
from api.cli.tables import Dataset, Plan, Purpose, RecipientName
from api.cli.terminal import Terminal
from api.settings import Settings
from api.usecases.aggregating import (
    Asking,
    Given,
    answer_all,
    check_asking,
    ensure_room,
    fingerprint,
    pay,
    repeated,
)
from vault import AggregatePlanError, KeyRing, PrivacyAccount, PrivacyBudgetNotSetError, PrivacyRequest, find_budget
from vault.aggregate_plans import Asked, Cost, read_queries, total

APP = application()
MEMBERS = frozenset({"subject", "queries"})
Retry = Annotated[
    str | None,
    typer.Option(
        "--retry",
        metavar="KEY",
        help=both(
            "A key of your own: the same request under it is paid once and answered alike.",
            "自定义的键：同一请求用同一键只付一次，答案相同。",
        ),
        show_default=False,
    ),
]
DryRun = Annotated[
    bool,
    typer.Option("--dry-run", help=both("Check everything, answer and spend nothing.", "只检查，不作答、不花费。")),
]


@command(
    APP,
    "aggregate",
    text=both(
        "Answer counts, sums, means, histograms and quantiles of a CSV or Parquet file with noise, so that nobody can "
        "tell whether any one person is in it (differential privacy). Each person counts with one row. The answer is "
        "paid from the recipient's privacy budget and in the ledger first.",
        "以带噪声的计数、求和、均值、直方图、分位数回答关于 CSV 或 Parquet 文件的查询，使人无法判断某人是否在其中"
        "（差分隐私）。每人只计一行。先从接收方的隐私预算中扣除并记入账本，然后作答。",
    ),
    example="yumen aggregate people.csv --plan queries.yaml --tenant xiaomi --dataset loans_2026 "
    "--recipient xiaomi_finance --purpose limit_setting --retry report-7",
)
def run_aggregate(  # noqa: PLR0913  options of a command
    term: Terminal,
    *,
    file: loads.File,
    plan: Plan,
    tenant: loads.Tenant,
    dataset: Dataset,
    recipient: RecipientName,
    purpose: Purpose,
    retry: Retry = None,
    dry_run: DryRun = False,
) -> None:
    """Answer queries about a file."""
    subject, queries = _read(tables.plan_of(plan))
    tables.part("vault.aggregates", "dp")  # here, so that a missing part is told before anything is done
    settings = settings_of(term)
    account = PrivacyAccount(tenant, tables.named(dataset), recipient)
    table = tables.table_of(term, file)
    content = tables.part("vault.bulk.runs", "bulk").digest_of(file)
    whole = json.dumps([content, subject, purpose, [repr(query) for query in queries]])
    values, cost = _values(table, subject, queries), total(queries)

    def asking(keys: KeyRing) -> Asking:
        again = None if retry is None else fingerprint(keys, tenant, "retry", LEDGER_BY.id, retry)
        request = PrivacyRequest(account, None, again, fingerprint(keys, tenant, "request", whole), cost)
        return Asking(request, purpose, queries, LEDGER_BY)

    given = run(_given(settings, asking, values, dry_run=dry_run))
    if isinstance(given, Given):
        document = {**given.document, "dry_run": False, "repeated": given.is_repeated}
        term.answer(document, lambda: _shown(term, given.document, queries))
    else:
        document = {"dry_run": True, "cost": cost.texts(), "left": given and given.texts()}
        term.answer(document, lambda: _costs(term, cost, given))


async def _given(
    settings: Settings, asking: Callable[[KeyRing], Asking], values: dict[str | None, Any], *, dry_run: bool
) -> Given | Cost | None:
    """The answer; of a dry run what is left of the budget, if one is set."""
    async with opened_parts(settings, writing=not dry_run) as parts:
        asked = asking(parts.keys)
        async with parts.database.reading() as tx:
            await check_asking(tx, asked, client=None)
            before = await repeated(tx, asked)
        if dry_run:
            return await _left(parts, asked)
        if before is not None:
            return before
        await ensure_room(parts.database, parts.keys, asked)
        return await pay(parts.database, parts.keys, asked, answer_all(asked.queries, values))


async def _left(parts: Parts, asked: Asking) -> Cost | None:
    try:
        async with parts.database.reading() as tx:
            return (await find_budget(tx.connection, asked.request.account, rows=parts.keys.rows)).left
    except PrivacyBudgetNotSetError:
        return None


def _costs(term: Terminal, cost: Cost, left: Cost | None) -> str:
    """What a dry run tells people."""
    if left is None:
        return term.say(
            f"This would cost {cost.said()}; no budget is set.", f"将花费 {cost.said()}；尚未设置隐私预算。"
        )
    return term.say(
        f"This would cost {cost.said()}; left is {left.said()}{'' if cost.fits(left) else ': too little'}.",
        f"将花费 {cost.said()}；剩余 {left.said()}{'' if cost.fits(left) else '，不足'}。",
    )


def _read(document: dict[str, Any]) -> tuple[str, tuple[Asked, ...]]:
    """The column that tells people apart, and the queries. Raises: AggregatePlanError."""
    subject = document.get("subject")
    if not set(document) <= MEMBERS or not isinstance(subject, str):
        raise AggregatePlanError(["a plan has the members queries and subject, the column that tells people apart"])
    return subject, read_queries(document.get("queries"))


def _values(table: Any, subject: str, queries: tuple[Asked, ...]) -> dict[str | None, Any]:
    """The values of each column, of the first row of each person; rows of nobody are left out.

    Raises: AggregatePlanError: there is no such column; DeidDataError: cells of numbers that are none.
    """
    ladders = tables.part("vault.deidentify.ladders", "bulk")
    numpy = tables.part("numpy", "bulk")
    wanted = {query.column for query in queries} | {subject}
    missing = sorted(str(name) for name in wanted if name is not None and name not in table.column_names)
    if missing:
        raise AggregatePlanError([f"there is no column `{name}`" for name in missing])
    codes, people = ladders.encoded(table.column(subject))
    _, first = numpy.unique(codes, return_index=True)
    is_null = numpy.asarray(people.is_null(), bool)
    rows = numpy.sort(first[~is_null[codes[first]]]) if len(codes) else first
    found: dict[str | None, Any] = {None: [1] * len(rows)}
    numeric = {query.column for query in queries if query.is_numeric}
    for name in wanted - {None}:
        column = table.column(name)
        if name in numeric:
            column = ladders.as_numbers(column, name)
        found[name] = column.take(rows).to_pylist()
    return found


def _shown(term: Terminal, document: Any, queries: tuple[Asked, ...]) -> RenderableType:
    rows = []
    for each, query in zip(document["results"], queries, strict=True):
        value = each["value"]
        if each["counts"] is not None:
            bands = (*query.categories, term.say("others", "其他"))
            value = [f"{band} {found}" for band, found in zip(bands, (*each["counts"], each["other"]), strict=True)]
        rows.append((each["kind"], each["column"], value, each["accuracy"], each["epsilon"]))
    columns = (
        both("asked", "查询"),
        both("column", "列"),
        both("answer", "答案"),
        both("within, 95 in 100", "误差（95%）"),
        "epsilon",
    )
    left = document["budget"]["left"]
    return Group(
        term.table(columns, rows),
        term.say(f"Epsilon left: {left['epsilon']}", f"剩余 ε：{left['epsilon']}"),
        term.say(f"Delta left: {left['delta']}", f"剩余 δ：{left['delta']}"),
    )
