"""Write requirements/*.txt from uv.lock, for those who install with pip: exact versions, every file's hash.

``python -m tools.requirements`` writes them, ``--check`` says which differ. The files name no index: pip asks the one
it is configured for, and takes only what the hashes allow.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LEVELS = {
    "run": ("--no-default-groups", "--group", "build"),
    "dev": ("--group", "dev", "--group", "build"),
    "go": ("--only-group", "go"),
    "engines": ("--only-group", "engines"),
}
EXPORT = ("uv", "export", "--locked", "--quiet", "--no-header", "--no-annotate", "--no-emit-project")
HEADER = "# Made from uv.lock by tools/requirements.py ({name}); change pyproject.toml and run `make lock`.\n"


def exported(name: str) -> str:
    """The requirements of level ``name`` as pip reads them."""
    command = [*EXPORT, *LEVELS[name]]
    text = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return HEADER.format(name=name) + text


def main(arguments: list[str]) -> int:
    """Write the files, or with ``--check`` compare them; returns the number that differ."""
    stale = 0
    for name in LEVELS:
        path = ROOT / "requirements" / f"{name}.txt"
        wanted = exported(name)
        if path.exists() and path.read_text() == wanted:
            continue
        if "--check" in arguments:
            stale += 1
            print(f"{path.relative_to(ROOT)} differs from uv.lock: run `make lock`")
        else:
            path.write_text(wanted)
    return stale


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
