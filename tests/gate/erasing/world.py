"""People with identifiers, tokens, values and consents, to be erased."""

import os
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import text

from api.journal import LedgerJournal
from consent import Actor, HoldBasis, HoldRequest, Keeper, SubjectId
from gate.erasing import ErasureDesk, Result
from gate.erasing.desk import Act, Reason
from gate.facts import microseconds
from gate.loading import Observation, ValueWriter
from lineage import check
from tests.gate.people import desk_of, new
from tests.world import TENANT, VALUES, World
from vault import TokenScope, issue_tokens

DPO = Actor("dpo", "officer_one")
REFERENCE = "sha256:" + "a" * 64
TABLES = ("vault_subject_keys", "vault_identifiers", "vault_index", "vault_tokens", "gate_values", "consent_grants",
          "consent_events")  # fmt: skip


@dataclass
class Office:
    """The lender's erasure desk, and shorthands."""

    world: World

    @property
    def keeper(self) -> Keeper:
        return Keeper(LedgerJournal(self.world.keys.mac), rows=self.world.keys.rows, entropy=os.urandom)

    @property
    def desk(self) -> ErasureDesk:
        return ErasureDesk(self.world.keys, self.world.catalog, self.keeper)

    async def erase(self, *refs: str, reason: Reason = Reason.INSTRUCTION, decided: bool = True) -> dict[str, Result]:
        async with self.world.database.transaction() as tx:
            act = Act(tx.connection, TENANT, DPO, tx.now, reason, decided)
            return await self.desk.erase(act, refs)

    async def hold(self, ref: str, days: int = 10, *, then_erase: bool = False) -> str:
        async with self.world.database.transaction() as tx:
            asked = HoldRequest(
                subject=SubjectId(TENANT, ref),
                basis=HoldBasis.AML,
                reference=REFERENCE,
                until=tx.now + timedelta(days=days),
                then_erase=then_erase,
            )
            return (await self.keeper.place(tx.connection, asked, by=DPO, now=tx.now)).id

    async def counts(self, ref: str) -> dict[str, int]:
        """How many rows each table has of a subject."""
        found: dict[str, int] = {}
        async with self.world.database.reading() as tx:
            for table in TABLES:
                statement = text(f"SELECT count(*) FROM {table} WHERE tenant = :tenant AND subject = :ref")  # noqa: S608  # tables named here
                values = {"tenant": TENANT, "ref": ref}
                found[table] = (await tx.connection.execute(statement, values)).scalar_one()
        return found

    async def row(self, ref: str) -> Any:
        async with self.world.database.reading() as tx:
            statement = text("SELECT * FROM consent_subjects WHERE tenant = :tenant AND ref = :ref")
            return (await tx.connection.execute(statement, {"tenant": TENANT, "ref": ref})).one()

    async def faults(self) -> list[tuple[int | None, str]]:
        async with self.world.database.reading() as tx:
            report = await check(tx.connection, check_mac=self.world.keys.check_mac)
        return [(fault.entry, fault.code.value) for fault in report.faults]

    async def stream(self, name: str) -> list[dict[str, Any]]:
        async with self.world.database.reading() as tx:
            statement = text("SELECT kind, body, digest FROM ledger_entries WHERE stream = :name ORDER BY seq")
            return [dict(row._mapping) for row in await tx.connection.execute(statement, {"name": name})]


async def register(world: World, index: int = 1) -> str:
    """A person with identifiers, values, a token and a consent."""
    async with world.database.transaction() as tx:
        (person,) = await desk_of(world).register(tx.connection, TENANT, [new(index)], by=DPO, now=tx.now)
    await add_values(world, person.ref)
    await world.give(person.ref)
    async with world.database.transaction() as tx:
        scope = TokenScope(TENANT, "credit_scoring", "lender", "mobile_no")
        await issue_tokens(tx.connection, scope, [person.ref], now=tx.now, rows=world.keys.rows)
    return person.ref


async def add_values(world: World, ref: str) -> None:
    """Values of the view ``behaviour`` for a subject who has keys already."""
    async with world.database.transaction() as tx:
        observed = [Observation(ref, microseconds(tx.now), VALUES)]
        await ValueWriter(world.keys, world.catalog.view(TENANT, "behaviour"), DPO).store(
            tx.connection, observed, now=tx.now
        )
