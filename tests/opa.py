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


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@dataclass
class OpaServer:
    """One server process that can be frozen, killed and started again on the same port."""

    program: Path
    bundle: Path = SERVER_BUNDLE
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        self.start_on(f"127.0.0.1:{self.port}")
        self._wait()

    def start_on(self, address: str) -> None:
        """Start on another kind of address, without waiting until it listens."""
        command = [self.program, "run", "--server", "--addr", address, "--log-level", "error", "--disable-telemetry"]
        self.process = subprocess.Popen(
            [*command, "--bundle", self.bundle],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def freeze(self) -> None:
        assert self.process is not None
        self._signal(signal.SIGSTOP)
        os.waitpid(self.process.pid, os.WUNTRACED)  # the signal takes effect some time after it is sent

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
