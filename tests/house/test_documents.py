"""Documents say what is there: their links, their commands, their versions."""

import re
import tomllib
from pathlib import Path

import pytest

from tests.house import tree

LINK = re.compile(r"\]\(([^)\s]+)\)")
CODE = re.compile(r"```.*?```|`[^`\n]+`", re.DOTALL)
MAKE = re.compile(r"(?:^|[`$\s])make ([a-z][a-z-]*)\b")
TARGET = re.compile(r"^([a-z][a-z-]*):(?:[^=]|$)", re.MULTILINE)
DOCUMENTS = [path for path in tree.files() if path.suffix == ".md"]
DECISIONS = [path for path in DOCUMENTS if path.parent == Path("docs/decisions") and path.name != "README.md"]


@pytest.mark.parametrize("path", DOCUMENTS, ids=str)
def test_every_link_leads_somewhere(path: Path) -> None:
    inner = [link.split("#")[0] for link in LINK.findall(CODE.sub("", tree.text(path))) if "://" not in link]
    missing = [link for link in inner if link and not (tree.ROOT / path.parent / link).exists()]
    assert missing == []


@pytest.mark.parametrize("path", DOCUMENTS, ids=str)
def test_every_make_target_a_document_names_exists(path: Path) -> None:
    targets = set(TARGET.findall(tree.text(Path("Makefile"))))
    named = {name for code in CODE.findall(tree.text(path)) for name in MAKE.findall(code)}
    assert named <= targets


def test_make_help_lists_every_target_for_people() -> None:
    text = tree.text(Path("Makefile"))
    silent = {"env-run", "env-dev"}
    listed = set(re.findall(r"^([a-z-]+):.*## ", text, re.MULTILINE))
    assert set(TARGET.findall(text)) - silent == listed


@pytest.mark.parametrize("path", DECISIONS, ids=str)
def test_a_decision_is_short_and_states_its_price(path: Path) -> None:
    text = tree.text(path)
    assert text.count("\n") <= 60
    assert all(f"\n## {part}\n" in text for part in ("Context", "Decision", "Alternatives", "Consequences"))
    assert "\n- Negative: " in text


def test_decisions_are_numbered_without_a_gap_and_listed() -> None:
    numbers = [int(path.name[:4]) for path in DECISIONS]
    index = tree.text(Path("docs/decisions/README.md"))
    assert numbers == list(range(1, len(numbers) + 1))
    assert [path.name for path in DECISIONS if f"({path.name})" not in index] == []


def test_the_newest_entry_of_the_changelog_is_this_version() -> None:
    version = tomllib.loads(tree.text(Path("pyproject.toml")))["project"]["version"]
    found = re.search(r"^## \[(\d+\.\d+\.\d+)\] - \d{4}-\d{2}-\d{2}$", tree.text(Path("CHANGELOG.md")), re.MULTILINE)
    assert found is not None
    assert found.group(1) == version


def test_the_pinned_opa_is_one_version_everywhere() -> None:
    texts = [tree.text(Path(name)) for name in ("tools/opa.sh", "tools/policies.py", "CONTRIBUTING.md")]
    assert {found for text in texts for found in re.findall(r"\b1\.\d\d\.\d\b", text)} == {"1.22.2"}
