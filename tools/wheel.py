"""Hatch build hook: one top-level name in a wheel, flat rooms in a checkout.

Rules:
- a standard wheel holds every room under ``yumen/`` and a launcher as ``yumen/__init__.py``;
- an editable wheel holds only the launcher: the rooms are read from the checkout.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

ROOMS = ("api", "catalog", "consent", "examples", "gate", "lineage", "policies", "vault")
LEFT_OUT = ("__pycache__", ".pyc", "_test.rego")


class RoomsUnderOneName(BuildHookInterface[Any]):
    """Place the rooms under the distribution's own name."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Fill hatch's include tables for ``version`` ("standard" or "editable")."""
        root = Path(self.root)
        launcher = root / "tools" / "launcher.py"
        if version == "editable":
            build_data["force_include_editable"] = {str(launcher): "yumen/__init__.py"}
            return
        included = {str(launcher): "yumen/__init__.py"}
        for room in ROOMS:
            for path in sorted((root / room).rglob("*")):
                if path.is_file() and not any(part in str(path) for part in LEFT_OUT):
                    included[str(path)] = f"yumen/{path.relative_to(root)}"
        build_data["force_include"] = included
