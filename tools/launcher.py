"""The installed face of Yumen: makes the rooms importable and runs the command line.

The rooms import one another by flat names (``from consent import Grant``). Installed, they stand beside this file
under ``yumen/`` and only a process that starts here sees them: nothing but ``yumen`` is added to site-packages. In a
checkout they are already on the path.
"""

from __future__ import annotations

import sys
from pathlib import Path

_HERE = Path(__file__).resolve().parent


def main() -> None:
    """Run the ``yumen`` command."""
    if (_HERE / "api").is_dir():
        sys.path.insert(0, str(_HERE))
    from api.cli import main as run  # noqa: PLC0415  the path above must be set first

    run()
