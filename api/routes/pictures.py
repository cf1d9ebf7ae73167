"""The lineage graph as a picture: JSON for programs, SVG for people.

Rules: one of `score`, `field` or `column` is asked about; staff ask, and an auditor's asking is on record; no value is
shown. The picture is SVG if the caller accepts `image/svg+xml`, in the language they accept.
"""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Depends, Query, Request
from pydantic import BaseModel, ConfigDict, model_validator
from pydantic_core import PydanticCustomError
from starlette.responses import Response

from api.access import Holds
from api.identity import Principal, Role
from api.problems.render import language
from api.routes.wire import Answer, Name, pattern, routes
from api.service import service_of
from api.usecases.drawing import PictureAsked, picture_asked
from api.usecases.tracing import note_question
from lineage.graph import Picture, Sort, draw

ROUTER = routes()
SVG = "image/svg+xml"
POLICY = "default-src 'none'; style-src 'unsafe-inline'"
Asker = Annotated[Principal, Depends(Holds(Role.AUDITOR, Role.DPO, Role.STEWARD))]
ScoreId = Annotated[str, *pattern("^sc_[a-z2-7]{26}$")]
ColumnId = Annotated[str, *pattern("^co_[a-z2-7]{26}$")]


class About(BaseModel):
    """What the picture is about: exactly one of these."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    score: ScoreId | None = None
    field: Name | None = None
    column: ColumnId | None = None

    @model_validator(mode="after")
    def _is_one(self) -> About:
        if [self.score, self.field, self.column].count(None) != 2:
            raise PydanticCustomError("missing", "is missing")
        return self


class SpotShown(Answer):
    """A node: what it stands for, its texts, its grade, whether it was removed."""

    id: str
    sort: Sort
    zh: str
    en: str
    grade: int | None
    removed: bool


class EdgeShown(Answer):
    """What leads to what."""

    source: str
    target: str


class PictureShown(Answer):
    """A part of the graph around ``root``."""

    root: str
    nodes: list[SpotShown]
    edges: list[EdgeShown]

    @classmethod
    def of(cls, picture: Picture) -> PictureShown:
        """Show a picture."""
        return cls(
            root=picture.root,
            nodes=[
                SpotShown(id=s.id, sort=s.sort, zh=s.zh, en=s.en, grade=s.grade, removed=s.is_removed)
                for s in picture.spots.values()
            ],
            edges=[EdgeShown(source=source, target=target) for source, target in picture.edges],
        )


_RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {"content": {SVG: {"schema": {"type": "string"}}}, "description": "The picture."}
}


@ROUTER.get(
    "/v1/lineage/graph",
    tags=["lineage"],
    summary="Draw the lineage graph",
    response_model=PictureShown,
    responses=_RESPONSES,
)
async def get(request: Request, caller: Asker, about: Annotated[About, Query()]) -> Response:
    """Answer the part of the graph around a score, a field or a column."""
    service = service_of(request.app.state)
    async with service.database.transaction() as tx:
        catalog = await service.catalogs.current(tx.connection)
        asked = PictureAsked(about.score, about.field, about.column)
        picture = await picture_asked(tx.connection, caller.tenant, catalog, asked)
        given = {name: part for name, part in about.model_dump().items() if part is not None}
        await note_question(tx, service, caller, question={"of": "graph", **given}, found=len(picture.spots))
    if SVG in request.headers.get("accept", ""):
        text = draw(picture, language(request.scope))
        return Response(text, media_type=SVG, headers={"Content-Security-Policy": POLICY})
    return Response(PictureShown.of(picture).model_dump_json(), media_type="application/json")
