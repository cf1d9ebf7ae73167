"""Which part of the lineage graph a picture shows."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncConnection

from api.usecases.catalogs import FieldNotFoundError
from catalog import Catalog
from lineage.errors import NodeNotFoundError
from lineage.graph import (
    Picture,
    Story,
    decisions_of,
    feeding_reads,
    field_reach,
    find_score,
    load_graph,
    picture_of_field,
    picture_of_node,
    picture_of_score,
)


@dataclass(frozen=True, slots=True)
class PictureAsked:
    """What a picture is about: one of these."""

    score: str | None = None
    field: str | None = None
    column: str | None = None


async def picture_asked(connection: AsyncConnection, tenant: str, catalog: Catalog, asked: PictureAsked) -> Picture:
    """The part of the graph around a score, a field or a column.

    Raises: ScoreNotFoundError; FieldNotFoundError; NodeNotFoundError.
    """
    graph = await load_graph(connection, tenant, catalog)
    if asked.score is not None:
        score = await find_score(connection, tenant, asked.score)
        reads = await feeding_reads(connection, tenant, asked.score)
        decisions = (await decisions_of(connection, tenant, [asked.score])).get(asked.score, [])
        return picture_of_score(graph, catalog, tenant, Story(score, tuple(reads), tuple(decisions)))
    if asked.field is not None:
        if asked.field not in catalog.fields:
            raise FieldNotFoundError(asked.field)
        return picture_of_field(graph, catalog, tenant, await field_reach(connection, tenant, asked.field))
    if asked.column is None or asked.column not in graph.nodes:
        raise NodeNotFoundError("")
    return picture_of_node(graph, catalog, tenant, asked.column)
