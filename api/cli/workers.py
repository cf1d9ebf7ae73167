"""Several processes behind one socket.

Rules:
- workers are spawned, never forked: each opens its own database connections, keys and policy engine;
- a worker that ends unasked is started again, not sooner than a second after its start; one that could not start at
  all stops the others, since the next would fail the same way;
- a worker whose parent is gone stops.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import socket
import sys
import threading
import time
from multiprocessing.connection import wait
from multiprocessing.context import SpawnProcess
from types import FrameType

from api.cli.faults import CommandError, report
from api.cli.language import LANGUAGE, Language, both, told
from api.cli.serving import HANDLED, serve
from api.cli.terminal import complain
from api.logs import EVENTS
from api.settings import Settings

SPAWN = multiprocessing.get_context("spawn")
CANNOT_START = 3
PAUSE_S = 1.0
STOP_S = 20.0


class Supervisor:
    """Keeps the workers running until a signal comes."""

    def __init__(self, settings: Settings, sockets: list[socket.socket]) -> None:
        self._arguments = (settings, sockets, LANGUAGE.get())
        self._count = settings.workers
        self._workers: dict[SpawnProcess, float] = {}
        self._stopped_by: list[int] = []

    def run(self) -> bool:
        """Run; answers whether Ctrl-C ended it. Raises: CommandError: a worker could not start."""
        before = {number: signal.signal(number, self._note) for number in HANDLED}
        try:
            for _ in range(self._count):
                self._start()
            self._watch()
        finally:
            self._stop()
            for number, handler in before.items():
                signal.signal(number, handler)
        return signal.SIGINT in self._stopped_by

    def _note(self, number: int, _frame: FrameType | None) -> None:
        self._stopped_by.append(number)

    def _start(self) -> None:
        worker = SPAWN.Process(target=work, args=self._arguments, daemon=True)
        worker.start()
        self._workers[worker] = time.monotonic()

    def _watch(self) -> None:
        while not self._stopped_by:
            wait([worker.sentinel for worker in self._workers], timeout=0.2)
            for worker, began in list(self._workers.items()):
                if worker.is_alive() or self._stopped_by:
                    continue
                if worker.exitcode == CANNOT_START:
                    raise CommandError(told(both("a worker could not start", "工作进程无法启动")), code=1)
                EVENTS.error("a worker ended with code %s; it is started again", worker.exitcode)
                del self._workers[worker]
                time.sleep(max(0.0, began + PAUSE_S - time.monotonic()))
                self._start()

    def _stop(self) -> None:
        for worker in self._workers:
            worker.terminate()
        deadline = time.monotonic() + STOP_S
        for worker in self._workers:
            worker.join(max(0.0, deadline - time.monotonic()))
            if worker.is_alive():
                worker.kill()
                worker.join()


def work(settings: Settings, sockets: list[socket.socket], language: Language) -> None:
    """A worker's life."""
    LANGUAGE.set(language)
    threading.Thread(target=_leave_with_parent, daemon=True).start()
    try:
        serve(settings, sockets)
    except KeyboardInterrupt:
        return
    except Exception as error:  # noqa: BLE001  a process of its own: what is raised here would end as a traceback
        complain(report(error)[1])
        sys.exit(CANNOT_START)


def _leave_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os.kill(os.getpid(), signal.SIGTERM)
