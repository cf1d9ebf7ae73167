"""Which fields were ever released: asked of the shapes, which are few, never of the entries."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from lineage.kinds import Outcome
from lineage.shapes import DENIED
from lineage.tables import LedgerShape, LedgerShapeField

_SHAPES = LedgerShape.metadata.tables["ledger_shapes"]
_LINES = LedgerShapeField.metadata.tables["ledger_shape_fields"]


async def fields_released(connection: AsyncConnection, tenant: str) -> frozenset[str]:
    """Name the fields some read of the tenant released in any form; dry runs released nothing."""
    real = select(_SHAPES.c.shape).where(_SHAPES.c.tenant == tenant, _SHAPES.c.outcome != Outcome.DRY_RUN.value)
    wanted = select(_LINES.c.field).distinct()
    wanted = wanted.where(_LINES.c.tenant == tenant, _LINES.c.outcome != DENIED, _LINES.c.shape.in_(real))
    return frozenset((await connection.execute(wanted)).scalars())
