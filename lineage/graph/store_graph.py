"""The graph in the database: columns and edges told from outside, beside what the catalogue declares.

A tenant's columns are configuration (thousands, not millions): they are loaded whole to be graded.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Row, func, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from catalog import Catalog
from lineage.entries import Moment
from lineage.errors import NodeNotFoundError
from lineage.graph.batches import batched
from lineage.graph.graph import FIELD, Graph, Lowering, Method, Node, catalogue_graph, field_node
from lineage.graph.store_scores import BATCH, table, upsert
from lineage.graph.tables import Deidentification, Edge
from lineage.graph.tables import Node as NodeRow

NODES, EDGES, PROPOSALS = table(NodeRow), table(Edge), table(Deidentification)
APPROVED = "approved"
_DOWN = """
WITH RECURSIVE down (node) AS (
  SELECT target FROM lineage_edges WHERE tenant = :tenant AND source IN (SELECT {given})
  UNION
  SELECT e.target FROM down AS d JOIN lineage_edges AS e ON e.tenant = :tenant AND e.source = d.node
)
SELECT n.node, n.label FROM down AS d JOIN lineage_nodes AS n ON n.tenant = :tenant AND n.node = d.node
WHERE n.removed_us IS NULL ORDER BY n.label, n.node
"""
_GIVEN = {
    "postgresql": "unnest(CAST(:sources AS text[]))",
    "sqlite": "value FROM json_each(:sources)",
}


@dataclass(frozen=True, slots=True)
class NewColumn:
    """A column told from outside: the catalogue field it holds and its owner's grade, where they are said."""

    name: str
    label: str
    field: str | None = None
    grade: int | None = None


@dataclass(frozen=True, slots=True)
class NewEdge:
    """`target` derives from `source`; masking as the job says, which lowers nothing by itself."""

    source: str
    target: str
    masking: bool = False


@dataclass(frozen=True, slots=True)
class Saved:
    """How many nodes and edges were new."""

    nodes: int
    edges: int


async def load_graph(connection: AsyncConnection, tenant: str, catalog: Catalog) -> Graph:
    """The whole graph of a tenant: what the catalogue declares and what was told from outside."""
    declared = catalogue_graph(catalog, tenant)
    nodes, inputs = dict(declared.nodes), {name: set(found) for name, found in declared.inputs.items()}
    for row in await connection.execute(select(NODES).where(NODES.c.tenant == tenant)):
        nodes[row.node] = Node(row.node, row.label, row.grade, is_removed=row.removed_us is not None)
    edges = select(EDGES.c.target, EDGES.c.source).where(EDGES.c.tenant == tenant)
    for target, source in await connection.execute(edges):
        inputs.setdefault(target, set()).add(source)
        if source.startswith(FIELD) and source not in nodes:  # the catalogue has it no more: graded highest
            nodes[source] = field_node(catalog, source.removeprefix(FIELD))
    frozen = {name: frozenset(found) for name, found in inputs.items()}
    return Graph(nodes, frozen, await _lowerings(connection, tenant))


async def save_columns(
    connection: AsyncConnection, tenant: str, columns: Sequence[NewColumn], edges: Sequence[NewEdge], *, now: datetime
) -> Saved:
    """Add what was told; nothing that is known is taken away, and a grade is only ever raised."""
    at_us = Moment.of(now).us
    before = await _known(connection, tenant, [column.name for column in columns])
    rows = [_merged(tenant, column, before.get(column.name), at_us) for column in columns]
    if rows:
        added = upsert(connection, NODES)
        changed = {name: added.excluded[name] for name in ("field", "grade", "removed_us")}
        await connection.execute(added.on_conflict_do_update(index_elements=["tenant", "node"], set_=changed), rows)
    links = [
        {"tenant": tenant, "source": e.source, "target": e.target, "masking": e.masking, "created_us": at_us}
        for e in edges
    ]
    found = await _count_edges(connection, tenant)
    if links:
        await connection.execute(upsert(connection, EDGES).on_conflict_do_nothing(), links)
    return Saved(len(columns) - len(before), await _count_edges(connection, tenant) - found)


async def remove_column(connection: AsyncConnection, tenant: str, node: str, *, now: datetime) -> str:
    """Mark a column as removed; returns its label. Its edges stay, so nothing behind it is graded lower.

    Raises: NodeNotFoundError: there is no such column, or it was removed before.
    """
    row = (await _known(connection, tenant, [node])).get(node)
    if row is None or row.removed_us is not None:
        raise NodeNotFoundError(node)
    gone = update(NODES).where(NODES.c.tenant == tenant, NODES.c.node == node).values(removed_us=Moment.of(now).us)
    await connection.execute(gone)
    return str(row.label)


async def columns_below(connection: AsyncConnection, tenant: str, sources: Iterable[str]) -> list[tuple[str, str]]:
    """(node, label) of every column that derives from some nodes."""
    wanted = sorted(set(sources))
    dialect = connection.dialect.name
    if not wanted:
        return []
    given = wanted if dialect == "postgresql" else _json(wanted)
    statement = text(_DOWN.format(given=_GIVEN[dialect]))
    found = await connection.execute(statement, {"tenant": tenant, "sources": given})
    return [(row[0], row[1]) for row in found]


async def _known(connection: AsyncConnection, tenant: str, names: Sequence[str]) -> dict[str, Row[Any]]:
    found: dict[str, Row[Any]] = {}
    for part in batched(names, BATCH):
        wanted = select(NODES).where(NODES.c.tenant == tenant, NODES.c.node.in_(part))
        found |= {row.node: row for row in await connection.execute(wanted)}
    return found


async def _count_edges(connection: AsyncConnection, tenant: str) -> int:
    counted = select(func.count()).select_from(EDGES).where(EDGES.c.tenant == tenant)
    found: int = (await connection.execute(counted)).scalar_one()
    return found


async def _lowerings(connection: AsyncConnection, tenant: str) -> Mapping[str, Lowering]:
    """The newest approved lowering of each node."""
    wanted = select(PROPOSALS).where(PROPOSALS.c.tenant == tenant, PROPOSALS.c.state == APPROVED)
    rows = await connection.execute(wanted.order_by(PROPOSALS.c.decided_us, PROPOSALS.c.proposal))
    return {row.node: Lowering(row.node, Method(row.method), row.grade_from, row.grade_to, row.inputs) for row in rows}


def _merged(tenant: str, column: NewColumn, before: Row[Any] | None, at_us: int) -> dict[str, object]:
    if before is not None:
        raised = max((grade for grade in (column.grade, before.grade) if grade is not None), default=None)
        column = replace(column, grade=raised, field=column.field or before.field)
    return {
        "tenant": tenant,
        "node": column.name,
        "label": column.label,
        "field": column.field,
        "grade": column.grade,
        "created_us": at_us,
        "removed_us": None,
    }


def _json(names: Sequence[str]) -> str:
    return "[" + ",".join(f'"{name}"' for name in names) + "]"
