"""What decisions were made from, kept by digest: calls, facts, policies.

Rules:
- what is kept is written before the first entry that names it, and never changed or deleted;
- what is read back is checked against its digest: kept text that somebody changed is worth nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy import Table, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from catalog import CatalogError, canonical, digest
from gate.engines.bundle import revision_of
from gate.tables import CALLS, FACTS, POLICIES

BATCH_ROWS = 500


@dataclass(frozen=True, slots=True)
class Situation:
    """A facts document in its two parts, with the digests of the call and of the whole."""

    digest: str
    call: Mapping[str, Any]
    call_digest: str
    subject: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class KeptPolicy:
    """A policy as it decided: the compiled module and its data."""

    revision: str
    module: bytes
    data: bytes

    @property
    def is_whole(self) -> bool:
        """Whether it is what its revision says."""
        try:
            return revision_of(self.module, msgspec.json.decode(self.data)) == self.revision
        except (msgspec.DecodeError, ValueError, CatalogError):
            return False


async def keep_facts(connection: AsyncConnection, situations: Sequence[Situation], now_us: int) -> None:
    """Keep the documents that are not kept yet."""
    calls = {
        each.call_digest: {"digest": each.call_digest, "document": canonical(each.call).decode(), "kept_us": now_us}
        for each in situations
    }
    facts = {
        each.digest: {
            "digest": each.digest,
            "call": each.call_digest,
            "subject": canonical(each.subject).decode(),
            "kept_us": now_us,
        }
        for each in situations
    }
    for table, rows in ((CALLS, calls), (FACTS, facts)):
        if rows:
            await connection.execute(_insert(connection, table), [rows[name] for name in sorted(rows)])


async def keep_policy(connection: AsyncConnection, policy: KeptPolicy, now_us: int) -> None:
    """Keep a policy if it is not kept yet."""
    row = {"revision": policy.revision, "module": policy.module, "data": policy.data, "kept_us": now_us}
    await connection.execute(_insert(connection, POLICIES), row)


async def find_policy(connection: AsyncConnection, revision: str) -> KeptPolicy | None:
    """A kept policy, unchecked; None if it is not kept."""
    columns = (POLICIES.c.revision, POLICIES.c.module, POLICIES.c.data)
    row = (await connection.execute(select(*columns).where(POLICIES.c.revision == revision))).one_or_none()
    return None if row is None else KeptPolicy(row.revision, row.module, row.data)


async def find_facts(connection: AsyncConnection, digests: Iterable[str]) -> dict[str, Situation | None]:
    """Kept facts by digest; None in place of one that is not what its digest says, absent ones are left out."""
    found: dict[str, Situation | None] = {}
    for part in _parts(sorted(set(digests))):
        joined = FACTS.outerjoin(CALLS, CALLS.c.digest == FACTS.c.call)
        columns = (FACTS.c.digest, FACTS.c.call, FACTS.c.subject, CALLS.c.document)
        wanted = select(*columns).select_from(joined).where(FACTS.c.digest.in_(part))
        found.update({row.digest: _situation(*row) for row in await connection.execute(wanted)})
    return found


async def faulty_facts(connection: AsyncConnection) -> list[tuple[str, str]]:
    """(table, digest) of every kept document that is not what its digest says; reads them all, a part at a time."""
    faulty: list[tuple[str, str]] = []
    after = ""
    while True:
        wanted = select(FACTS.c.digest).where(FACTS.c.digest > after).order_by(FACTS.c.digest).limit(BATCH_ROWS)
        digests = list((await connection.execute(wanted)).scalars())
        if not digests:
            break
        found = await find_facts(connection, digests)
        faulty += [(FACTS.name, name) for name in digests if found.get(name) is None]
        after = digests[-1]
    for revision in await policy_revisions(connection):
        policy = await find_policy(connection, revision)
        if policy is None or not policy.is_whole:
            faulty.append((POLICIES.name, revision))
    return faulty


async def policy_revisions(connection: AsyncConnection) -> list[str]:
    """The revisions of all kept policies."""
    return list((await connection.execute(select(POLICIES.c.revision).order_by(POLICIES.c.revision))).scalars())


async def missing_facts(connection: AsyncConnection, digests: Iterable[str]) -> set[str]:
    """Those of ``digests`` under which nothing is kept."""
    wanted = set(digests)
    for part in _parts(sorted(wanted)):
        rows = await connection.execute(select(FACTS.c.digest).where(FACTS.c.digest.in_(part)))
        wanted -= set(rows.scalars())
    return wanted


def situation_of(name: str, document: bytes) -> Situation | None:
    """Facts from their whole document; None if it is not what its digest says."""
    try:
        parts = msgspec.json.decode(document)
        return _situation(name, digest(parts["call"]), canonical(parts["subject"]).decode(), canonical(parts["call"]))
    except (msgspec.DecodeError, KeyError, TypeError, CatalogError):
        return None


def document_of(situation: Situation) -> bytes:
    """The whole document of facts; its SHA-256 is their digest."""
    return canonical({"call": situation.call, "subject": situation.subject})


def _situation(name: str, call_digest: str, subject: str, call: str | bytes | None) -> Situation | None:
    try:
        parts = {"call": msgspec.json.decode(call or ""), "subject": msgspec.json.decode(subject)}
        if digest(parts) != name or digest(parts["call"]) != call_digest:
            return None
    except (msgspec.DecodeError, ValueError, CatalogError):
        return None
    return Situation(name, parts["call"], call_digest, parts["subject"])


def _insert(connection: AsyncConnection, table: Table) -> Any:
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    return dialect.insert(table).on_conflict_do_nothing()


def _parts(items: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(items), BATCH_ROWS):
        yield items[start : start + BATCH_ROWS]
