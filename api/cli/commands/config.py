"""``yumen config``: the settings in force, secrets hidden; what production would refuse."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated, Any

import typer
from pydantic import BaseModel, SecretStr
from sqlalchemy.engine import make_url

from api.cli.command import Needs, application, command
from api.cli.faults import FAILED
from api.cli.language import both
from api.cli.parts import settings_of
from api.cli.terminal import Terminal
from api.hardening import weaknesses
from api.settings import SECRETS, Settings, variable

APP = application()
HIDDEN = "••••••"
USER_INFO = re.compile(r"//[^/@]*@")
Production = Annotated[
    bool, typer.Option("--production", help=both("Judge them as production mode would.", "按生产模式的要求评判。"))
]


@command(
    APP,
    "show",
    text=both("Show the settings in force; secrets are hidden.", "显示生效的设置；秘密不显示。"),
    example="yumen config show",
    needs=Needs.SETTINGS,
)
def run_show(term: Terminal) -> None:
    """Show every setting, its variable and whether it was set."""
    settings = settings_of(term)
    rows = list(_rows(settings, ""))
    columns = (both("setting", "设置"), both("value", "值"), both("set", "已设"), both("variable", "变量"))
    document = {name: {"value": value, "set": is_set, "variable": variable(name)} for name, value, is_set in rows}
    term.answer(
        {"settings": document, "database": shown_database(settings)},
        lambda: term.table(columns, [(name, value, is_set, variable(name)) for name, value, is_set in rows]),
    )


@command(
    APP,
    "check",
    text=both(
        "Check the settings. Exit code 2 if they cannot be used, 1 if production mode would refuse them.",
        "检查设置。不可用时退出码为 2；生产模式会拒绝时为 1。",
    ),
    example="yumen config check --production",
    needs=Needs.SETTINGS,
)
def run_check(term: Terminal, *, production: Production = False) -> int:
    """Check the settings."""
    settings = settings_of(term)
    faults = list(weaknesses(settings)) if production else []
    good = term.say(f"The settings can be used ({settings.mode}).", f"设置可用（{settings.mode}）。")
    document = {"mode": settings.mode.value, "valid": not faults, "faults": faults}
    term.answer(document, lambda: "\n".join(faults) or good)
    return FAILED if faults else 0


def shown_database(settings: Settings) -> str:
    """The database's URL without its password."""
    return make_url(settings.database).render_as_string(hide_password=True)


def _rows(group: BaseModel, prefix: str) -> Iterator[tuple[str, Any, bool]]:
    for name in type(group).model_fields:
        value, full = getattr(group, name), prefix + name
        if isinstance(value, BaseModel):
            yield from _rows(value, f"{full}.")
        else:
            yield full, _shown(full, value), name in group.model_fields_set


def _shown(name: str, value: object) -> object:
    if name == "database_url" and isinstance(value, SecretStr):
        return make_url(value.get_secret_value()).render_as_string(hide_password=True)
    if isinstance(value, SecretStr) or (value is not None and name in SECRETS):
        return HIDDEN
    if value is None or isinstance(value, bool | int | str):
        return value if not isinstance(value, str) else str(value)
    if isinstance(value, tuple | frozenset | set):
        return [str(part) for part in value]
    return USER_INFO.sub(f"//{HIDDEN}@", str(value))
