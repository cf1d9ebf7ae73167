"""Starts what is measured as real processes and stops it again."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from api.identity import BuiltinIssuer, Role
from tests.bench.worlds import Measured

ROOT = Path(__file__).resolve().parents[2]
READY_S = 30


def free_port() -> int:
    """A loopback port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def running(command: Sequence[str], ready: str, environment: Mapping[str, str] | None = None) -> Iterator[int]:
    """Run a process until the block ends; waits for ``ready`` to answer 200; yields its process id."""
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        env={**os.environ, **(environment or {})},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_for(ready, process)
        yield process.pid
    finally:
        process.terminate()
        process.wait(timeout=20)


@contextmanager
def service(measured: Measured, port: int, **settings: str) -> Iterator[int]:
    """The real service on the measured database."""
    environment = {
        "YUMEN_DATA_DIR": str(measured.folder),
        "YUMEN_DATABASE_URL": measured.url,
        "YUMEN_LOG__LEVEL": "ERROR",
        **{f"YUMEN_{name.upper()}": value for name, value in settings.items()},
    }
    command = [sys.executable, "-c", "from api.cli import main; main()", "serve", "--port", str(port)]
    with running(command, f"http://127.0.0.1:{port}/readyz", environment) as pid:
        yield pid


def token(measured: Measured) -> str:
    """A scorer's token of the service's own issuer."""
    issuer = BuiltinIssuer.open(measured.folder / "issuer.key", name="yumen-builtin", audience="yumen")
    return issuer.issue(
        tenant="lender",
        roles=[Role.SCORER],
        name="scoring",
        now=datetime.now(UTC),
        token_id="bench",
        life=timedelta(hours=2),
    )


def wait_for(url: str, process: subprocess.Popen[bytes] | None = None) -> None:
    """Wait until ``url`` answers 200; raises RuntimeError when it does not in time, or ``process`` has ended."""
    until = time.monotonic() + READY_S
    while time.monotonic() < until:
        if process is not None and process.poll() is not None:
            raise RuntimeError(f"the process ended with {process.returncode} before it was ready")
        try:
            with urllib.request.urlopen(url, timeout=1) as answer:  # noqa: S310  our own loopback address
                if answer.status == 200:
                    return
        except OSError:
            time.sleep(0.05)
    raise RuntimeError("the process did not become ready in time")
