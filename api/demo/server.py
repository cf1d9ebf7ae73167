"""A real ``yumen serve`` process on a free loopback port, and its end.

Rules:
- the server runs in its own session: Ctrl-C in a terminal reaches the demo alone, which then stops the server in order;
- leaving the block always stops the process: first asked, then killed, and waited for either way.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import httpx

import api

START_S = 30.0
STOP_S = 10.0
ROOT = Path(api.__file__).resolve().parents[1]


class ServerError(Exception):
    """The service did not start or ended by itself; the message carries the end of its log."""


def command(*arguments: str) -> list[str]:
    """The command line that runs ``yumen`` with this interpreter, installed or in a checkout."""
    return [sys.executable, "-c", "from api.cli import main; main()", *arguments]


def environment(extra: Mapping[str, str]) -> dict[str, str]:
    """This process's environment with ``extra`` settings, the rooms importable, and no settings of the caller's own."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("YUMEN_")}
    return {**kept, "PYTHONPATH": str(ROOT), **extra}


def free_port() -> int:
    """A loopback port nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def serving(settings: Mapping[str, str], log: Path) -> Iterator[str]:
    """Run the service; yields its base URL once it says it is ready.

    Raises: ServerError: it ended or was not ready within START_S.
    """
    port = free_port()
    with log.open("wb") as output:
        process = subprocess.Popen(  # noqa: S603  our own interpreter and code
            command("serve", "--host", "127.0.0.1", "--port", str(port)),
            env=environment(settings),
            cwd=log.parent,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        base = f"http://127.0.0.1:{port}"
        _wait_ready(process, base, log)
        yield base
    finally:
        _stop(process)


def _wait_ready(process: subprocess.Popen[bytes], base: str, log: Path) -> None:
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise ServerError(f"the service ended with code {process.returncode}:\n{_tail(log)}")
        try:
            if httpx.get(f"{base}/readyz", timeout=2).status_code == 200:
                return
        except httpx.TransportError:
            pass  # not listening yet
        time.sleep(0.05)
    raise ServerError(f"the service was not ready after {START_S:.0f} s:\n{_tail(log)}")


def _stop(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(STOP_S)
        except (subprocess.TimeoutExpired, KeyboardInterrupt):  # too slow for the clock, or for whoever waits
            process.kill()
    process.wait()


def _tail(log: Path) -> str:
    return "\n".join(log.read_text("utf-8", "replace").splitlines()[-15:])
