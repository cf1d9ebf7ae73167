"""The tests test: each asserts, none stands in for our own code."""

import ast
import re

from tests.house import tree

ASSERTING = re.compile(r"^(assert_|check|expect|verify|require|run_state_machine)|raises$|fails$")


def _asserts(node: tree.Function) -> bool:
    for part in ast.walk(node):
        if isinstance(part, ast.Assert):
            return True
        if isinstance(part, ast.Call) and ASSERTING.search(tree.dotted(part.func).rsplit(".", 1)[-1]):
            return True
    return False


def test_every_test_asserts_something() -> None:
    idle = [
        f"{path}:{node.lineno} {node.name}"
        for path in tree.tests()
        for node in tree.functions(path)
        if node.name.startswith("test_") and not _asserts(node)
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
