"""The tree of commands: names and short texts at once, a command's code when it is called."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

from api.cli.language import LANGUAGE, language_of, told
from api.cli.terminal import complain, harmless

INTERRUPTED = 130


@dataclass(frozen=True, slots=True)
class Place:
    """Where a command is: the module that holds its ``APP``, its one line of help, its panel."""

    module: str
    help: str
    panel: str


class LazyGroup(TyperGroup):
    """Loads a command's module when it is called; ends the process the way api.cli says."""

    places: Mapping[str, Place] = {}

    def list_commands(self, ctx: typer.Context) -> list[str]:  # type: ignore[override]  # Typer's own context
        """The names, in the order of the table."""
        del ctx
        return list(self.places)

    def get_command(self, ctx: typer.Context, cmd_name: str) -> TyperCommand | None:  # type: ignore[override]  # as above
        """A command's name and line of help, enough to list it."""
        del ctx
        place = self.places.get(cmd_name)
        if place is None:
            return None
        return TyperCommand(cmd_name, help=told(place.help), rich_help_panel=told(place.panel))

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        """The command itself, loaded."""
        self.commands = {name: TyperCommand(name) for name in self.places}
        name, _, rest = super().resolve_command(ctx, args)
        return name, None if name is None else load(name, self.places[name]), rest

    def main(  # the signature is Typer's
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,  # noqa: FBT001, FBT002  as above
        windows_expand_args: bool = True,  # noqa: FBT001, FBT002  as above
        **extra: Any,
    ) -> Any:
        """Run a command line; every end is an exit code, every error one line."""
        words = list(sys.argv[1:] if args is None else args)
        LANGUAGE.set(language_of(words, os.environ))
        localise(self)
        code = 0
        try:
            code = super().main(words, prog_name or "yumen", complete_var, False, windows_expand_args, **extra)  # noqa: FBT003  Typer's own order
        except typer.TyperException as error:
            code = error.exit_code
            _tell(error)
        except (typer.Abort, KeyboardInterrupt):
            code = INTERRUPTED
        if standalone_mode:
            sys.exit(code or 0)
        return code or 0


def load(name: str, place: Place) -> TyperCommand | TyperGroup:
    """A command with its options, in the caller's language."""
    app: typer.Typer = import_module(place.module).APP
    found = typer.main.get_command(app)
    found.name = name
    localise(found)
    assert isinstance(found, TyperCommand | TyperGroup)  # noqa: S101  what Typer makes, for the type checker
    return found


def localise(command: Any) -> None:
    """Put every text of a command and of those below it into the caller's language."""
    for attribute in ("help", "short_help", "epilog"):
        text = getattr(command, attribute)
        setattr(command, attribute, None if text is None else told(text))
    for param in command.params:
        if getattr(param, "help", None):
            param.help = told(param.help)
        if getattr(param, "is_flag", False):
            param.metavar = ""  # a flag takes no value: no type to show
    for inner in getattr(command, "commands", {}).values():
        localise(inner)


def _tell(error: typer.TyperException) -> None:
    context = getattr(error, "ctx", None)
    message = harmless(error.format_message())
    if type(error).__name__ == "NoArgsIsHelpError":
        sys.stdout.write(error.format_message() + "\n")
        return
    hint = (
        "" if context is None else told(f" (see {context.command_path} --help)\x1f(见 {context.command_path} --help)")
    )
    complain([message.rstrip(".") + hint])
