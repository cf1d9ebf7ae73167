"""Privacy budgets: who set them, on record.

Rules: a budget is for a registered recipient; setting it is a ledger entry in the same transaction; what was
spent stays spent, so a lower limit refuses from then on.

Law: PIPL 51(2), 52.
"""

from __future__ import annotations

from typing import Final

from api.database import Transaction
from consent import Party, find_current
from lineage import Actor, CursorInvalidError, EntryDraft, Kind, append
from lineage.content import Json
from vault import KeyRing, PrivacyAccount, PrivacyBudget, set_budget
from vault.aggregate_plans import Cost

MOST: Final = 2**31 - 1


async def put_budget(
    tx: Transaction, account: PrivacyAccount, limit: Cost, *, keys: KeyRing, by: Actor
) -> tuple[PrivacyBudget, int]:
    """Set a budget; returns it and its ledger entry.

    Raises: PartyNotFoundError; TamperedError: its row was changed by hand.
    """
    await find_current(tx.connection, account.tenant, Party, account.recipient)
    found = await set_budget(tx.connection, account, limit, by=by.id, now=tx.now, rows=keys.rows)
    parts: dict[str, Json] = {
        "dataset": account.dataset,
        "limit": {"epsilon": limit.epsilon, "delta": limit.delta},
        "spent": {"epsilon": min(found.spent.epsilon, MOST), "delta": min(found.spent.delta, MOST)},
    }
    draft = EntryDraft(
        Kind.PRIVACY_BUDGET_SET, account.tenant, by, party=account.recipient, about=account.dataset, parts=parts
    )
    return found, (await append(tx.connection, [draft], now=tx.now, mac=keys.mac))[0]


def write_names(dataset: str, recipient: str) -> str:
    """A cursor: the last budget's dataset and recipient."""
    return f"{dataset}-{recipient}"


def read_names(cursor: str) -> tuple[str, str]:
    """Read what `write_names` wrote. Raises: CursorInvalidError."""
    dataset, dash, recipient = cursor.partition("-")
    if not dash:
        raise CursorInvalidError("the cursor is damaged")
    return dataset, recipient
