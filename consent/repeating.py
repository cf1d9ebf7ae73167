"""Repeating what ended after a backup was taken, from the ledger's entries, on the database restored from it.

Rules:
- only what takes away is repeated: withdrawals, pauses, holds, requests to erase; a consent given after the backup is
  lost with it, and whoever gave it is asked again;
- an entry that the database knows, or that is about something it does not know, changes nothing: repeating twice is
  repeating once;
- a repeated step is recorded anew, by the system, at its place in the restored ledger.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncConnection

from consent import store
from consent.books import Books
from consent.errors import ErasureDecidedError, NotLiveError
from consent.grants import Kind
from consent.ids import Entropy
from consent.instants import from_text
from consent.journal import Actor, Journal
from consent.keeper import Keeper
from consent.keeping import ErasureState, Hold, HoldBasis, Refusal
from consent.rows import RowSealer
from consent.subjects import SubjectId

RESTORER: Final = Actor("system", "restore")
MOVES: Final = frozenset(
    (Kind.WITHDRAWN, Kind.FIELD_WITHDRAWN, Kind.PAUSED, Kind.RESUMED, Kind.SUPERSEDED, Kind.EXPIRED)
)
KEEPING: Final = ("hold.placed", "hold.released", "erasure.requested", "erasure.refused")
REPEATED: Final = (*sorted(kind.value for kind in MOVES), *KEEPING)


@dataclass(frozen=True, slots=True)
class Repeater:
    """Repeats entries, one at a time, each in the caller's transaction."""

    journal: Journal
    rows: RowSealer
    entropy: Entropy

    async def repeat(self, connection: AsyncConnection, body: Mapping[str, Any], now: datetime) -> bool:
        """Repeat one entry; says whether it changed anything.

        Raises: KeyError, ValueError: the entry is malformed.
        """
        tenant, kind = str(body["tenant"]), str(body["kind"])
        refs = await store.subjects.by_pseudonym(connection, tenant, [str(body["subject"])])
        if body["subject"] not in refs or kind not in REPEATED:
            return False
        who = SubjectId(tenant, refs[body["subject"]])
        if kind not in KEEPING:
            return await self._move(connection, who, Kind(kind), body["grant"], now)
        return await self._keep(connection, who, kind, body, now)

    async def _move(
        self, connection: AsyncConnection, who: SubjectId, kind: Kind, document: Mapping[str, Any], now: datetime
    ) -> bool:
        books = Books(self.journal, self.rows)
        book = (await books.open(connection, [who], now))[who.ref]
        grant = book.find(str(document["id"]))
        if grant is None or grant.version >= int(document["version"]):
            return False
        fields = tuple(sorted(document["fields"])) if kind is Kind.FIELD_WITHDRAWN else None
        try:
            book.move(grant, kind, RESTORER, fields)
        except NotLiveError:
            return False  # its time ran out meanwhile, which the clock has said
        await books.close_one(connection, book, (grant.id,))
        return True

    async def _keep(
        self, connection: AsyncConnection, who: SubjectId, kind: str, body: Mapping[str, Any], now: datetime
    ) -> bool:
        keeper, name = Keeper(self.journal, rows=self.rows, entropy=self.entropy), str(body["about"])
        match kind:
            case "hold.placed":
                said = body["hold"]
                hold = Hold(
                    name, who, HoldBasis(said["basis"]), str(said["reference"]), now, from_text(said["until"]), None
                )
                return await keeper.put_back(connection, hold, by=RESTORER, now=now)
            case "hold.released":
                known = await store.keeping.find_hold(connection, who.tenant, name)
                if known is None or known.released is not None:
                    return False
                await keeper.release(connection, who.tenant, name, by=RESTORER, now=now)
                return True
            case "erasure.requested":
                state = ErasureState(body["request"]["state"])
                return await keeper.ask_again(connection, who, (name, state), by=RESTORER, now=now)
            case _:
                return await self._refuse(connection, keeper, who, body, now)

    async def _refuse(
        self, connection: AsyncConnection, keeper: Keeper, who: SubjectId, body: Mapping[str, Any], now: datetime
    ) -> bool:
        request = await store.keeping.find_erasure(connection, who.tenant, str(body["about"]), lock=True)
        if request is None:
            return False
        try:
            await keeper.refuse(connection, request, Refusal(body["reason"]), by=RESTORER, now=now)
        except ErasureDecidedError:
            return False
        return True
