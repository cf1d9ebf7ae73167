"""In production the process closes its memory: no core dumps, no reading by others of the same user."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.house.tree import ROOT

SHOW = """
import ctypes
from api.process import close_memory
close_memory()
print(next(line for line in open('/proc/self/limits') if line.startswith('Max core')).split()[4:6])
print(ctypes.CDLL(None).prctl(3, 0, 0, 0, 0))
"""


@pytest.mark.skipif(not Path("/proc/self/limits").exists(), reason="only Linux shows a process's limits here")
def test_no_core_is_dumped_and_nobody_attaches() -> None:
    done = subprocess.run([sys.executable, "-c", SHOW], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["['0', '0']", "0"]
