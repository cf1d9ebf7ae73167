"""The tests test: each asserts, none stands in for our own code."""

import ast
import re

from tests.house import tree


def _called(node: tree.Function) -> set[str]:
    calls = (part for part in ast.walk(node) if isinstance(part, ast.Call))
    return {tree.dotted(call.func).rsplit(".", 1)[-1] for call in calls}


def _asserts(node: tree.Function) -> bool:
    called = _called(node)
    return any(isinstance(part, ast.Assert) for part in ast.walk(node)) or bool(called & {"raises", "RaisesGroup"})


def _asserting() -> set[str]:
    """The names of the tests' own functions that assert, themselves or through one another."""
    functions = [(node.name, node) for path in tree.tests() for node in tree.functions(path)]
    names = {name for name, node in functions if _asserts(node)} | {"run_state_machine_as_test"}
    while more := {name for name, node in functions if name not in names and _called(node) & names}:
        names |= more
    return names


def test_every_test_asserts_something() -> None:
    asserting = _asserting()
    idle = [
        f"{path}:{node.lineno} {node.name}"
        for path in tree.tests()
        for node in tree.functions(path)
        if node.name.startswith("test_") and not (_asserts(node) or _called(node) & asserting)
    ]
    assert idle == []


def test_test_names_are_sentences() -> None:
    short = [
        f"{path}:{node.lineno} {node.name}"
        for path in tree.tests()
        for node in tree.functions(path)
        if node.name.startswith("test_") and node.name.count("_") < 3
    ]
    assert short == []


def test_none_mocks_a_module() -> None:
    words = re.compile(r"unittest\." + r"mock|mock\." + r"patch|Magic" + r"Mock|monkeypatch\." + r"setattr\(\"")
    assert [str(path) for path in tree.tests() if words.search(tree.text(path))] == []


def test_every_test_folder_is_a_package() -> None:
    folders = {path.parent for path in tree.tests()}
    assert [str(folder) for folder in folders if not (tree.ROOT / folder / "__init__.py").exists()] == []
