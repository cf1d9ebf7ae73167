"""Nothing grows past what a reader holds in mind."""

import ast
from pathlib import Path
from statistics import median

import pytest

from tests.house import tree

FILE_LINES = 400
FUNCTION_LINES = 50
PARAMETERS = 8


def test_no_file_is_longer_than_four_hundred_lines(capsys: pytest.CaptureFixture[str]) -> None:
    sizes = {path: tree.text(path).count("\n") for path in tree.product() + tree.tests()}
    longest = sorted(sizes, key=sizes.__getitem__, reverse=True)[:3]
    with capsys.disabled():
        listed = ", ".join(f"{path} {sizes[path]}" for path in longest)
        print(f"\n{len(sizes)} files, median {median(sizes.values()):.0f} lines; longest: {listed}")  # noqa: T201  the figures are the point
    assert [str(path) for path, lines in sizes.items() if lines > FILE_LINES] == []


def test_no_function_is_longer_than_fifty_lines(capsys: pytest.CaptureFixture[str]) -> None:
    found = [
        (tree.length(node), f"{path}:{node.lineno} {node.name}")
        for path in tree.product() + tree.tests()
        for node in tree.functions(path)
    ]
    found.sort(reverse=True)
    with capsys.disabled():
        listed = ", ".join(f"{name} {lines}" for lines, name in found[:3])
        print(f"\n{len(found)} functions, median {median(lines for lines, _ in found):.0f} lines; longest: {listed}")  # noqa: T201  the figures are the point
    assert [name for lines, name in found if lines > FUNCTION_LINES] == []


def test_options_are_named_where_they_are_passed() -> None:
    """At most two positional parameters beside self, and five: commands and routes are the framework's to call."""
    crowded = []
    for path in tree.product():
        if path.parts[:2] in {("api", "cli"), ("api", "routes")}:
            continue
        for node in tree.functions(path):
            taken = node.args.posonlyargs + node.args.args
            if len(taken) + len(node.args.kwonlyargs) > PARAMETERS:
                crowded.append(f"{path}:{node.lineno} {node.name}")
    assert crowded == []


def test_rooms_export_what_they_name() -> None:
    """A room's ``__init__`` holds a docstring, re-exports and ``__all__``; no code of its own."""
    allowed = (ast.Import, ast.ImportFrom, ast.Assign, ast.AnnAssign)
    for room in tree.ROOMS:
        module = tree.parsed(Path(room, "__init__.py"))
        assert ast.get_docstring(module), room
        assert [ast.unparse(node) for node in module.body[1:] if not isinstance(node, allowed)] == []
