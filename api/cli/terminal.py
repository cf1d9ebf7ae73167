"""What a command writes to: JSON for programs on standard output, words and tables for people.

Rules: results go to standard output, everything else to standard error; colours and progress bars only where a person
looks on (Rich honours NO_COLOR and TERM=dumb); Rich's markup is off, since texts from files may hold brackets.
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

from rich.console import Console, RenderableType
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from api.cli.language import LANGUAGE, told

WIDE = 160
LONG_NUMBER = re.compile(r"[0-9]{5,}[0-9Xx]*")
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]+")


def console(stream: TextIO) -> Console:
    """A console on a stream; wide where nobody looks on, so that a pipe gets whole lines."""
    width = None if stream.isatty() or os.environ.get("COLUMNS") else WIDE
    return Console(file=stream, width=width, highlight=False, markup=False, emoji=False)


def plain(text: str) -> str:
    """One line without control characters."""
    return CONTROL.sub(" ", text).strip()


def harmless(text: str) -> str:
    """What a message repeats of the command line, without anything that could be somebody's number."""
    return LONG_NUMBER.sub("…", plain(text))


def complain(lines: Iterable[str]) -> None:
    """Say on standard error what is wrong, a line each."""
    for line in lines:
        sys.stderr.write(f"yumen: {plain(line)}\n")
    sys.stderr.flush()


@dataclass(frozen=True, slots=True)
class Terminal:
    """The caller of a command: what they want to see, and how.

    Attributes:
        is_json: whether a program reads the answer.
        config: the settings file named on the command line.
    """

    is_json: bool = False
    config: Path | None = None
    out: Console = field(default_factory=lambda: console(sys.stdout))
    err: Console = field(default_factory=lambda: console(sys.stderr))

    def note(self, en: str, zh: str) -> None:
        """Tell a person what is happening, beside the answer."""
        self.err.print(Text(self.say(en, zh), style="dim"), soft_wrap=True)

    def say(self, en: str, zh: str) -> str:
        """The text in the caller's language."""
        return zh if LANGUAGE.get() == "zh" else en

    def document(self, document: object) -> str:
        """A document as programs read it."""
        return json.dumps(document, ensure_ascii=False, indent=2) + "\n"

    def answer(self, document: object, shown: Callable[[], RenderableType]) -> None:
        """Give the answer: the document to a program, what ``shown`` makes of it to a person."""
        if self.is_json:
            sys.stdout.write(self.document(document))
            sys.stdout.flush()
        else:
            self.out.print(shown())

    def table(self, columns: Sequence[str], rows: Iterable[Sequence[object]], *, title: str = "") -> Table:
        """A table for people; column names and title may be in both languages, None is shown as nothing."""
        table = Table(title=told(title) or None, title_justify="left", header_style="bold", box=None, pad_edge=False)
        for name in columns:
            table.add_column(told(name), overflow="fold")
        for row in rows:
            table.add_row(*(_cell(value) for value in row))
        return table

    def facts(self, facts: Iterable[tuple[str, object]]) -> Table:
        """Name and value, one pair a line."""
        table = Table.grid(padding=(0, 2))
        table.add_column(style="bold")
        table.add_column(overflow="fold")
        for name, value in facts:
            table.add_row(told(name), _cell(value))
        return table

    def progress(self) -> Progress:
        """A progress bar on standard error; nothing is drawn where nobody looks on or a program reads."""
        return Progress(
            SpinnerColumn(),
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            console=self.err,
            transient=True,
            disable=self.is_json or not self.err.is_terminal,
        )


def _cell(value: object) -> Text:
    if value is None:
        return Text("")
    if isinstance(value, bool):
        return Text("✓" if value else "·")
    if isinstance(value, list | tuple | set | frozenset):
        return Text(", ".join(str(part) for part in value))
    return Text(str(value))
