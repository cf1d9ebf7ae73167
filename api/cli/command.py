"""Declaring a command: the options every command has, and the guard around it."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from enum import IntEnum
from functools import wraps
from pathlib import Path
from typing import Annotated, Any, get_type_hints

import typer

from api.cli.faults import reported
from api.cli.language import Language, both
from api.cli.terminal import Terminal

Body = Callable[..., int | None]

JSON = Annotated[
    bool,
    typer.Option("--json", help=both("Answer with one JSON document.", "以一个 JSON 文档作答。")),
]
LANG = Annotated[
    Language | None,
    typer.Option("--lang", help=both("Language of texts (else of the environment).", "文字的语言（默认取自环境）。")),
]
CONFIG = Annotated[
    Path | None,
    typer.Option(
        "--config",
        help=both(
            "Settings file, TOML or YAML (else YUMEN_CONFIG).", "设置文件，TOML 或 YAML（默认取 YUMEN_CONFIG）。"
        ),
    ),
]
OFFLINE = both("Works offline, needs no database.", "离线可用，不需要数据库。")


def application() -> typer.Typer:
    """A Typer application for one command or one group of them."""
    return typer.Typer(add_completion=False, rich_markup_mode="rich", pretty_exceptions_enable=False)


class Needs(IntEnum):
    """What a command opens."""

    NOTHING = 0
    SETTINGS = 1
    DATABASE = 2


def command(
    app: typer.Typer, name: str, *, text: str, example: str, needs: Needs = Needs.DATABASE
) -> Callable[[Body], Body]:
    """Add a function as a command.

    Shape: the function takes a Terminal first and answers an exit code or nothing; ``text`` is its help in both
    languages, ``example`` a command line; a command that needs no database says so
    in its help.
    """

    def add(function: Body) -> Body:
        guarded = _guarded(function, has_settings=needs >= Needs.SETTINGS)
        app.command(name, help=_help(text, offline=needs < Needs.DATABASE), epilog=f"Example:  {example}")(guarded)
        return function

    return add


def _help(text: str, *, offline: bool) -> str:
    if not offline:
        return text
    (en, _, zh), (en_too, _, zh_too) = text.partition("\x1f"), OFFLINE.partition("\x1f")
    return both(f"{en} {en_too}", f"{zh}{zh_too}")


def _guarded(function: Body, *, has_settings: bool) -> Callable[..., None]:
    hints = get_type_hints(function, include_extras=True)
    given = list(inspect.signature(function).parameters.values())[1:]
    kept = [param.replace(annotation=hints[param.name], kind=param.KEYWORD_ONLY) for param in given]
    common: dict[str, Any] = {"as_json": (JSON, False), "lang": (LANG, None)}
    if has_settings:
        common["config"] = (CONFIG, None)
    added = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, annotation=annotation, default=default)
        for name, (annotation, default) in common.items()
    ]

    @wraps(function)
    def run(**values: Any) -> None:
        values.pop("lang")  # read before anything was parsed: see api.cli.lazy
        term = Terminal(is_json=values.pop("as_json"), config=values.pop("config", None))
        with reported():
            code = function(term, **values)
        raise typer.Exit(code or 0)

    parameters = [*kept, *added]
    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]  # what inspect reads
    run.__annotations__ = {param.name: param.annotation for param in parameters}
    return run
