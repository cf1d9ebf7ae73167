"""Which shapes are new, and how many a client has caused: what keeps their number bounded.

Rules: a client that varies what it asks for makes new shapes, two to the number of features of them; how many are
recorded in a day is counted from the ledger, so that it holds over replicas and restarts.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, literal_column, select
from sqlalchemy.ext.asyncio import AsyncConnection

from lineage.entries import Moment
from lineage.kinds import Kind
from lineage.shapes import Shape
from lineage.tables import LedgerEntry, LedgerShape

_ENTRIES = LedgerEntry.metadata.tables["ledger_entries"]
_SHAPES = LedgerShape.metadata.tables["ledger_shapes"]


async def new_shapes(connection: AsyncConnection, shapes: Sequence[Shape]) -> dict[tuple[str, str], list[Shape]]:
    """Those shapes that are not recorded yet, by tenant and client, each once."""
    new: dict[tuple[str, str], list[Shape]] = {}
    for shape in {(shape.tenant, shape.digest): shape for shape in shapes}.values():
        known = select(_SHAPES.c.shape).where(_SHAPES.c.tenant == shape.tenant, _SHAPES.c.shape == shape.digest)
        if (await connection.execute(known)).first() is None:
            new.setdefault((shape.tenant, shape.client), []).append(shape)
    return new


async def count_shapes(connection: AsyncConnection, tenant: str, client: str, *, since: datetime) -> int:
    """How many shapes were recorded for a client since an instant; walks the index of the kinds that are no reads."""
    counted = (
        select(func.count())
        .select_from(_ENTRIES)
        .join(_SHAPES, (_SHAPES.c.tenant == _ENTRIES.c.tenant) & (_SHAPES.c.shape == _ENTRIES.c.about))
        .where(
            _ENTRIES.c.tenant == tenant,
            _ENTRIES.c.kind == Kind.SHAPE_RECORDED.value,
            _ENTRIES.c.kind != literal_column("'read'"),  # written out: the index is partial
            _ENTRIES.c.at_us >= Moment.of(since).us,
            _SHAPES.c.client == client,
        )
    )
    return int((await connection.execute(counted)).scalar_one())
