"""A replica in a process of its own: the gate and the consent service, driven by JSON lines on a pipe.

Run as ``python -m tests.properties.worker URL FOLDER``, FOLDER holding the root key. Each line ``{"id", "do", ...}`` is
carried out at once, many at a time; each answer ``{"id", ...}`` is written when it is committed.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

from api.database import Database
from api.gates import open_gate
from api.journal import LedgerJournal
from catalog import ReleaseForm
from consent import (
    Actor,
    Channel,
    ConsentForm,
    ConsentService,
    GrantRequest,
    SubjectId,
    WithdrawAll,
    WithdrawField,
    load_registry,
)
from consent.books import Books
from consent.grants import Kind
from gate import Gate, GateError
from gate.engines import EmbeddedEngine
from tests.gate.asking import ask
from tests.world import FIELDS, TENANT
from vault import FileRootKey, KeyRing, load_key_ring

Document = Mapping[str, Any]


class Replica:
    """What the lines ask for."""

    def __init__(self, database: Database, gate: Gate, keys: KeyRing, notice: Any) -> None:
        self._database, self._gate, self._notice = database, gate, notice
        journal = LedgerJournal(keys.mac)
        self._service = ConsentService(journal, rows=keys.rows, entropy=os.urandom)
        self._books = Books(journal, keys.rows)

    async def give(self, asked: Document) -> Document:
        """Give everything to the lender, for each subject."""
        requests = [self._request(ref) for ref in asked["refs"]]
        async with self._database.transaction() as tx:
            told = await self._service.give_many(
                tx.connection, requests, by=Actor("subject", asked["refs"][0]), now=tx.now
            )
        return {"entries": [entry for each in told for entry in each.entries]}

    async def withdraw(self, asked: Document) -> Document:
        """Withdraw one subject's field, or everything."""
        [ref] = asked["refs"]
        scope = WithdrawField(asked["field"], None) if "field" in asked else WithdrawAll()
        async with self._database.transaction() as tx:
            told = await self._service.withdraw(
                tx.connection, SubjectId(TENANT, ref), scope, by=Actor("subject", ref), now=tx.now
            )
        return {"entries": list(told.entries)}

    async def withdraw_many(self, asked: Document) -> Document:
        """Withdraw a field of many subjects in one transaction, with the parts the service does one subject with."""
        async with self._database.transaction() as tx:
            books = await self._books.open(tx.connection, [SubjectId(TENANT, ref) for ref in asked["refs"]], tx.now)
            for ref, book in books.items():
                [grant] = book.open_grants
                left = tuple(name for name in grant.fields if name != asked["field"])
                book.move(grant, Kind.FIELD_WITHDRAWN, Actor("subject", ref), left)
            entries = await self._books.close(tx.connection, list(books.values()))
        return {"entries": [entry for each in entries.values() for entry in each]}

    async def read(self, asked: Document) -> Document:
        """Read the given features of subjects; says which were released."""
        try:
            answer = await self._gate.read(ask(*asked["refs"], features=tuple(asked["features"])))
        except GateError as error:
            return {"error": error.code}
        return {
            "entries": [each.entry for each in answer.subjects],
            "released": [[ruling.name for ruling in each.rulings if ruling.released] for each in answer.subjects],
        }

    def _request(self, ref: str) -> GrantRequest:
        return GrantRequest(
            subject=SubjectId(TENANT, ref),
            purpose="credit_scoring",
            recipient="lender",
            notice=self._notice.content.name,
            notice_version=self._notice.version,
            notice_hash=self._notice.hash,
            fields=tuple(sorted(FIELDS)),
            form=ConsentForm.WRITTEN,
            max_form=ReleaseForm.PLAIN,
            channel=Channel.APP,
            evidence="ev_" + "a" * 26,
        )


async def serve(url: str, folder: Path) -> None:
    """Answer lines until there are no more."""
    database = Database.open(url)
    async with database.reading() as tx:
        keys = await load_key_ring(tx.connection, FileRootKey.open_or_create(folder / "root.key"))
        registry = await load_registry(tx.connection, keys.rows)
    gate, store = await open_gate(url, database, keys, EmbeddedEngine())
    replica = Replica(database, gate, keys, registry.in_force[TENANT, "credit_scoring"])
    done: set[asyncio.Task[None]] = set()
    write({"id": 0})
    async for line in lines():
        task = asyncio.create_task(answer(replica, json.loads(line)))
        done.add(task)
        task.add_done_callback(done.discard)
    await asyncio.gather(*done)
    await gate.close()
    await store.close()
    await database.close()


async def answer(replica: Replica, asked: Document) -> None:
    act: Callable[[Document], Awaitable[Document]] = getattr(replica, asked["do"])
    write({"id": asked["id"], **await act(asked)})


async def lines() -> Any:
    reader = asyncio.StreamReader(limit=1 << 24)
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        yield line


def write(document: Document) -> None:
    sys.stdout.write(json.dumps(document) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1], Path(sys.argv[2])))
