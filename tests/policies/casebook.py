"""The cases of the policies, read from YAML: what changes against the base facts, and what is expected."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

CASES = Path(__file__).parent / "cases"


@dataclass(frozen=True)
class Case:
    name: str
    code: str | None
    near_miss_of: str | None
    call: dict[str, Any]
    subject: dict[str, Any]
    expect: dict[str, Any]

    def __str__(self) -> str:
        return self.name


def base() -> dict[str, Any]:
    return yaml.safe_load((CASES / "base.yaml").read_text("utf-8"))


def cases() -> list[Case]:
    return [
        _case(raw)
        for path in sorted(CASES.glob("*.yaml"))
        if path.name != "base.yaml"
        for raw in yaml.safe_load(path.read_text("utf-8"))
    ]


def mismatches(case: Case, features: dict[str, Any]) -> list[str]:
    """What of the decisions is not as the case expects; nothing if all is."""
    wrong = [] if features.keys() == case.call.get("features", {}).keys() else ["other features than asked"]
    for name, expected in case.expect.items():
        decision = features.get(name)
        for key, value in _whole(expected).items():
            if decision is None or decision[key] != value:
                wrong.append(f"{name}: {key} should be {value}, decided {decision}")
    return wrong


def releases(case: Case) -> bool:
    return any(not _whole(expected)["reasons"] for expected in case.expect.values())


def _whole(expected: Any) -> dict[str, Any]:
    if isinstance(expected, list):
        return {"form": "withheld", "reasons": expected, "grants": [], "obligations": []}
    if isinstance(expected, str):
        return {"form": expected, "reasons": []}
    return {"reasons": [], **expected}


def _case(raw: dict[str, Any]) -> Case:
    facts = base()
    grants = facts["subject"]["grants"]
    for change in raw.get("add_grants", ()):
        grants.append({**copy.deepcopy(grants[0]), **change})
    for path, value in raw.get("set", {}).items():
        parent, key = _find(facts, path)
        parent[key] = value
    for path in raw.get("drop", ()):
        parent, key = _find(facts, path)
        del parent[key]
    return Case(raw["name"], raw.get("code"), raw.get("near_miss_of"), facts["call"], facts["subject"], raw["expect"])


def _find(facts: Any, path: str) -> tuple[Any, Any]:
    *steps, last = path.split("/")
    for step in steps:
        facts = facts[int(step) if isinstance(facts, list) else step]
    return facts, last
