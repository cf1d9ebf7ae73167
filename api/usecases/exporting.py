"""Exports for an audit: the query log and evidence packs; each export is itself on record.

Rules: files are written as streams; a pack's digest stands in the ledger (`ledger.exported`), so that whoever holds the
pack can compare; asking for an export names people by reference or pseudonym, files by pseudonym only.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from sqlalchemy.ext.asyncio import AsyncConnection

from api.database import Database
from catalog import RevisionNotFoundError, canonical
from catalog.store import load as load_catalog
from gate.engines.bundle import archive_of
from gate.store_facts import document_of, find_facts, find_policy
from lineage import Actor, EntryDraft, Kind, Mac, append
from lineage.content import Json
from lineage.evidence import (
    Collected,
    Contents,
    Format,
    Period,
    ReceiptSource,
    Scope,
    Written,
    collect,
    finish,
    heading,
    of_period,
    of_subject,
    row_of,
    written,
)

EVERY = 1_000
RECEIPTS_AT_ONCE = 1_000
FACTS_AT_ONCE = 1_000
Progress = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Exporter:
    """Who exports, of which tenant, with which key the export is recorded, and where receipts come from."""

    database: Database
    mac: Mac
    by: Actor
    tenant: str
    receipts: ReceiptSource | None = None

    async def query_log(self, period: Period, form: Format, target: IO[str], progress: Progress) -> int:
        """Write the query log of a time; returns how many reads it holds."""
        digest, count, seen = hashlib.sha256(), 0, 0
        target.write(heading(form))
        digest.update(heading(form).encode())
        async with self.database.reading() as tx:
            async for entry in of_period(tx.connection, self.tenant, period):
                seen += 1
                row = row_of(entry)
                for line in written([] if row is None else [row], form):
                    target.write(line)
                    digest.update(line.encode())
                    count += 1
                if seen % EVERY == 0:
                    progress(seen)
        parts: dict[str, Json] = {"export": "query_log", "format": form.value, "entries": count}
        await self._record(digest.hexdigest(), parts)
        return count

    async def evidence(self, scope: Scope, period: Period | None, target: IO[bytes]) -> Written:
        """Write the evidence pack of a subject or a time."""
        with tempfile.TemporaryDirectory(prefix="yumen-evidence-") as folder:
            contents = Contents(Path(folder))
            async with self.database.reading() as tx:
                if period is None:
                    entries = of_subject(tx.connection, self.tenant, scope.subject or "")
                else:
                    entries = of_period(tx.connection, self.tenant, period, by_number=True)
                collected = await collect(entries, contents)
                await self._add_catalogues(tx.connection, contents, collected)
                await self._add_facts(tx.connection, contents, collected)
                await self._add_policies(tx.connection, contents, collected)
                await self._add_receipts(tx.connection, contents, collected)
            done = finish(contents, scope, collected, target)
        parts: dict[str, Json] = {"export": "evidence", "entries": done.entries, "receipts": done.receipts}
        await self._record(done.digest, parts)
        return done

    async def _add_catalogues(self, connection: AsyncConnection, contents: Contents, collected: Collected) -> None:
        for revision in collected.catalogs:
            try:
                catalog = await load_catalog(connection, revision)
            except RevisionNotFoundError:
                continue
            contents.add(f"catalog/{revision}.json", canonical(catalog.document()))

    async def _add_facts(self, connection: AsyncConnection, contents: Contents, collected: Collected) -> None:
        """The facts that the reads were decided on; what is not kept as its digest says is missing."""
        for first in range(0, len(collected.facts), FACTS_AT_ONCE):
            found = await find_facts(connection, collected.facts[first : first + FACTS_AT_ONCE])
            for name, situation in sorted(found.items()):
                if situation is not None:
                    contents.add(f"facts/{name}.json", document_of(situation))

    async def _add_policies(self, connection: AsyncConnection, contents: Contents, collected: Collected) -> None:
        """The policies that decided the reads, as they were kept then."""
        for revision in collected.policies:
            kept = await find_policy(connection, revision)
            if kept is not None and kept.is_whole:
                contents.add(f"policy/{revision}.tar.gz", archive_of(kept.module, kept.data, revision))

    async def _add_receipts(self, connection: AsyncConnection, contents: Contents, collected: Collected) -> None:
        if self.receipts is None:
            return
        for first in range(0, len(collected.numbers), RECEIPTS_AT_ONCE):
            part = collected.numbers[first : first + RECEIPTS_AT_ONCE]
            for number, receipt in sorted((await self.receipts.receipts(connection, part)).items()):
                contents.add(f"receipts/{number}.txt", receipt)
        checkpoint = await self.receipts.checkpoint(connection)
        if checkpoint is not None:
            contents.add("checkpoint.txt", checkpoint)

    async def _record(self, digest: str, parts: dict[str, Json]) -> None:
        draft = EntryDraft(Kind.LEDGER_EXPORTED, self.tenant, self.by, about=digest, parts=parts)
        async with self.database.transaction() as tx:
            await append(tx.connection, [draft], now=tx.now, mac=self.mac)
