"""What is installed is what was locked: versions, hashes, floors, licences."""

import re
import tomllib

import pytest

from tools import dependencies
from tools.locks import ROOT, closure, locked, parts, project

LEVELS = ("run", "dev", "go")
PIN = re.compile(r"^([a-z0-9][a-z0-9._-]*)==(\S+)")
ALLOWED = re.compile(r"(Apache-2\.0( WITH LLVM-exception)?|MIT(-0)?|BSD(-[23]-Clause)?|ISC|PSF-2\.0|MPL-2\.0)")


def _requirements(level: str) -> dict[str, tuple[str, set[str]]]:
    found: dict[str, tuple[str, set[str]]] = {}
    name = ""
    for line in (ROOT / "requirements" / f"{level}.txt").read_text().splitlines():
        if match := PIN.match(line):
            name = match.group(1)
            found[name] = (match.group(2), set())
        elif "--hash=" in line:
            found[name][1].add(line.split("--hash=")[1].removesuffix(" \\").strip())
    return found


@pytest.mark.parametrize("level", LEVELS)
def test_requirements_hold_the_locked_versions_and_hashes(level: str) -> None:
    for name, (version, hashes) in _requirements(level).items():
        assert (version, hashes) == (locked()[name].version, set(locked()[name].hashes)), name


def test_requirements_hold_all_that_the_product_needs() -> None:
    missing = set(closure(list(project()))) - set(_requirements("run"))
    assert missing == set()


@pytest.mark.parametrize("level", LEVELS)
def test_requirements_hold_nothing_but_hashed_pins(level: str) -> None:
    lines = (ROOT / "requirements" / f"{level}.txt").read_text().splitlines()
    odd = [line for line in lines if not (line.startswith("#") or PIN.match(line) or "    --hash=sha256:" in line)]
    assert odd == []


def test_every_direct_dependency_states_its_reason() -> None:
    listed = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    names = {re.split(r"[^A-Za-z0-9-]", item, maxsplit=1)[0].lower() for item in listed}
    assert names == set(project())


def test_the_lock_was_made_from_what_the_project_asks_for() -> None:
    asked = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    packages = tomllib.loads((ROOT / "uv.lock").read_text())["package"]
    listed = next(package for package in packages if package["name"] == "yumen")["metadata"]["requires-dist"]
    resolved = {(item["name"], item.get("specifier", "")) for item in listed if "extra" not in item.get("marker", "")}
    assert resolved == {_name_and_bounds(item) for item in asked}, "run `make lock`"


def _name_and_bounds(requirement: str) -> tuple[str, str]:
    found = re.fullmatch(r"([A-Za-z0-9-]+)(?:\[[a-z,]+\])?([^;]*).*", requirement)
    assert found, requirement
    return found.group(1).lower(), ",".join(sorted(found.group(2).split(","), reverse="<" in found.group(2)))


def test_no_locked_version_is_below_its_known_floor() -> None:
    floors = tomllib.loads((ROOT / "tools" / "floors.toml").read_text())
    below = [
        f"{name} {locked()[name].version} < {entry['floor']}: {entry['why']}"
        for name, entry in floors.items()
        if name in locked() and parts(locked()[name].version) < parts(entry["floor"])
    ]
    assert below == []


def test_every_floor_is_of_a_package_we_lock() -> None:
    floors = tomllib.loads((ROOT / "tools" / "floors.toml").read_text())
    assert sorted(set(floors) - set(locked())) == []


def test_the_list_of_dependencies_is_current() -> None:
    assert dependencies.PATH.read_text() == dependencies.document()


def test_every_licence_is_permissive() -> None:
    stated = {name: dependencies.licence(name) for name in closure(list(project()))}
    odd = {
        name: text for name, text in stated.items() if not all(map(ALLOWED.fullmatch, re.split(r" (?:AND|OR) ", text)))
    }
    assert odd == {}
