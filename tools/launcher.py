"""The installed face of Yumen: makes the rooms importable and runs the command line.

The rooms import one another by flat names (``from consent import Grant``). Installed, they stand
beside this file under ``yumen/``; in a checkout, beside its parent. This process alone sees them:
nothing but ``yumen`` is added to site-packages.
"""

from __future__ import annotations

import sys
from pathlib import Path

_HERE = Path(__file__).resolve().parent
_ROOT = _HERE if (_HERE / "api").is_dir() else _HERE.parent


def main() -> None:
    """Run the ``yumen`` command."""
    sys.path.insert(0, str(_ROOT))
    from api.cli import main as run  # noqa: PLC0415  the path above must be set first

    run()
