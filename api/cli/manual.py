"""Writes docs/cli.md from the commands themselves: ``python -m api.cli.manual > docs/cli.md``."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

import typer
from typer.core import TyperArgument, TyperGroup

from api.cli.entry import COMMANDS
from api.cli.language import LANGUAGE, Language, told
from api.cli.lazy import load

HEAD = """# The command line

This page is written from the commands themselves (`python -m api.cli.manual`), and a test holds it to them.

Every command has `--json`: the answer is one JSON document on standard output, notes go to standard error. Texts are in
Chinese or English, by `--lang` or the environment (`LC_ALL`, `LC_MESSAGES`, `LANG`); `NO_COLOR` is respected. The
settings are the service's own: `YUMEN_*` variables and the file that `--config` or `YUMEN_CONFIG` names.

| exit code | meaning |
| --- | --- |
| 0 | done |
| 1 | a check failed, rows were refused, or a part could not be reached |
| 2 | arguments, a file or the settings cannot be used |
| 130 | stopped by Ctrl-C |

An error is one line for each fault on standard error; it holds no value of a person. Files with rows are read as a
stream, and a load that was killed goes on where it stopped.
"""


def manual() -> str:
    """The whole page, in English."""
    before = LANGUAGE.set(Language.EN)
    try:
        return "\n".join(_lines()) + "\n"
    finally:
        LANGUAGE.reset(before)


def _lines() -> Iterator[str]:
    yield HEAD
    yield "| command | what it does |"
    yield "| --- | --- |"
    for name, place in COMMANDS.items():
        yield f"| [`yumen {name}`](#yumen-{name}) | {told(place.help)} |"
    for name, place in COMMANDS.items():
        found = load(name, place)
        yield f"\n## yumen {name}"
        if isinstance(found, TyperGroup):
            for inner_name, inner in found.commands.items():
                yield f"\n### yumen {name} {inner_name}"
                yield from _command(inner, f"yumen {name} {inner_name}")
        else:
            yield from _command(found, f"yumen {name}")


def _command(command: Any, name: str) -> Iterator[str]:
    context = typer.Context(command, info_name=name)
    yield f"\n{command.help}\n"
    yield "```"
    yield f"{name} {' '.join(command.collect_usage_pieces(context))}"
    yield "```\n"
    yield "| | |"
    yield "| --- | --- |"
    for param in command.params:
        names, text = _record(param, context)
        yield f"| `{_cell(names)}` | {_cell(text)} |"
    yield f"\nExample: `{(command.epilog or '').removeprefix('Example:').strip()}`"


def _record(param: Any, context: typer.Context) -> tuple[str, str]:
    if isinstance(param, TyperArgument):
        return str(param.metavar or param.name), str(param.help)
    names, text = param.get_help_record(context)
    return names, text


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


if __name__ == "__main__":
    sys.stdout.write(manual())
