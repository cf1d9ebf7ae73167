"""Every ``yumen`` command that a document or the Makefile shows exists, with the options it shows."""

import re
from functools import cache
from pathlib import Path

import pytest
from typer.testing import CliRunner

from api.cli.entry import COMMANDS, make_app
from tests.house import tree

CODE = re.compile(r"```.*?```|`[^`\n]+`", re.DOTALL)
LINE = re.compile(r"(?:^|[`$\s]|\.venv/bin/)yumen ([a-z][^\n`|>;&#]*)")


def _shown() -> list[tuple[str, str]]:
    """(where, what follows ``yumen``) of every command in a document's code or in the Makefile."""
    found = []
    for path in tree.files():
        if path.suffix == ".md":
            found += [(str(path), line) for code in CODE.findall(tree.text(path)) for line in LINE.findall(code)]
    return found + [("Makefile", line) for line in LINE.findall(tree.text(Path("Makefile")))]


@cache
def _help(*words: str) -> str:
    done = CliRunner().invoke(make_app(), [*words, "--help"], env={"COLUMNS": "200", "NO_COLOR": "1", "TERM": "dumb"})
    return done.stdout if done.exit_code == 0 else ""


SHOWN = sorted({" ".join(line.split()) for _, line in _shown()})


@pytest.mark.parametrize("line", SHOWN)
def test_a_command_that_is_shown_exists(line: str) -> None:
    words = line.split()
    assert words[0] in COMMANDS
    path = words[:1]
    if (
        words[1:]
        and re.fullmatch("[a-z]+(-[a-z]+)*", words[1])
        and re.search(rf"^\W*{re.escape(words[1])}\s", _help(*path), re.MULTILINE)
    ):
        path = words[:2]
    text = _help(*path)
    assert [word for word in words if word.startswith("--") and word.split("=")[0] not in text] == []


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_explains_itself_and_speaks_json(name: str) -> None:
    text = _help(name)
    subcommands = re.findall(r"^│ ([a-z][a-z-]*)\s{2,}\S", text, re.MULTILINE)
    assert "Usage:" in text
    assert "--json" in text or all("--json" in _help(name, inner) for inner in subcommands or [""])
