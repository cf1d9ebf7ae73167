"""The followers of the ledger, in the background of every service: counts of reach, reads told to OpenLineage.

Rules:
- never on the path of a read: it looks without a lock and writes in short transactions, so that a writer of SQLite
  waits a moment at most; behind by much, it rests between two turns longer than they take;
- of several processes one works at a time, by the lock on its position; any may take over at any turn;
- a fault is logged and the next turn goes on where the last one ended.
"""

from __future__ import annotations

import asyncio
import time

import httpx
import sqlalchemy.exc
from starlette.datastructures import State

from api.database import Database
from api.logs import EVENTS
from api.usecases.emitting import Server, emit_all
from lineage import LineageError
from lineage.graph import fold, look, note, position

FAULTS = (sqlalchemy.exc.SQLAlchemyError, LineageError, OSError, TimeoutError)
START_S = 0.2
SHARE = 4  # it rests so many times as long as it worked


async def catch_up(database: Database, *, turns: int | None = None) -> int:
    """Fold what is new; returns how many entries were folded. At most so many turns, if given."""
    done = 0
    while turns is None or turns > 0:
        began = time.monotonic()
        folded = await (_look_and_note if database.is_sqlite else _fold)(database)
        if not folded:
            return done
        done += folded
        turns = None if turns is None else turns - 1
        await asyncio.sleep(0 if turns is None else SHARE * (time.monotonic() - began))
    return done


async def _fold(database: Database) -> int:
    """A turn where writers do not wait for each other, under the lock on the position: one follower looks."""
    async with database.transaction() as tx:
        folded = await fold(tx.connection, now=tx.now)
    return folded.last - folded.after


async def _look_and_note(database: Database) -> int:
    """A turn where one writes at a time; ends early if another follower was there before."""
    async with database.reading() as tx:
        seen = await look(tx.connection, await position(tx.connection))
    done = 0
    for part in () if seen.is_idle else seen.slices():
        async with database.transaction() as tx:
            folded = await note(tx.connection, part, now=tx.now)
        if folded.is_idle:
            break
        done += folded.last - folded.after
    return done


async def following(state: State) -> None:
    """Follow the ledger as long as the service runs."""
    pause_s = START_S
    while True:
        await asyncio.sleep(pause_s)
        if state.service is None:
            continue
        pause_s = state.service.settings.lineage.follow_s
        try:
            await _in_turns(state.service.database)
        except FAULTS as fault:
            EVENTS.warning("the follower of the ledger stopped; it goes on at its next turn", exc_info=fault)


async def _in_turns(database: Database) -> None:
    """Catch up turn by turn; a turn that began ends even if the service stops, or it would leave its connection."""
    done = 1
    while done:
        turn = asyncio.create_task(catch_up(database, turns=1))
        try:
            done = await asyncio.shield(turn)
        except asyncio.CancelledError:
            await asyncio.gather(turn, return_exceptions=True)
            raise


async def telling(state: State) -> None:
    """Tell reads to the OpenLineage server of the settings, every so many minutes, as long as the service runs."""
    while True:
        await asyncio.sleep(START_S if state.service is None else state.service.settings.lineage.emit_minutes * 60)
        if state.service is None or state.service.settings.lineage.emit_url is None:
            continue
        options = state.service.settings.lineage
        token = None if options.emit_token is None else options.emit_token.get_secret_value()
        try:
            async with httpx.AsyncClient() as http:
                await emit_all(state.service.database, Server(str(options.emit_url), token), http)
        except (*FAULTS, httpx.HTTPError) as fault:
            EVENTS.warning("reads were not told to the OpenLineage server; the next turn tells them", exc_info=fault)
