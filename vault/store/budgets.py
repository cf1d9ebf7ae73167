"""Privacy budgets, and the aggregates that were paid from them.

Rules:
- a budget belongs to a dataset and a recipient; without one nothing may be spent;
- who spends holds the budget's row until the release is kept: two at once never spend more than is left between them;
- the same request under the same key is paid once, and answered with the same noise;
- a budget is never given back: it may be set higher or lower, what was spent stays spent;
- a row edited by hand does not hold, and nothing is spent from it; one that was deleted, or put back in an older
  version, shows when it is compared with the ledger, which is the caller's to do while the row is held.

Format: docs/formats/row-mac.md.
"""

import hmac
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final

import msgspec
from sqlalchemy import literal, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from vault.aggregate_plans import NOTHING, Cost, short_of
from vault.deid_errors import (
    PrivacyBudgetNotSetError,
    PrivacyBudgetSpentError,
    ReleaseKeyReusedError,
    ReleaseNotFoundError,
)
from vault.encoding import NAME_BYTES, Entropy, draw, opaque_name, system_entropy
from vault.errors import TamperedError
from vault.rows import RowKeys
from vault.store.rows import insert_into, microseconds, table_of
from vault.tables import VaultPrivacyBudget, VaultPrivacyRelease

RELEASE_PREFIX: Final = "pr_"
BUDGET_ROW: Final = "yumen/privacy/1"  # the domain of the rows' codes
_BUDGETS: Final = table_of(VaultPrivacyBudget)
_RELEASES: Final = table_of(VaultPrivacyRelease)
_COLUMNS: Final = sorted(column.name for column in _BUDGETS.c if column.name != "mac")


@dataclass(frozen=True, slots=True)
class PrivacyAccount:
    """Whose budget: of a dataset, for a recipient."""

    tenant: str
    dataset: str
    recipient: str


@dataclass(frozen=True, slots=True)
class PrivacyBudget:
    """A budget as it stands."""

    account: PrivacyAccount
    limit: Cost
    spent: Cost
    set_by: str
    set_us: int

    @property
    def left(self) -> Cost:
        """What may still be spent; nothing where the limit was set below what was spent."""
        return Cost(
            max(0, self.limit.epsilon - self.spent.epsilon),
            max(0, self.limit.delta - self.spent.delta),
        )


@dataclass(frozen=True, slots=True)
class PrivacyRequest:
    """What is asked, to be told apart from other requests.

    Attributes:
        client: who asks; None for the command line.
        retry: keyed digest of who asks and the key they gave.
        request: keyed digest of what is asked.
    """

    account: PrivacyAccount
    client: str | None
    retry: bytes | None
    request: bytes
    cost: Cost


@dataclass(frozen=True, slots=True)
class PrivacyRelease:
    """Aggregates that were released."""

    id: str
    account: PrivacyAccount
    client: str | None
    request: bytes
    cost: Cost
    answer: str
    entry: int


async def set_budget(  # noqa: PLR0913  # what is set, by whom, spelled out
    connection: AsyncConnection,
    account: PrivacyAccount,
    limit: Cost,
    *,
    by: str,
    now: datetime,
    rows: RowKeys,
    spent: Cost = NOTHING,
) -> PrivacyBudget:
    """Set a budget, new or changed; what was spent is kept, ``spent`` where there is no row yet.

    Raises: TamperedError: its row was changed by hand.
    """
    new = _row(PrivacyBudget(account, limit, spent, by, microseconds(now)), rows)
    await connection.execute(insert_into(connection, _BUDGETS).values(new).on_conflict_do_nothing())
    before = await lock_budget(connection, account, rows=rows)
    return await _save(connection, PrivacyBudget(account, limit, before.spent, by, microseconds(now)), rows)


async def find_budget(connection: AsyncConnection, account: PrivacyAccount, *, rows: RowKeys) -> PrivacyBudget:
    """A budget. Raises: PrivacyBudgetNotSetError; TamperedError."""
    return _read((await connection.execute(_of(account))).mappings().one_or_none(), rows)


async def lock_budget(connection: AsyncConnection, account: PrivacyAccount, *, rows: RowKeys) -> PrivacyBudget:
    """A budget, held until the transaction ends. Raises: PrivacyBudgetNotSetError; TamperedError."""
    return _read((await connection.execute(_of(account).with_for_update())).mappings().one_or_none(), rows)


async def list_budgets(
    connection: AsyncConnection, tenant: str, *, after: tuple[str, str], limit: int, rows: RowKeys
) -> list[PrivacyBudget]:
    """Budgets by dataset and recipient. Raises: TamperedError."""
    table = _BUDGETS.c
    wanted = select(_BUDGETS).where(
        table.tenant == tenant, tuple_(table.dataset, table.recipient) > tuple_(*map(literal, after))
    )
    found = await connection.execute(wanted.order_by(table.dataset, table.recipient).limit(limit))
    return [_read(row, rows) for row in found.mappings()]


async def spend(connection: AsyncConnection, account: PrivacyAccount, cost: Cost, *, rows: RowKeys) -> PrivacyBudget:
    """Spend from a budget whose row this transaction holds; answers what it is then.

    Raises: PrivacyBudgetSpentError: that is more than is left; PrivacyBudgetNotSetError; TamperedError.
    """
    before = await lock_budget(connection, account, rows=rows)
    spent = before.spent + cost
    if not spent.fits(before.limit):
        raise PrivacyBudgetSpentError(short_of(cost, before.left))
    return await _save(connection, PrivacyBudget(account, before.limit, spent, before.set_by, before.set_us), rows)


async def keep_release(  # noqa: PLR0913  # the parts of a release, spelled out
    connection: AsyncConnection, request: PrivacyRequest, release: str, *, answer: str, entry: int, now: datetime
) -> None:
    """Keep what was released, in the transaction that paid for it.

    Raises: ReleaseKeyReusedError: the key was used meanwhile for something else.
    """
    row = {
        "id": release,
        **asdict(request.account),
        "client": request.client,
        "retry": request.retry,
        "request": request.request,
        "epsilon": request.cost.epsilon,
        "delta": request.cost.delta,
        "answer": answer,
        "entry": entry,
        "made_us": microseconds(now),
    }
    insert = insert_into(connection, _RELEASES).values(row)
    kept = insert.on_conflict_do_nothing(index_elements=["tenant", "retry"]).returning(_RELEASES.c.id)
    if (await connection.execute(kept)).scalar_one_or_none() is None:
        raise ReleaseKeyReusedError


async def find_repeated(connection: AsyncConnection, request: PrivacyRequest) -> PrivacyRelease | None:
    """What was released for this request before; None if it is new, or has no key.

    Raises: ReleaseKeyReusedError: its key was used for something else.
    """
    if request.retry is None:
        return None
    table = _RELEASES.c
    wanted = select(_RELEASES).where(table.tenant == request.account.tenant, table.retry == request.retry)
    row = (await connection.execute(wanted)).mappings().one_or_none()
    if row is None:
        return None
    if not hmac.compare_digest(bytes(row["request"]), request.request):
        raise ReleaseKeyReusedError
    return _release(row)


async def find_release(connection: AsyncConnection, tenant: str, release: str) -> PrivacyRelease:
    """What was released under an id. Raises: ReleaseNotFoundError."""
    wanted = select(_RELEASES).where(_RELEASES.c.tenant == tenant, _RELEASES.c.id == release)
    row = (await connection.execute(wanted)).mappings().one_or_none()
    if row is None:
        raise ReleaseNotFoundError
    return _release(row)


def new_release(entropy: Entropy = system_entropy) -> str:
    """Draw the id of a release."""
    return opaque_name(RELEASE_PREFIX, draw(entropy, NAME_BYTES))


def budget_row(row: Mapping[Any, Any]) -> bytes:
    """What is authenticated of a row: a JSON array of [column, value], every column but the code, by name."""
    return msgspec.json.encode([[name, row[name]] for name in _COLUMNS])


def _of(account: PrivacyAccount) -> Any:
    table = _BUDGETS.c
    return select(_BUDGETS).where(*(table[name] == value for name, value in asdict(account).items()))


async def _save(connection: AsyncConnection, budget: PrivacyBudget, rows: RowKeys) -> PrivacyBudget:
    where = (_BUDGETS.c[name] == value for name, value in asdict(budget.account).items())
    await connection.execute(update(_BUDGETS).where(*where).values(_row(budget, rows)))
    return budget


def _row(budget: PrivacyBudget, rows: RowKeys) -> dict[str, Any]:
    row = {
        **asdict(budget.account),
        "epsilon_limit": budget.limit.epsilon,
        "epsilon_spent": budget.spent.epsilon,
        "delta_limit": budget.limit.delta,
        "delta_spent": budget.spent.delta,
        "set_by": budget.set_by,
        "set_us": budget.set_us,
    }
    return {**row, "mac": rows.seal(BUDGET_ROW, budget_row(row))}


def _read(row: Mapping[Any, Any] | None, rows: RowKeys) -> PrivacyBudget:
    if row is None:
        raise PrivacyBudgetNotSetError
    if not rows.holds(BUDGET_ROW, budget_row(row), row["mac"]):
        raise TamperedError
    return PrivacyBudget(
        PrivacyAccount(row["tenant"], row["dataset"], row["recipient"]),
        Cost(row["epsilon_limit"], row["delta_limit"]),
        Cost(row["epsilon_spent"], row["delta_spent"]),
        row["set_by"],
        row["set_us"],
    )


def _release(row: Mapping[Any, Any]) -> PrivacyRelease:
    return PrivacyRelease(
        row["id"],
        PrivacyAccount(row["tenant"], row["dataset"], row["recipient"]),
        row["client"],
        bytes(row["request"]),
        Cost(row["epsilon"], row["delta"]),
        row["answer"],
        row["entry"],
    )
