"""Read uv.lock: the packages the product and its development need, and what each needs in turn."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True, slots=True)
class Locked:
    """One locked package: its version, what it needs, the SHA-256 of each of its files."""

    name: str
    version: str
    needs: tuple[str, ...]
    hashes: frozenset[str]


@cache
def locked() -> dict[str, Locked]:
    """Every package of uv.lock by name, the project itself left out."""
    packages = tomllib.loads((ROOT / "uv.lock").read_text())["package"]
    return {package["name"]: _locked(package) for package in packages if package["name"] != "yumen"}


@cache
def project() -> dict[str, str]:
    """The product's direct dependencies by name, each with the reason that stands beside it in pyproject.toml."""
    listed = re.search(r"^dependencies = \[\n(.*?)^\]", (ROOT / "pyproject.toml").read_text(), re.DOTALL | re.MULTILINE)
    lines = re.findall(r'^  "([A-Za-z0-9-]+)[^"]*",\s*#\s*(.+)$', listed.group(1) if listed else "", re.MULTILINE)
    return {name.lower(): why for name, why in lines}


def closure(names: list[str]) -> dict[str, str]:
    """All packages reached from ``names``, each with the one that brought it ("" for the first)."""
    brought = dict.fromkeys(sorted(names), "")
    waiting = sorted(names)
    while waiting:
        here = waiting.pop(0)
        for name in locked()[here].needs:
            if name not in brought:
                brought[name] = here
                waiting.append(name)
    return brought


def parts(version: str) -> tuple[int, ...]:
    """A version as numbers, to compare: "2.1.9" -> (2, 1, 9)."""
    return tuple(int(number) for number in re.findall(r"\d+", version.split("+", maxsplit=1)[0]))


def _locked(package: dict[str, object]) -> Locked:
    files = [*_list(package, "wheels"), *([package["sdist"]] if "sdist" in package else [])]
    hashes = frozenset(str(file["hash"]) for file in files if isinstance(file, dict))
    needs = tuple(str(item["name"]) for item in _list(package, "dependencies") if isinstance(item, dict))
    return Locked(str(package["name"]), str(package["version"]), needs, hashes)


def _list(package: dict[str, object], key: str) -> list[object]:
    found = package.get(key, [])
    return found if isinstance(found, list) else []
