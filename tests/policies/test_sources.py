"""The policies' sources: what could fail open is not written at all, and every code has its texts and its rule."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from gate.engines import POLICIES, load_bundle
from gate.engines.bundle import Reason

ROOT = POLICIES / "yumen"
SOURCES = sorted(path for path in ROOT.rglob("*.rego") if not path.name.endswith("_test.rego"))
CODE = re.compile(r"[A-Z][A-Z0-9_]{3,}")
CODES: dict[str, dict[str, str]] = json.loads((ROOT / "codes" / "data.json").read_text("utf-8"))
TERMS: dict[str, Any] = json.loads((ROOT / "terms" / "data.json").read_text("utf-8"))
HOST_CODES = {
    "POLICY_UNAVAILABLE",
    "LEDGER_UNAVAILABLE",
    "KEY_UNAVAILABLE",
    "VALUE_UNREADABLE",
    "CONTENDED",
    "INPUT_REFUSED",
    "ROW_TAMPERED",
}
PLAIN_TERMS = {"var", "string", "number", "boolean", "null"}


def walk(part: Any) -> Iterator[dict[str, Any]]:
    if isinstance(part, dict):
        yield part
        part = list(part.values())
    if isinstance(part, list):
        for item in part:
            yield from walk(item)


@cache
def _parsed(opa: Path, path: Path) -> dict[str, Any]:
    done = subprocess.run([opa, "parse", "--format", "json", path], check=True, capture_output=True)
    return json.loads(done.stdout)


def parsed(opa: Path, text_or_path: Path) -> dict[str, Any]:
    return _parsed(opa, text_or_path)


def faulty_negations(module: dict[str, Any]) -> list[str]:
    """Negations of anything but a bare reference or a named helper applied to plain variables.

    Where ``input.x`` is missing, ``not input.x > 1`` and ``not helper(input.x)`` are undefined: the rule does not fire.
    """
    own = {rule["head"]["name"] for rule in module["rules"] if "name" in rule["head"]}
    packages = {imported["path"]["value"][-1]["value"] for imported in module.get("imports", ())}
    return [
        json.dumps(expression["terms"])
        for expression in walk(module)
        if expression.get("negated") and not _is_safe(expression["terms"], own, packages)
    ]


def _is_safe(terms: Any, own: set[str], packages: set[str]) -> bool:
    if isinstance(terms, dict):
        steps = terms["value"] if terms["type"] == "ref" else [terms]
        return all(step["type"] in PLAIN_TERMS for step in steps)
    function, *arguments = terms
    name = [step["value"] for step in function["value"]]
    named = (len(name) == 1 and name[0] in own) or (len(name) == 2 and name[0] in packages)
    return named and all(argument["type"] in PLAIN_TERMS for argument in arguments)


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.stem)
def test_only_references_and_named_helpers_are_negated(path: Path, opa: Path) -> None:
    assert faulty_negations(parsed(opa, path)) == []


@pytest.mark.parametrize(
    "body",
    [
        "not input.x > 100",
        'not startswith(input.x, "a")',
        '"a" in input.y; not "a" in input.x',
        "not helper(input.x)",
        "not input.x[input.y]",
    ],
)
def test_the_check_of_negations_finds_what_fails_open(body: str, opa: Path, tmp_path: Path) -> None:
    path = tmp_path / "faulty.rego"
    path.write_text(f"package faulty\n\nhelper(x) if x == 1\n\nallowed if {{ {body} }}\n", "utf-8")
    assert faulty_negations(parsed(opa, path)) != []


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.stem)
def test_rules_take_their_input_as_arguments(path: Path, opa: Path) -> None:
    module = parsed(opa, path)
    assert not any("with" in part for part in walk(module))
    reads_input = any(part.get("type") == "var" and part.get("value") == "input" for part in walk(module))
    assert reads_input == (path.stem == "gate")


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.stem)
def test_every_policy_file_has_tests_beside_it_or_in_the_decisions(path: Path) -> None:
    assert path.with_name(f"{path.stem}_test.rego").exists() or path.stem in {"plan", "grounds"}
    assert path.parent.name == path.stem


def used_codes(opa: Path) -> set[str]:
    strings = {
        part["value"]
        for path in SOURCES
        for part in walk(parsed(opa, path)["rules"])
        if part.get("type") == "string" and CODE.fullmatch(str(part.get("value")))
    }
    return strings | set(TERMS["grant_states"].values()) | {code for codes in TERMS["needs"].values() for code in codes}


def test_rules_and_data_name_the_same_codes(opa: Path) -> None:
    assert used_codes(opa) == {code for code, texts in CODES.items() if texts["by"] == "policy"}


def test_annotations_name_codes_that_exist(opa: Path) -> None:
    done = subprocess.run([opa, "inspect", "-a", "-f", "json", POLICIES], check=True, capture_output=True)
    annotations = [item["annotations"] for item in json.loads(done.stdout)["annotations"]]
    named = {annotation["custom"]["code"] for annotation in annotations if "custom" in annotation}
    assert named <= CODES.keys()
    assert all(annotation["title"] for annotation in annotations)
    assert all(annotation["custom"]["article"] for annotation in annotations if "custom" in annotation)


@pytest.mark.parametrize("reason", load_bundle().reasons.values(), ids=lambda reason: reason.code)
def test_every_code_has_texts_and_a_remedy_in_both_languages(reason: Reason) -> None:
    for text in (reason.zh, reason.remedy_zh):
        assert re.search(r"[\u4e00-\u9fff]", text)
        assert text.endswith("。")
    for text in (reason.en, reason.remedy_en):
        assert re.fullmatch(r"[\x20-\x7e]+\.", text)
    assert reason.law
    assert reason.article or reason.law.startswith("JR/T")


def test_host_codes_are_the_faults_of_the_service() -> None:
    assert {code for code, texts in CODES.items() if texts["by"] == "host"} == HOST_CODES


def test_the_committed_data_is_the_sources_data() -> None:
    assert {code: reason.zh for code, reason in load_bundle().reasons.items()} == {
        code: texts["zh"] for code, texts in CODES.items()
    }
