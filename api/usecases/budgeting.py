"""Privacy budgets: who set them, on record, and what the ledger says was spent.

Rules:
- a budget is for a registered recipient; setting it is a ledger entry in the same transaction;
- what was spent stays spent, so a lower limit refuses from then on;
- the newest entry about a budget says what was spent: a row that says something else was put back by hand, and one that
  was deleted begins where the ledger ends.

Law: PIPL 51(2), 52.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from api.database import Transaction
from consent import Party, find_current
from lineage import Actor, CursorInvalidError, EntryDraft, Kind, append, newest_about
from lineage.content import Json
from vault import KeyRing, PrivacyAccount, PrivacyBudget, TamperedError, lock_budget, set_budget
from vault.aggregate_plans import NOTHING, Cost


async def put_budget(
    tx: Transaction, account: PrivacyAccount, limit: Cost, *, keys: KeyRing, by: Actor
) -> tuple[PrivacyBudget, int]:
    """Set a budget; returns it and its ledger entry.

    Raises: PartyNotFoundError; TamperedError: its row was changed by hand.
    """
    await find_current(tx.connection, account.tenant, Party, account.recipient)
    before = await spent_so_far(tx.connection, account, keys)
    found = await set_budget(tx.connection, account, limit, by=by.id, now=tx.now, rows=keys.rows, spent=before)
    if found.spent != await spent_so_far(tx.connection, account, keys):
        raise TamperedError
    parts: dict[str, Json] = {"dataset": account.dataset, "limit": counts(limit), "spent": counts(found.spent)}
    kind, about = Kind.PRIVACY_BUDGET_SET, name_of(account)
    draft = EntryDraft(kind, account.tenant, by, party=account.recipient, about=about, parts=parts)
    return found, (await append(tx.connection, [draft], now=tx.now, mac=keys.mac))[0]


async def hold_budget(connection: AsyncConnection, account: PrivacyAccount, keys: KeyRing) -> PrivacyBudget:
    """A budget as the ledger has it too, held until the transaction ends.

    Raises: PrivacyBudgetNotSetError; TamperedError: its row was changed, or put back, by hand.
    """
    found = await lock_budget(connection, account, rows=keys.rows)
    if found.spent != await spent_so_far(connection, account, keys):
        raise TamperedError
    return found


async def spent_so_far(connection: AsyncConnection, account: PrivacyAccount, keys: KeyRing) -> Cost:
    """What the ledger says was spent. Raises: TamperedError: its newest entry about it is not the service's."""
    entry = await newest_about(connection, account.tenant, name_of(account))
    if entry is None:
        return NOTHING
    keys.check_mac(entry.body, entry.mac)
    spent: Any = entry.document["spent"]
    return Cost(spent["epsilon"], spent["delta"])


def name_of(account: PrivacyAccount) -> str:
    """What entries about a budget are about."""
    return f"{account.dataset}/{account.recipient}"


def counts(cost: Cost) -> dict[str, Json]:
    """A cost as an entry holds it."""
    return {"epsilon": cost.epsilon, "delta": cost.delta}


def write_names(dataset: str, recipient: str) -> str:
    """A cursor: the last budget's dataset and recipient."""
    return f"{dataset}-{recipient}"


def read_names(cursor: str) -> tuple[str, str]:
    """Read what `write_names` wrote. Raises: CursorInvalidError."""
    dataset, dash, recipient = cursor.partition("-")
    if not dash:
        raise CursorInvalidError("the cursor is damaged")
    return dataset, recipient
