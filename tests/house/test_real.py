"""Where every real part is required, a skip is a failure; elsewhere it stays a skip that says how to get the part."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.house.tree import ROOT

SKIPPING = """
import pytest

def test_needs_a_part_that_is_missing():
    pytest.skip("no such part: install it so")
"""
SKIPPING_WHOLE = "import pytest\npytest.skip('no such part', allow_module_level=True)\n"
EXPECTING = "import pytest\n\n@pytest.mark.xfail\ndef test_is_expected_to_fail():\n    assert False\n"
CONFTEST = "from tests.real import pytest_make_collect_report, pytest_runtest_makereport  # noqa: F401\n"


def _pytest(folder: Path, source: str, *, required: bool) -> subprocess.CompletedProcess[str]:
    (folder / "conftest.py").write_text(CONFTEST)
    (folder / "test_it.py").write_text(source)
    environment = {**os.environ, "YUMEN_REQUIRE_REAL": "1" if required else "", "PYTHONPATH": str(ROOT)}
    environment["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-rs",
        "-p",
        "no:cacheprovider",
        "--rootdir",
        str(folder),
        str(folder),
    ]
    return subprocess.run(command, check=False, capture_output=True, text=True, env=environment, cwd=folder)


@pytest.mark.parametrize("source", [SKIPPING, SKIPPING_WHOLE], ids=["a test", "a module"])
def test_a_skip_fails_where_every_part_is_required(tmp_path: Path, source: str) -> None:
    done = _pytest(tmp_path, source, required=True)
    assert done.returncode in {1, 2}, done.stdout
    assert "required here" in done.stdout


def test_a_skip_elsewhere_says_how_to_get_the_part(tmp_path: Path) -> None:
    done = _pytest(tmp_path, SKIPPING, required=False)
    assert done.returncode == 0
    assert "no such part: install it so" in done.stdout


def test_an_expected_failure_stays_one(tmp_path: Path) -> None:
    assert _pytest(tmp_path, EXPECTING, required=True).returncode == 0
