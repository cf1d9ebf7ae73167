"""The other Python, with DuckDB, Polars and Spark: where it is, and how it is started."""

import os
import subprocess
import sysconfig
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True, slots=True)
class Engines:
    """A Python that has the engines; or why there is none."""

    python: str
    missing: str

    def run(self, module: str, *arguments: object) -> "subprocess.CompletedProcess[str]":
        """Run a module of the tests there, with what this environment has on its path as well."""
        path = os.pathsep.join((str(ROOT), sysconfig.get_path("purelib")))
        command = [self.python, "-m", module, *(str(each) for each in arguments)]
        environment = {**os.environ, "PYTHONPATH": path, "PYSPARK_PYTHON": self.python}
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, env=environment)


def engines() -> Engines:
    """Look for it; installs nothing."""
    found = subprocess.run([ROOT / "tools" / "engines.sh"], capture_output=True, text=True, check=False)
    return Engines(found.stdout.strip(), found.stderr.strip() if found.returncode else "")
