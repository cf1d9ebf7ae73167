"""The statements of the audit: rows as they stand, a part at a time, in the order of their keys."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

from sqlalchemy import Table, bindparam, exists, func, select, text, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import SQLModel

from consent.tables import EPOCH, EVENTS, GRANTS, REGISTRY, SEALS, SUBJECTS
from lineage import Kind
from lineage.tables import CONFIGURES, MOVES_CONSENT, LedgerEntry
from vault.store.rows import table_of
from vault.tables import VaultToken

TOKENS: Table = table_of(VaultToken)
BATCH_ROWS = 500
ENTRIES: Table = SQLModel.metadata.tables[str(LedgerEntry.__tablename__)]
ORPHANS_SHOWN = 1000

Row = Mapping[Any, Any]


async def count(connection: AsyncConnection, table: Table) -> int:
    """How many rows a table has, for a progress bar."""
    found: int = (await connection.execute(select(func.count()).select_from(table))).scalar_one()
    return found


async def was_registered(connection: AsyncConnection, tenant: str) -> bool:
    """Whether the register or the ledger tells of a tenant, so that one deleted from the register is still audited."""
    registered = select(REGISTRY.c.name).where(REGISTRY.c.tenant == tenant).limit(1)
    if await connection.scalar(registered) is not None:
        return True
    told = select(ENTRIES.c.id).where(
        ENTRIES.c.tenant == tenant,
        ENTRIES.c.kind == Kind.TENANT_REGISTERED.value,
        text("kind <> 'read'"),  # the condition of the index
    )
    return await connection.scalar(told.limit(1)) is not None


async def subject_batch(
    connection: AsyncConnection, after: tuple[str, str], tenant: str | None, *, lock: bool = False
) -> list[Row]:
    """The next rows of subjects, all of one tenant, from behind (tenant, reference); with ``lock`` held for update."""
    wanted = select(SUBJECTS).where(tuple_(SUBJECTS.c.tenant, SUBJECTS.c.ref) > tuple_(*after))
    if tenant is not None:
        wanted = wanted.where(SUBJECTS.c.tenant == tenant)
    ordered = wanted.order_by(SUBJECTS.c.tenant, SUBJECTS.c.ref).limit(BATCH_ROWS)
    found = await connection.execute(ordered.with_for_update() if lock else ordered)
    rows: list[Row] = list(found.mappings())
    return [row for row in rows if row["tenant"] == rows[0]["tenant"]]


async def subject_batches(connection: AsyncConnection, tenant: str | None = None) -> AsyncIterator[list[Row]]:
    """The rows of subjects, of one tenant if given, in batches of one tenant each."""
    after = ("", "")
    while rows := await subject_batch(connection, after, tenant):
        after = (rows[-1]["tenant"], rows[-1]["ref"])
        yield rows


async def seal(connection: AsyncConnection, table: Table, key: str, rows: Sequence[Row]) -> None:
    """Write the columns of sealing, and nothing else, of rows that ``key`` names."""
    names = [name for name in ("told", "held", "mac") if name in table.c]
    values = {name: bindparam(f"to_{name}", type_=table.c[name].type) for name in names}
    statement = update(table).where(table.c.tenant == bindparam("in_tenant"), table.c[key] == bindparam("of_key"))
    given = [
        {"in_tenant": row["tenant"], "of_key": row[key], **{f"to_{name}": row[name] for name in names}} for row in rows
    ]
    if given:
        await connection.execute(statement.values(values), given)


async def was_never_sealed(connection: AsyncConnection) -> bool:
    """Whether the configuration was changed before rows had codes, and not since."""
    row = (await connection.execute(select(EPOCH.c.epoch, EPOCH.c.mac).where(EPOCH.c.id == 1))).one_or_none()
    return row is not None and row.epoch > 0 and row.mac is None


async def lock_epoch(connection: AsyncConnection) -> None:
    """Keep changes of the configuration waiting until the transaction ends."""
    await connection.execute(select(EPOCH.c.id).where(EPOCH.c.id == 1).with_for_update())


async def of_subjects(connection: AsyncConnection, table: Table, tenant: str, refs: Sequence[str]) -> list[Row]:
    """The grants or events of some subjects, in the order of their keys."""
    wanted = select(table).where(table.c.tenant == tenant, table.c.subject.in_(refs))
    return list((await connection.execute(wanted.order_by(*table.primary_key.columns))).mappings())


async def consent_entries(connection: AsyncConnection, streams: Sequence[str]) -> list[Row]:
    """The ledger entries that moved the consent of some subjects, in their order."""
    columns = [ENTRIES.c[name] for name in ("id", "stream", "kind", "body", "digest", "mac")]
    wanted = select(*columns).where(ENTRIES.c.stream.in_(streams), text(MOVES_CONSENT))
    return list((await connection.execute(wanted.order_by(ENTRIES.c.stream, ENTRIES.c.id))).mappings())


async def configuration_entries(connection: AsyncConnection) -> list[Row]:
    """The ledger entries that changed the configuration, in their order."""
    columns = [ENTRIES.c[name] for name in ("id", "kind", "body", "digest", "mac", "at_us")]
    return list((await connection.execute(select(*columns).where(text(CONFIGURES)).order_by(ENTRIES.c.id))).mappings())


async def registered(connection: AsyncConnection) -> list[Row]:
    """Every version of everything registered."""
    return list((await connection.execute(select(REGISTRY).order_by(*REGISTRY.primary_key.columns))).mappings())


async def epoch(connection: AsyncConnection) -> Row | None:
    """The row of the configuration epoch."""
    return (await connection.execute(select(EPOCH).where(EPOCH.c.id == 1))).mappings().one_or_none()


async def seals(connection: AsyncConnection) -> list[Row]:
    """The codes of the register."""
    return list((await connection.execute(select(SEALS).order_by(*SEALS.primary_key.columns))).mappings())


async def token_batch(connection: AsyncConnection, after: str, tenant: str | None) -> list[Row]:
    """The next rows of tokens."""
    wanted = select(TOKENS).where(TOKENS.c.token > after)
    if tenant is not None:
        wanted = wanted.where(TOKENS.c.tenant == tenant)
    return list((await connection.execute(wanted.order_by(TOKENS.c.token).limit(BATCH_ROWS))).mappings())


async def orphans(connection: AsyncConnection) -> list[tuple[str, str]]:
    """(table, id) of rows and streams without a subject's row; the first thousand of each table."""
    found: list[tuple[str, str]] = []
    for table, name in ((GRANTS, "id"), (EVENTS, "subject")):
        joined = table.outerjoin(SUBJECTS, (SUBJECTS.c.tenant == table.c.tenant) & (SUBJECTS.c.ref == table.c.subject))
        wanted = select(table.c[name]).select_from(joined).where(SUBJECTS.c.ref.is_(None)).distinct()
        rows = await connection.execute(wanted.order_by(table.c[name]).limit(ORPHANS_SHOWN))
        found += [(table.name, str(each)) for each in rows.scalars()]
    joined = ENTRIES.outerjoin(
        SUBJECTS, (SUBJECTS.c.tenant == ENTRIES.c.tenant) & (SUBJECTS.c.pseudonym == ENTRIES.c.stream)
    )
    last = ENTRIES.alias("last")
    gone = exists().where(last.c.stream == ENTRIES.c.stream, last.c.kind == Kind.SUBJECT_ERASED.value)
    left = (text(MOVES_CONSENT), SUBJECTS.c.ref.is_(None), ~gone)  # an erased subject's row has another name
    wanted = select(ENTRIES.c.stream).select_from(joined).where(*left)
    rows = await connection.execute(wanted.distinct().order_by(ENTRIES.c.stream).limit(ORPHANS_SHOWN))
    found += [(SUBJECTS.name, str(each)) for each in rows.scalars()]
    return found
