"""The transparency log's parts, opened for one command."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from api import logs
from api.cli.parts import opened_parts
from api.cli.terminal import Terminal
from api.database import Database
from api.metrics import Metrics
from api.sequencing import sequencer
from api.settings import Settings
from lineage.log import Checkpoint, LogHeldError, LogNotReadyError, LogReader, Note, VerifierKey, log_key
from vault import LogSigner

WAIT_S = 0.5


@dataclass(frozen=True, slots=True)
class LogParts:
    """What commands about the log need."""

    settings: Settings
    database: Database
    signer: LogSigner

    @property
    def key(self) -> VerifierKey:
        """The log's public key."""
        return log_key(self.settings.transparency.origin, self.signer)

    @property
    def reader(self) -> LogReader:
        """The log's folder."""
        return LogReader(self.settings.log_folder, self.key)


@asynccontextmanager
async def log_parts(settings: Settings, *, writing: bool = False) -> AsyncIterator[LogParts]:
    """The database and the log's key. Raises: CommandError: there is no database or no root key."""
    async with opened_parts(settings, writing=writing) as parts:
        yield LogParts(settings, parts.database, parts.keys.log_signer)


async def running(term: Terminal, settings: Settings, *, once: bool) -> int:
    """Write the log until it has everything (``once``) or until Ctrl-C; answers its size."""
    logs.configure(settings.log, debug=settings.debug)
    async with (
        log_parts(settings, writing=True) as parts,
        sequencer(settings, parts.database, parts.signer, Metrics().log) as made,
    ):
        if not once:
            term.note("Writing the log; Ctrl-C stops it.", "正在写入日志；按 Ctrl-C 停止。")
            await made.run()
        while True:
            try:
                return await made.lead(until_caught_up=True)
            except LogHeldError:
                await asyncio.sleep(WAIT_S)


def head_of(parts: LogParts) -> Checkpoint | None:
    """The newest checkpoint; None before the first."""
    try:
        return parts.reader.head()[0]
    except LogNotReadyError:
        return None


def witness_states(parts: LogParts) -> list[dict[str, Any]]:
    """What each configured witness said of the newest checkpoint. Raises: NoteSignatureError: a forged cosignature."""
    _, data = parts.reader.head()
    note = Note.parse(data)
    states = []
    for each in parts.settings.transparency.witnesses:
        key = each.witness.key
        mine = [signature for signature in note.signatures if signature.is_by(key)]
        for signature in mine:
            key.verify(note.text, signature.data)
        at = datetime.fromtimestamp(int.from_bytes(mine[0].data[:8], "big"), UTC).isoformat() if mine else None
        states.append({"name": key.name, "key": key.text, "cosigned": bool(mine), "at": at})
    return states
