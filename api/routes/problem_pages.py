"""The page behind every problem's ``type``: what it means and what to do, for people and for programs."""

from __future__ import annotations

from html import escape
from typing import Annotated

from fastapi import Path, Request
from pydantic import BaseModel
from starlette.responses import HTMLResponse, JSONResponse, Response

from api.problems import KINDS, Kind, ProblemError
from api.strictroute import router

ROUTER = router(public=True)
PAGE = """<!doctype html>
<html lang="zh"><head><meta charset="utf-8"><title>{code}</title></head><body>
<h1>{zh}</h1><p>{do_zh}</p>
<h1 lang="en">{en}</h1><p lang="en">{do_en}</p>
<p><code>{code}</code> · HTTP {status}</p></body></html>
"""


class ProblemKind(BaseModel):
    """One kind of problem."""

    type: str
    code: str
    status: int
    title_zh: str
    title_en: str
    detail_zh: str
    detail_en: str


def described(kind: Kind) -> ProblemKind:
    """A kind as the outside reads it."""
    return ProblemKind(
        type=f"/problems/{kind.code}",
        code=kind.code,
        status=kind.status,
        title_zh=kind.zh,
        title_en=kind.en,
        detail_zh=kind.do_zh,
        detail_en=kind.do_en,
    )


@ROUTER.get("/problems", tags=["problems"], summary="All kinds of problems")
async def problems() -> list[ProblemKind]:
    """List every code this service can answer with."""
    return [described(kind) for kind in KINDS.values()]


@ROUTER.get("/problems/{room}/{name}", tags=["problems"], summary="One kind of problem", response_model=ProblemKind)
async def problem(
    request: Request,
    room: Annotated[str, Path(pattern="^[a-z]{1,32}$")],
    name: Annotated[str, Path(pattern="^[a-z0-9_]{1,64}$")],
) -> Response:
    """Explain a problem; a browser gets a page."""
    kind = KINDS.get(f"{room}/{name}")
    if kind is None:
        raise ProblemError("request/not_found")
    if "text/html" in request.headers.get("accept", ""):
        found = described(kind)
        texts = {"zh": kind.zh, "en": kind.en, "do_zh": kind.do_zh, "do_en": kind.do_en, "code": found.code}
        filled = {key: escape(value) for key, value in texts.items()}
        return HTMLResponse(PAGE.format(**filled, status=kind.status))
    return JSONResponse(described(kind).model_dump())
