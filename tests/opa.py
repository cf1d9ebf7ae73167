"""A real OPA server for the tests, with the committed bundle loaded, on a free loopback port."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from gate.engines import SERVER_BUNDLE

READY_S = 20.0


@dataclass
class OpaServer:
    """One server process that can be frozen, killed and started again on the same port."""

    program: Path
    bundle: Path = SERVER_BUNDLE
    port: int = field(default_factory=lambda: free_port())
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        command = [self.program, "run", "--server", "--addr", f"127.0.0.1:{self.port}", "--log-level", "error"]
        self.process = subprocess.Popen(
            [*command, "--disable-telemetry", "--bundle", self.bundle],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self._wait()

    def freeze(self) -> None:
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._signal(signal.SIGCONT)

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def _signal(self, number: signal.Signals) -> None:
        assert self.process is not None
        os.kill(self.process.pid, number)

    def _wait(self) -> None:
        end = time.monotonic() + READY_S
        while time.monotonic() < end:
            assert self.process is not None
            assert self.process.poll() is None, "OPA ended at start"
            try:
                with socket.create_connection(("127.0.0.1", self.port), timeout=1):
                    return
            except OSError:
                time.sleep(0.05)
        raise AssertionError("OPA did not listen")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture(scope="session")
def opa_server(opa: Path) -> Iterator[OpaServer]:
    """A running OPA server for the whole session; leave it running and thawed."""
    server = OpaServer(opa)
    server.start()
    yield server
    server.kill()


@pytest.fixture
def own_opa_server(opa: Path) -> Iterator[OpaServer]:
    """An OPA server of the test's own, to kill and freeze."""
    server = OpaServer(opa)
    server.start()
    yield server
    server.kill()
