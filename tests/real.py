"""Real parts: with ``YUMEN_REQUIRE_REAL=1`` (CI) a test that is skipped for want of one has failed.

Also the OPA that policy tests run: ``$YUMEN_OPA`` (set by ``make test``), else one that ``tools/opa.sh`` built before.
"""

import os
import signal
import subprocess
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

REQUIRED = os.environ.get("YUMEN_REQUIRE_REAL") == "1"
NO_OPA = "no OPA: put it on the path, set YUMEN_OPA, or install Go and run `make test`"


def pytest_configure() -> None:
    """Make a run the same wherever it was started: behind a terminal or not, on a busy machine or an idle one."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # as in a shell's background job; children would inherit it
        signal.signal(signal.SIGINT, signal.default_int_handler)
    settings.register_profile("yumen", settings(), deadline=None, suppress_health_check=[HealthCheck.too_slow])
    settings.load_profile("yumen")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Generator[None, Any, Any]:
    """Turn a skip into a failure where every part is required."""
    report: pytest.TestReport = yield
    if REQUIRED and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid} was skipped, and every real part is required here: {call.excinfo}"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector: pytest.Collector) -> Generator[None, Any, Any]:
    """The same for a module that skips itself while it is collected."""
    report: pytest.CollectReport = yield
    if REQUIRED and report.outcome == "skipped":
        report.outcome = "failed"
        report.longrepr = f"{collector.nodeid} skipped itself, and every real part is required here"
    return report


@pytest.fixture(scope="session")
def opa() -> Path:
    """The OPA executable; the test is skipped if there is none."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    found = Path(os.environ.get("YUMEN_OPA") or cache / "yumen" / "bin" / "opa")
    if not found.is_file():
        pytest.skip(NO_OPA)
    subprocess.run([found, "version"], check=True, capture_output=True)
    return found
