"""Habits of the code that no linter at hand checks in full."""

import ast
import re
from pathlib import Path

import pytest

from tests.house import tree

SQL = re.compile(r"\s*(SELECT|INSERT INTO|UPDATE|DELETE FROM|CREATE|ALTER|DROP|TRUNCATE|WITH)\s+\S")
SQL_FILES = {"api/database.py", "api/schema.py", "api/migrate.py", "api/migrations/env.py"}
CLOCKS = {"datetime.now", "datetime.utcnow", "datetime.today", "date.today", "time.time", "time.time_ns"}
CHANCE = {"uuid.uuid4", "uuid4", "os.urandom", "secrets.token_bytes", "secrets.token_hex", "secrets.token_urlsafe"}
ENTROPY = {Path("vault/encoding.py")}
MONEY = re.compile(r"(amount|money|yuan|cny|price|balance|fee|repayment|credit_limit)(_|$)")
BROAD = {"Exception", "BaseException"}


def _calls(path: Path) -> list[tuple[int, str]]:
    return [(node.lineno, tree.dotted(node.func)) for node in ast.walk(tree.parsed(path)) if isinstance(node, ast.Call)]


def _is_sql_place(path: Path) -> bool:
    return str(path) in SQL_FILES or any(part.startswith("store") or part == "tables.py" for part in path.parts)


@pytest.mark.parametrize("room", tree.ROOMS)
def test_sql_stands_only_in_stores_and_tables(room: str) -> None:
    strays = [
        f"{path}:{node.lineno} {node.value[:40]!r}"
        for path in tree.product()
        if path.parts[0] == room and not _is_sql_place(path)
        for node in ast.walk(tree.parsed(path))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and SQL.match(node.value)
    ]
    assert strays == []


def test_statements_are_built_only_in_stores() -> None:
    builders = {"select", "insert", "update", "delete", "text"}
    strays = [
        f"{path}:{node.lineno}"
        for path in tree.python(*tree.ROOMS)
        if not _is_sql_place(path) and "versions" not in path.parts
        for node in ast.walk(tree.parsed(path))
        if isinstance(node, ast.ImportFrom)
        and (node.module or "").startswith(("sqlalchemy", "sqlmodel"))
        and builders & {name.name for name in node.names}
    ]
    assert strays == []


def test_rooms_below_the_api_take_time_and_chance_as_parameters() -> None:
    """The clock and the source of randomness are the caller's; the vault has one place for its nonces."""
    strays = [
        f"{path}:{line} {name}"
        for path in tree.python("catalog", "consent", "gate", "lineage", "vault")
        for line, name in _calls(path)
        if (name in CLOCKS | CHANCE or name.startswith("random.")) and path not in ENTROPY
    ]
    assert strays == []


def test_a_broad_except_lets_the_error_go_on() -> None:
    """Catching everything hides a fault, unless the handler raises again or hands the error itself on."""
    strays = []
    for path in tree.product():
        for node in ast.walk(tree.parsed(path)):
            if not isinstance(node, ast.ExceptHandler):
                continue
            caught = {tree.dotted(part) for part in ast.walk(node.type)} if node.type else BROAD
            raises = any(isinstance(part, ast.Raise) for part in ast.walk(node))
            hands_on = any(isinstance(part, ast.Name) and part.id == node.name for part in ast.walk(node))
            if caught & BROAD and not raises and not hands_on and path != Path("api/app.py"):
                strays.append(f"{path}:{node.lineno}")
    assert strays == []


def test_nothing_is_imported_inside_a_function() -> None:
    """Two are: the launcher, which must set the path first, and the slow load of the classifier."""
    allowed = {Path("tools/launcher.py")}
    strays = [
        f"{path}:{inner.lineno}"
        for path in tree.product()
        if path not in allowed
        for node in tree.functions(path)
        for inner in ast.walk(node)
        if isinstance(inner, ast.Import | ast.ImportFrom) and "presidio" not in ast.unparse(inner)
    ]
    assert strays == []


def test_money_is_never_a_float() -> None:
    strays = [
        f"{path}:{node.lineno} {name}"
        for path in tree.product()
        for node in ast.walk(tree.parsed(path))
        if isinstance(node, ast.AnnAssign | ast.arg) and node.annotation
        for name in [node.arg if isinstance(node, ast.arg) else tree.dotted(node.target)]
        if MONEY.search(name) and "float" in ast.unparse(node.annotation)
    ]
    assert strays == []


def test_every_suppression_names_its_rule_and_its_reason() -> None:
    pattern = re.compile(r"#\s*(noqa|type:\s*ignore|pragma:\s*no cover)(.*)$", re.MULTILINE)
    strays = []
    for path in tree.product():
        for match in pattern.finditer(tree.text(path)):
            rest = match.group(2)
            reason = re.sub(r"^(:\s*[A-Z]+[0-9]+(,\s*[A-Z]+[0-9]+)*|\[[a-z-]+(,\s*[a-z-]+)*\])?", "", rest).strip(" -#")
            named = match.group(1).startswith("pragma") or rest.startswith((":", "["))
            if not named or not reason:
                line = tree.text(path)[: match.start()].count("\n") + 1
                strays.append(f"{path}:{line}")
    assert strays == []


def test_no_work_is_left_for_later() -> None:
    words = re.compile(r"\b(TO" + r"DO|FIX" + r"ME|XX" + r"X|HA" + r"CK|Not" + r"ImplementedError)\b")
    found = [str(path) for path in tree.product() + tree.tests() if words.search(tree.text(path))]
    assert found == []
