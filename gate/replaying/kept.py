"""Where a replay finds what decisions were made from: the database, or whoever else keeps it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from sqlalchemy.ext.asyncio import AsyncConnection

from catalog.store import revisions
from gate.store_facts import KeptPolicy, Situation, find_facts, find_policy
from lineage import shape_documents


class Kept(Protocol):
    """What was kept of decisions, by digest."""

    async def facts(self, digests: Sequence[str]) -> Mapping[str, Situation | None]:
        """Facts by digest; None in place of what is not what its digest says, absent ones are left out."""
        ...

    async def policy(self, revision: str) -> KeptPolicy | None:
        """A policy, unchecked; None if it is not kept."""
        ...

    async def shapes(self, tenant: str, shapes: Sequence[str]) -> Mapping[str, bytes]:
        """The documents of shapes."""
        ...

    async def catalogs(self) -> frozenset[str]:
        """The revisions of the catalogues that are kept."""
        ...


@dataclass(frozen=True, slots=True)
class InDatabase:
    """What the database keeps."""

    connection: AsyncConnection

    async def facts(self, digests: Sequence[str]) -> Mapping[str, Situation | None]:
        """As `Kept`."""
        return await find_facts(self.connection, digests)

    async def policy(self, revision: str) -> KeptPolicy | None:
        """As `Kept`."""
        return await find_policy(self.connection, revision)

    async def shapes(self, tenant: str, shapes: Sequence[str]) -> Mapping[str, bytes]:
        """As `Kept`."""
        return await shape_documents(self.connection, tenant, shapes)

    async def catalogs(self) -> frozenset[str]:
        """As `Kept`."""
        return frozenset(revision for revision, _ in await revisions(self.connection))
