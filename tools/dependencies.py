"""Write docs/dependencies.md: every package the installed product brings, with version, licence and reason.

``python -m tools.dependencies`` writes it from uv.lock and the installed packages' own metadata; ``--check`` compares.
"""

from __future__ import annotations

import sys
from importlib import metadata

from tools.locks import ROOT, closure, locked, project

PATH = ROOT / "docs" / "dependencies.md"
ELSEWHERE = {"colorama": "BSD-3-Clause", "async-timeout": "Apache-2.0"}  # installed only on other systems or Pythons
HEADER = """# What an installed Yumen brings

Made by `tools/dependencies.py` from `uv.lock`; `make lock` writes it anew, a test compares it. Extras and development
tools are not listed. Every licence here is permissive or, for certifi's list of roots, file-based (MPL-2.0).

| package | version | licence | why |
| --- | --- | --- | --- |
"""
CLASSIFIERS = {
    "Apache Software License": "Apache-2.0",
    "BSD License": "BSD",
    "ISC License (ISCL)": "ISC",
    "MIT License": "MIT",
    "MIT No Attribution License (MIT-0)": "MIT-0",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Python Software Foundation License": "PSF-2.0",
}


def licence(name: str) -> str:
    """The licence the package states: its expression, else its classifiers, else its short licence field."""
    try:
        stated = metadata.metadata(name)
    except metadata.PackageNotFoundError:
        return ELSEWHERE[name]
    expressions: list[str] = stated.get_all("License-Expression") or []
    if expressions:
        return expressions[0]
    classifiers: list[str] = stated.get_all("Classifier") or []
    kinds = [line.rsplit(" :: ", 1)[-1] for line in classifiers if line.startswith("License ::")]
    known = [CLASSIFIERS[kind] for kind in kinds if kind in CLASSIFIERS]
    fields: list[str] = stated.get_all("License") or ["unknown"]
    return " OR ".join(known) if known else fields[0].splitlines()[0]


def document() -> str:
    """The whole file."""
    reasons = project()
    brought = closure(list(reasons))
    rows = []
    for name in sorted(brought):
        why = reasons.get(name) or f"needed by {brought[name]}"
        rows.append(f"| {name} | {locked()[name].version} | {licence(name)} | {why} |\n")
    return HEADER + "".join(rows)


def main(arguments: list[str]) -> int:
    """Write the file, or with ``--check`` say whether it is current."""
    wanted = document()
    if "--check" not in arguments:
        PATH.write_text(wanted)
    elif not PATH.exists() or PATH.read_text() != wanted:
        print(f"{PATH.relative_to(ROOT)} differs from uv.lock: run `make lock`")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
