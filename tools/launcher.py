"""The installed face of Yumen: makes the rooms importable and runs the command line.

The rooms import one another by flat names (``from consent import Grant``). Installed, they stand beside this file
under ``yumen/`` and only a process that starts here, or asks for them, sees them: nothing but ``yumen`` is added to
site-packages. In a checkout they are already on the path.
"""

from __future__ import annotations

import sys
from pathlib import Path

_HERE = Path(__file__).resolve().parent


def rooms() -> str:
    """Make the rooms importable in this process; returns their folder, for the path of processes it starts."""
    where = str(_HERE)
    if not (_HERE / "api").is_dir():  # a checkout, which is on the path
        return next(each for each in sys.path if (Path(each or ".") / "api" / "cli").is_dir())
    if where not in sys.path:
        sys.path.insert(0, where)
    return where


def main() -> None:
    """Run the ``yumen`` command."""
    rooms()
    from api.cli import main as run  # noqa: PLC0415  the path above must be set first

    run()
