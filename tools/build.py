"""Build the sdist, and the wheel from it, without a network: ``python -m tools.build FOLDER``.

The wheel is built from the unpacked sdist, so that what is published can be built again from what is published.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
CALL = "import sys; from hatchling import build; print(getattr(build, sys.argv[1])(sys.argv[2]))"


def build(kind: str, source: Path, folder: Path) -> Path:
    """Build ``kind`` ("sdist" or "wheel") of the tree ``source`` into ``folder``; returns the file."""
    command = [sys.executable, "-c", CALL, f"build_{kind}", str(folder.resolve())]
    environment = {"SOURCE_DATE_EPOCH": "1577836800", **os.environ}
    done = subprocess.run(command, cwd=source, check=True, stdout=subprocess.PIPE, text=True, env=environment)
    return folder / done.stdout.split()[-1]


def unpacked(sdist: Path, folder: Path) -> Path:
    """Unpack ``sdist`` into ``folder``; returns the tree."""
    with tarfile.open(sdist) as archive:
        if hasattr(tarfile, "data_filter"):  # absent before Python 3.11.4
            archive.extraction_filter = tarfile.data_filter
        archive.extractall(folder)  # noqa: S202  our own archive, made just before
    return folder / sdist.name.removesuffix(".tar.gz")


def main() -> None:
    """Build both into the folder named on the command line."""
    parser = argparse.ArgumentParser(prog="tools.build", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("folder", type=Path, nargs="?", default=Path("dist"))
    folder: Path = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    sdist = build("sdist", ROOT, folder)
    with tempfile.TemporaryDirectory() as scratch:
        wheel = build("wheel", unpacked(sdist, Path(scratch)), folder)
    print(f"{sdist}\n{wheel}")


if __name__ == "__main__":
    main()
