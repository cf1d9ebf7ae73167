"""Hatch build hook: one top-level name in a wheel, flat rooms in a checkout.

Rules:
- a standard wheel holds every room under ``yumen/`` and a launcher as ``yumen/__init__.py``;
- an editable wheel holds only the launcher: the rooms are read from the checkout, which ``dev-mode-dirs`` puts on the
  path;
- what only a checkout needs (caches, compiled files, Rego tests) stays out, so a wheel built from the tree equals one
  built from the sdist.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

ROOMS = ("api", "catalog", "consent", "examples", "gate", "lineage", "policies", "vault")
LEFT_OUT = ("__pycache__", ".pyc", ".pyo", "_test.rego", ".db", ".db-wal", ".db-shm")


class RoomsUnderOneName(BuildHookInterface[Any]):
    """Place the rooms under the distribution's own name."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Fill hatch's include tables for ``version`` ("standard" or "editable")."""
        root = Path(self.root)
        launcher = root / "tools" / "launcher.py"
        if version == "editable":
            build_data["force_include_editable"] = {str(launcher): "yumen/__init__.py"}
            return
        build_data["force_include"] = {
            str(launcher): "yumen/__init__.py",
            **{str(root / inside): f"yumen/{inside.as_posix()}" for inside in shipped(root)},
        }


def shipped(root: Path) -> list[Path]:
    """The files of the rooms that a wheel holds, relative to ``root``, sorted."""
    found = (path.relative_to(root) for room in ROOMS for path in (root / room).rglob("*") if path.is_file())
    return sorted(path for path in found if not _left_out(path))


def _left_out(inside: Path) -> bool:
    return any(part in LEFT_OUT or part.startswith(".") for part in inside.parts[:-1]) or inside.name.endswith(LEFT_OUT)
