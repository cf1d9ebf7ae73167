"""A file tokenised for a recipient: may it be, and the record of it.

Rules:
- recipient and purpose are registered, in force, and the purpose's ceiling holds every field (PIPL 6, 23);
- the start of a run is in the ledger before the first part is written, its end after the last: counts, columns and the
  digest of the plan, no value and no file name.
"""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from sqlalchemy.ext.asyncio import AsyncConnection

from consent import Party, Purpose, PurposeStatus, Tenant, find_current
from lineage import Actor, EntryDraft, Kind, Mac, append
from lineage.content import MAX_INT
from vault import TokensRefusedError
from vault.bulk_plans import BulkPlan, Recipient


class Phase(StrEnum):
    """Which end of a run an entry records."""

    BEGUN = "begun"
    DONE = "done"


@dataclass(frozen=True, slots=True)
class TokenisingRecord:
    """What the ledger is told of a run.

    Attributes:
        counts: what was made; above the largest integer an entry may hold, that integer.
    """

    plan: BulkPlan
    recipient: Recipient
    key: int
    phase: Phase
    counts: Mapping[str, int] = field(default_factory=dict)


async def check_recipient(connection: AsyncConnection, plan: BulkPlan, recipient: Recipient, now: datetime) -> None:
    """Check that a plan may be carried out for a recipient.

    Raises: TenantNotFoundError, PartyNotFoundError, PurposeNotFoundError; TokensRefusedError.
    """
    await check_reach(connection, recipient, {each.field for each in plan.columns}, now)


async def check_reach(
    connection: AsyncConnection, recipient: Recipient, fields: AbstractSet[str], now: datetime
) -> None:
    """Check that recipient and purpose are registered, in force, and reach these fields.

    Raises: TenantNotFoundError, PartyNotFoundError, PurposeNotFoundError; TokensRefusedError.
    """
    await find_current(connection, recipient.tenant, Tenant, recipient.tenant)
    party = await find_current(connection, recipient.tenant, Party, recipient.party)
    purpose = await find_current(connection, recipient.tenant, Purpose, recipient.purpose)
    if party.has_ended(now):
        raise TokensRefusedError("the recipient's contract is over")
    if purpose.status is not PurposeStatus.ACTIVE or purpose.foreign_authority:
        raise TokensRefusedError("the purpose is not in use, or serves a foreign authority")
    beyond = sorted(fields - purpose.fields)
    if beyond:
        raise TokensRefusedError(f"the purpose does not reach the field {beyond[0]}")


async def record_run(
    connection: AsyncConnection, record: TokenisingRecord, *, by: Actor, now: datetime, mac: Mac
) -> int:
    """Put one end of a run into the ledger; returns the entry's id."""
    fields = {each.field: each.spec.kind.value for each in record.plan.columns}
    counts = {name: min(count, MAX_INT) for name, count in record.counts.items()}
    draft = EntryDraft(
        kind=Kind.TOKENS_MADE,
        tenant=record.recipient.tenant,
        actor=by,
        party=record.recipient.party,
        purpose=record.recipient.purpose,
        about=record.plan.digest(),
        parts={"phase": record.phase.value, "key": record.key, "fields": fields, "counts": counts},
    )
    return (await append(connection, [draft], now=now, mac=mac))[0]
