"""``yumen tenants``: the organisations on this deployment."""

from __future__ import annotations

from typing import Annotated

import typer

from api.cli.acting import BY, registrar
from api.cli.command import application, command
from api.cli.language import both
from api.cli.parts import opened_parts, run, settings_of
from api.cli.terminal import Terminal
from api.settings import Settings
from consent import BilingualText, Registered, Tenant, load_registry

APP = application()
Name = Annotated[str, typer.Argument(help=both("Name, such as xiaomi.", "名称，例如 xiaomi。"), show_default=False)]
Chinese = Annotated[str, typer.Option("--zh", help=both("Title in Chinese.", "中文名称。"), show_default=False)]
English = Annotated[str, typer.Option("--en", help=both("Title in English.", "英文名称。"), show_default=False)]


@command(APP, "list", text=both("List the tenants.", "列出租户。"), example="yumen tenants list --json")
def run_list(term: Terminal) -> None:
    """List every tenant with its titles."""
    tenants = run(_list(settings_of(term)))
    document = {"tenants": [{"name": one.name, "zh": one.title.zh, "en": one.title.en} for one in tenants]}
    columns = (both("name", "名称"), "中文", "English")
    term.answer(document, lambda: term.table(columns, [list(one.values()) for one in document["tenants"]]))


@command(
    APP,
    "add",
    text=both("Add a tenant.", "新增租户。"),
    example='yumen tenants add xiaomi --zh 小米贷款 --en "Xiaomi Loan"',
)
def run_add(term: Terminal, *, name: Name, zh: Chinese, en: English) -> None:
    """Register a tenant."""
    tenant = Tenant(name=name, title=BilingualText(zh, en))
    done = run(_add(settings_of(term), tenant))
    document = {"tenant": name, "epoch": done.epoch, "entries": [str(entry) for entry in done.entries]}
    term.answer(document, lambda: term.say(f"Added {name}.", f"已新增 {name}。"))


async def _list(settings: Settings) -> list[Tenant]:
    async with opened_parts(settings, writing=False) as parts, parts.database.snapshot() as tx:
        registry = await load_registry(tx.connection, parts.keys.rows)
    return [registry.tenants[name] for name in sorted(registry.tenants)]


async def _add(settings: Settings, tenant: Tenant) -> Registered:
    async with opened_parts(settings, writing=True) as parts, parts.database.transaction() as tx:
        return await registrar(parts).register_tenant(tx.connection, tenant, by=BY, now=tx.now)
