"""Counters and requests behind revealing tokens.

Rules:
- a budget is taken before anything is revealed, in one statement that the database refuses past the limit: two
  replicas at once never exceed it together;
- totals only grow; whoever crosses a threshold is told so exactly once, in the statement that crossed it;
- a request is approved by somebody else than who made it, before it ends, and used once.

Law: 法释〔2017〕10号 article 5 (50, 500, 5,000 items).
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from vault.encoding import NAME_BYTES, Entropy, draw, opaque_name, system_entropy
from vault.reveal_errors import (
    RevealBudgetError,
    RevealNotApprovedError,
    RevealRequestNotFoundError,
    RevealSamePersonError,
)
from vault.store.rows import insert_into, microseconds, table_of
from vault.tables import VaultRevealDay, VaultRevealRequest, VaultRevealTotal

REQUEST_PREFIX: Final = "rr_"
CHINA: Final = ZoneInfo("Asia/Shanghai")
_DAYS: Final = table_of(VaultRevealDay)
_TOTALS: Final = table_of(VaultRevealTotal)
_REQUESTS: Final = table_of(VaultRevealRequest)


@dataclass(frozen=True, slots=True)
class Asked:
    """What a request is about.

    Attributes:
        digest: keyed digest of purpose, feature and tokens.
    """

    tenant: str
    client: str
    digest: bytes
    tokens: int


async def take_budget(connection: AsyncConnection, asked: Asked, *, limit: int, now: datetime) -> int:
    """Take so many tokens of a client's budget of the day (of China); returns how many were taken today.

    Raises: RevealBudgetError: the limit would be passed; nothing was taken.
    """
    if asked.tokens > limit:
        raise RevealBudgetError(limit)
    day = int(f"{now.astimezone(CHINA):%Y%m%d}")
    insert = insert_into(connection, _DAYS).values(tenant=asked.tenant, client=asked.client, day=day, used=asked.tokens)
    statement = insert.on_conflict_do_update(
        index_elements=["tenant", "client", "day"],
        set_={"used": _DAYS.c.used + insert.excluded.used},
        where=_DAYS.c.used + insert.excluded.used <= limit,
    ).returning(_DAYS.c.used)
    used = (await connection.execute(statement)).scalar_one_or_none()
    if used is None:
        raise RevealBudgetError(limit)
    return int(used)


async def count_shown(connection: AsyncConnection, tenant: str, client: str, *, threshold: int, shown: int) -> bool:
    """Add to what a client was shown; says whether a multiple of the threshold was crossed now."""
    insert = insert_into(connection, _TOTALS).values(tenant=tenant, client=client, threshold=threshold, shown=shown)
    statement = insert.on_conflict_do_update(
        index_elements=["tenant", "client", "threshold"], set_={"shown": _TOTALS.c.shown + insert.excluded.shown}
    ).returning(_TOTALS.c.shown)
    total = int((await connection.execute(statement)).scalar_one())
    return total // threshold > (total - shown) // threshold


async def ask_reveal(  # noqa: PLR0913  # the parts of a request, spelled out
    connection: AsyncConnection,
    asked: Asked,
    *,
    by: str,
    now: datetime,
    life: timedelta,
    entropy: Entropy = system_entropy,
) -> str:
    """Keep a request; returns its id."""
    request = opaque_name(REQUEST_PREFIX, draw(entropy, NAME_BYTES))
    row = {
        "id": request,
        "tenant": asked.tenant,
        "client": asked.client,
        "digest": asked.digest,
        "tokens": asked.tokens,
        "asked_by": by,
        "asked_us": microseconds(now),
        "expires_us": microseconds(now + life),
    }
    await connection.execute(insert_into(connection, _REQUESTS).values(row))
    return request


async def approve_reveal(  # noqa: PLR0913  # what is approved and by whom, spelled out
    connection: AsyncConnection, tenant: str, request: str, *, client: str, by: str, now: datetime
) -> None:
    """Approve a request of a client. Approved again it stays as it was.

    Raises: RevealRequestNotFoundError: that client has none open under that id; RevealSamePersonError.
    """
    table = _REQUESTS.c
    wanted = select(table.asked_by).where(
        table.id == request,
        table.tenant == tenant,
        table.client == client,
        table.expires_us > microseconds(now),
        table.used_us.is_(None),
    )
    row = (await connection.execute(wanted.with_for_update())).one_or_none()
    if row is None:
        raise RevealRequestNotFoundError
    if row.asked_by == by:
        raise RevealSamePersonError
    approve = update(_REQUESTS).where(table.id == request, table.approved_by.is_(None))
    await connection.execute(approve.values(approved_by=by, approved_us=microseconds(now)))


async def use_reveal(connection: AsyncConnection, request: str, asked: Asked, now: datetime) -> None:
    """Use an approved request up.

    Raises: RevealRequestNotFoundError: not open, or about something else; RevealNotApprovedError.
    """
    table = _REQUESTS.c
    is_it = (
        table.id == request,
        table.tenant == asked.tenant,
        table.client == asked.client,
        table.digest == asked.digest,
        table.expires_us > microseconds(now),
        table.used_us.is_(None),
    )
    use = update(_REQUESTS).where(*is_it, table.approved_by.is_not(None)).values(used_us=microseconds(now))
    if (await connection.execute(use.returning(table.id))).scalar_one_or_none() is not None:
        return
    if (await connection.execute(select(table.id).where(*is_it))).one_or_none() is None:
        raise RevealRequestNotFoundError
    raise RevealNotApprovedError
