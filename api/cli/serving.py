"""Running the server in this process, from sockets that are bound already.

Rules:
- before anything is served the schema is this release's: brought there in development, refused in production; where
  the database is not there yet the same holds for the moment it comes;
- a first SIGTERM or SIGINT lets answers in flight end, a second SIGINT does not;
- in production the process closes its memory to others first (api.process);
- a fault at the start ends the process with one line, through the caller's guard.
"""

from __future__ import annotations

import asyncio
import gc
import signal
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import uvicorn

from api import logs
from api.app import create_app
from api.cli.faults import CommandError
from api.cli.parts import ensure_schema
from api.logs import EVENTS
from api.metrics import Metrics
from api.options import Mode
from api.process import close_memory
from api.sequencing import sequencing
from api.server import server_config
from api.service import NOT_THERE_YET, Service, open_database, open_service
from api.settings import Settings

COLLECT = (20_000, 20, 50)
HANDLED = (signal.SIGINT, signal.SIGTERM)


class Server(uvicorn.Server):
    """Notes the signal that stopped it instead of raising it again."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Take SIGINT and SIGTERM while the block runs."""
        before = {number: signal.signal(number, self.handle_exit) for number in HANDLED}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    @property
    def was_interrupted(self) -> bool:
        """Whether Ctrl-C stopped it."""
        return signal.SIGINT in self._captured_signals


def serve(settings: Settings, sockets: list[socket.socket]) -> bool:
    """Serve until a signal comes; answers whether it was Ctrl-C.

    Raises: CommandError, VaultError, GateError, IdentityError: the service cannot open.
    """
    if settings.mode is Mode.PRODUCTION:
        close_memory()
    logs.configure(settings.log, debug=settings.debug)
    app = create_app(settings, opener=lambda: opened(settings, app.state.metrics))
    server = Server(server_config(app, settings, lifespan="off"))

    async def go() -> None:
        async with app.router.lifespan_context(app):
            spare_collections()
            await server.serve(sockets)

    with asyncio.Runner(loop_factory=server.config.get_loop_factory()) as runner:
        runner.run(go())
    return server.was_interrupted


def spare_collections() -> None:
    """Let the garbage collector pass over what stays for ever, and look at new objects less often.

    A read makes many objects and hardly a cycle; modules and models need not be looked through for them.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*COLLECT)


async def prepare(settings: Settings) -> None:
    """Bring the schema up to date or refuse it, if the database is there. Raises: CommandError."""
    try:
        database = open_database(settings)
        try:
            await ensure_schema(database, may_migrate=settings.mode is Mode.DEVELOPMENT)
        finally:
            await database.close()
    except NOT_THERE_YET as fault:
        EVENTS.warning("the database is not there yet", exc_info=fault)


@asynccontextmanager
async def opened(settings: Settings, metrics: Metrics) -> AsyncIterator[Service]:
    """The service over a schema of this release; a database that came late with an old one is waited for."""
    database = open_database(settings)
    try:
        await ensure_schema(database, may_migrate=settings.mode is Mode.DEVELOPMENT)
    except CommandError as refused:
        EVENTS.error("%s", refused.lines[0])
        raise ConnectionError from refused
    finally:
        await database.close()
    async with open_service(settings, metrics=metrics) as service:
        if not settings.transparency.run:
            yield service
            return
        async with sequencing(settings, service.database, service.signer, metrics.log) as sequencer:
            service.log.nudge = sequencer.nudge
            yield service
