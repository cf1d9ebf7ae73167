"""A candidate policy from the command line: a bundle, or a folder of Rego that OPA builds here."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from api.cli.faults import CommandError
from api.cli.language import both, told
from gate.engines import Bundle, load_candidate
from gate.engines.protocol import DECISIONS_PATH

BUILD_S = 120
OPA_LINES = 5  # of what it says about a folder


def candidate(path: Path) -> Bundle:
    """The candidate at a path.

    Raises: CommandError: a folder without OPA at hand, or one that OPA does not build. BundleError.
    """
    if not path.is_dir():
        return load_candidate(path)
    opa = os.environ.get("YUMEN_OPA") or shutil.which("opa")
    if opa is None:
        raise CommandError(
            told(
                both(
                    "CANDIDATE: a folder needs OPA to build it: put opa on the path or set YUMEN_OPA",
                    "CANDIDATE：文件夹需由 OPA 编译：请将 opa 加入路径，或设置 YUMEN_OPA",
                )
            )
        )
    with tempfile.TemporaryDirectory(prefix="yumen-candidate-") as folder:
        built = Path(folder) / "candidate.tar.gz"
        command = [opa, "build", "--bundle", ".", f"--entrypoint={DECISIONS_PATH}", "--ignore=*_test.rego"]
        done = subprocess.run(  # noqa: S603  the operator names the program and the folder
            [*command, "--target=wasm", f"--output={built}"],
            check=False,
            capture_output=True,
            cwd=path,
            timeout=BUILD_S,
        )
        if done.returncode:
            why = (done.stderr + done.stdout).decode(errors="replace").strip().splitlines()  # it tells on either
            refusal = told(both("CANDIDATE: OPA does not build it", "CANDIDATE：OPA 无法编译"))
            raise CommandError(refusal, *[line for line in why if not line.startswith("\t")][:OPA_LINES])
        return load_candidate(built)
