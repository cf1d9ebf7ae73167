"""What the process does so that its memory stays its own.

Rules:
- in production no core dump is ever written (RLIMIT_CORE 0), and no other process of the same user may read this one's
  memory or attach to it (PR_SET_DUMPABLE 0, Linux);
- what this cannot do: Python cannot wipe memory, and swap is the operator's to switch off.
"""

from __future__ import annotations

import ctypes
import resource
import sys

from api.logs import EVENTS

PR_SET_DUMPABLE = 4


def close_memory() -> None:
    """Forbid core dumps and reading by others, for this process and those it starts."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform != "linux":
        return
    if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0:
        EVENTS.warning("PR_SET_DUMPABLE could not be set: others of the same user may read this process")
