"""Help: quick, complete, in two languages, and the same as docs/cli.md."""

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.core import TyperGroup

from api.cli.entry import COMMANDS
from api.cli.language import Language, both, language_of, told
from api.cli.lazy import load
from api.cli.manual import manual
from tests.api.cli.conftest import ROOT, Cli, finished

HEAVY = ("sqlalchemy", "pydantic", "fastapi", "uvicorn", "alembic", "wasmtime", "cryptography", "httpx", "msgspec")


def commands() -> Iterator[tuple[tuple[str, ...], Any]]:
    for name, place in COMMANDS.items():
        found = load(name, place)
        if isinstance(found, TyperGroup):
            yield from (((name, inner), command) for inner, command in found.commands.items())
        else:
            yield (name,), found


ALL = [path for path, _ in commands()]


def test_the_documented_commands_are_the_commands() -> None:
    assert (ROOT / "docs" / "cli.md").read_text() == manual()


@pytest.mark.parametrize("path", ALL, ids=" ".join)
def test_every_command_explains_itself_with_an_example_and_answers_programs(path: tuple[str, ...], cli: Cli) -> None:
    done = cli(*path, "--help")
    assert done.code == 0
    assert "Example:" in done.out
    assert f"yumen {' '.join(path)}" in done.out.partition("Example:")[2]
    assert "--json" in done.out


@pytest.mark.parametrize("path", ALL, ids=" ".join)
def test_no_text_shows_both_languages_at_once(path: tuple[str, ...], cli: Cli) -> None:
    english, chinese = cli(*path, "--help").out, cli("--lang", "zh", *path, "--help").out
    assert "\x1f" not in english + chinese
    assert not any("\u4e00" <= letter <= "\u9fff" for letter in english.partition("Example:")[0])
    assert any("\u4e00" <= letter <= "\u9fff" for letter in chinese)


def test_help_of_the_whole_imports_nothing_heavy_and_is_quick() -> None:
    script = (
        "import sys\nfrom api.cli.entry import make_app\nimport typer\n"
        "typer.main.get_command(make_app()).main(['--help'], standalone_mode=False)\n"
        "print(','.join(sorted({name.partition('.')[0] for name in sys.modules})))"
    )
    began = time.perf_counter()
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    took = time.perf_counter() - began
    loaded = set(done.stdout.strip().splitlines()[-1].split(","))
    assert loaded.isdisjoint(HEAVY)
    assert took < 5  # 0.4 s on a quiet machine


def test_the_version_is_told(cli: Cli) -> None:
    done = cli("--version")
    assert (done.code, done.out.split()[0]) == (0, "yumen")
    assert done.out.split()[1][0].isdigit()


def test_no_arguments_show_the_help(cli: Cli) -> None:
    done = cli()
    assert "serve" in done.out
    assert done.code == 2


@pytest.mark.parametrize(
    ("arguments", "environment", "expected"),
    [
        ([], {"LANG": "zh_CN.UTF-8"}, "zh"),
        ([], {"LANG": "en_GB.UTF-8"}, "en"),
        ([], {"LC_ALL": "zh_CN", "LANG": "en_US"}, "zh"),
        ([], {}, "en"),
        (["--lang", "zh", "check"], {"LANG": "en"}, "zh"),
        (["check", "--lang=en"], {"LANG": "zh_CN"}, "en"),
        (["--", "--lang", "zh"], {}, "en"),
        (["--lang"], {"LANG": "zh"}, "zh"),
        (["--lang", "fr"], {}, "en"),
    ],
)
def test_the_language_is_the_callers(arguments: list[str], environment: dict[str, str], expected: str) -> None:
    assert language_of(arguments, environment) == expected


def test_a_text_in_both_languages_is_told_in_one() -> None:
    text = both("gate", "门")
    assert (told(text, Language.EN), told(text, Language.ZH)) == ("gate", "门")
    assert told("plain", Language.ZH) == "plain"


def test_no_colour_is_shown_where_nobody_looks_or_wants_it(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    del folder
    monkeypatch.setenv("NO_COLOR", "1")
    done = finished("policy", "show")
    assert done.code == 0
    assert "\x1b" not in done.out + done.err
