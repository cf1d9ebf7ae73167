"""``yumen budget``: what the aggregates of a dataset may cost a recipient, and what they did."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import typer
from rich.console import RenderableType

from api.cli import loads
from api.cli.acting import LEDGER_BY
from api.cli.command import application, command
from api.cli.language import both
from api.cli.parts import opened_parts, run, settings_of
from api.cli.tables import Dataset, RecipientName, named
from api.cli.terminal import Terminal
from api.settings import Settings
from api.usecases.budgeting import put_budget
from vault import PrivacyAccount, PrivacyBudget, list_budgets
from vault.aggregate_plans import Cost, read_cost

APP = application()
MOST = 1000
Epsilon = Annotated[
    str, typer.Option("--epsilon", help=both("Epsilon in all, such as 1.5.", "ε 总额，如 1.5。"), show_default=False)
]
Delta = Annotated[str, typer.Option("--delta", help=both("Delta in all, such as 0.00001.", "δ 总额，如 0.00001。"))]


@command(
    APP,
    "set",
    text=both(
        "Set the privacy budget of a dataset and a recipient, new or changed. What was spent stays spent. In the "
        "ledger it stands as done at the command line.",
        "为数据集与接收方设定或更改隐私预算。已花费的部分不变。账本中记为由命令行操作。",
    ),
    example="yumen budget set --tenant xiaomi --dataset loans_2026 --recipient xiaomi_finance --epsilon 2 "
    "--delta 0.00001",
)
def run_set(  # noqa: PLR0913  options of a command
    term: Terminal,
    *,
    tenant: loads.Tenant,
    dataset: Dataset,
    recipient: RecipientName,
    epsilon: Epsilon,
    delta: Delta = "0",
) -> None:
    """Set a budget."""
    limit = read_cost({"epsilon": epsilon, "delta": delta})
    account = PrivacyAccount(tenant, named(dataset), recipient)
    found, entry = run(_set(settings_of(term), account, limit))
    term.answer({**document(found), "entry": str(entry)}, lambda: _table(term, [found]))


@command(
    APP,
    "list",
    text=both("List the privacy budgets of a tenant and what is left of them.", "列出租户的隐私预算及余额。"),
    example="yumen budget list --tenant xiaomi",
)
def run_list(term: Terminal, *, tenant: loads.Tenant) -> None:
    """List the budgets."""
    found = run(_list(settings_of(term), tenant))
    term.answer({"budgets": [document(each) for each in found]}, lambda: _table(term, found))


async def _set(settings: Settings, account: PrivacyAccount, limit: Cost) -> tuple[PrivacyBudget, int]:
    async with opened_parts(settings, writing=True) as parts, parts.database.transaction() as tx:
        return await put_budget(tx, account, limit, keys=parts.keys, by=LEDGER_BY)


async def _list(settings: Settings, tenant: str) -> list[PrivacyBudget]:
    async with opened_parts(settings, writing=False, tenant=tenant) as parts, parts.database.reading() as tx:
        return await list_budgets(tx.connection, tenant, after=("", ""), limit=MOST, rows=parts.keys.rows)


def document(found: PrivacyBudget) -> dict[str, Any]:
    """A budget as JSON."""
    return {
        "dataset": found.account.dataset,
        "recipient": found.account.recipient,
        "limit": found.limit.texts(),
        "spent": found.spent.texts(),
        "left": found.left.texts(),
    }


def _table(term: Terminal, budgets: Sequence[PrivacyBudget]) -> RenderableType:
    columns = (
        both("dataset", "数据集"),
        both("recipient", "接收方"),
        both("epsilon: limit", "ε 总额"),
        both("spent", "已花费"),
        both("left", "余额"),
        both("delta: left", "δ 余额"),
    )
    rows = [
        (
            each.account.dataset,
            each.account.recipient,
            each.limit.texts()["epsilon"],
            each.spent.texts()["epsilon"],
            each.left.texts()["epsilon"],
            each.left.texts()["delta"],
        )
        for each in budgets
    ]
    return term.table(columns, rows)
