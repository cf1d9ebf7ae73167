"""A tenant's feature views, put in force as a whole: the one route that takes YAML.

Rules:
- a steward puts the tenant's views, all of them; the change raises the configuration epoch and is on record;
- every fault is told with its line and column; words of the file are not repeated, only words of the format and names
  of catalogued fields;
- the text is read as YAML or as JSON, strictly either way (docs/formats/catalogue.md).
"""

from __future__ import annotations

import asyncio
import json
from typing import Any, Final

from fastapi import APIRouter, Request
from starlette.responses import Response

from api.access import Steward
from api.identity import Role
from api.problems import ProblemError
from api.problems.validation import SHOWN_ERRORS
from api.routes.wire import KEYED, Answer, KnownQueryRoute
from api.service import service_of
from api.strictjson import parse
from api.strictroute import JSON_TYPES, StrictRequest, media_type
from api.usecases.acting import actor
from api.usecases.catalogs import Authority, put_views
from api.usecases.writing import writing
from catalog import (
    Catalog,
    CatalogFileError,
    CatalogValueError,
    FeatureView,
    ReleaseForm,
    Transform,
    ValueType,
    load_views,
)
from catalog.view_format import FEATURE_KEYS, VIEW_KEYS

YAML_TYPES: Final = frozenset({"application/yaml", "application/yaml;charset=utf-8"})
SHAPE_WORDS: Final = ("views", "shapes", "edges", "labels", "groups", "other", "present", "present: true")
FORMAT_WORDS: Final = frozenset([*VIEW_KEYS, *FEATURE_KEYS, *ReleaseForm, *Transform, *ValueType, *SHAPE_WORDS])
MEANT: Final = "; did you mean `"


class TextRequest(StrictRequest):
    """A request whose body is a text of one of two types, read by the route itself."""

    async def load(self, depth: int) -> None:
        """Check the type; JSON must be strict JSON. Raises: MalformedJsonError; ProblemError: request/media_type."""
        kind = media_type(self.scope)
        if kind not in JSON_TYPES | YAML_TYPES:
            raise ProblemError("request/media_type")
        raw = await self.body()
        if kind in JSON_TYPES:
            value = parse(raw, depth=depth)
            if b"\\u" in raw or b"\t" in raw:  # what YAML reads differently is written plainly first
                raw = json.dumps(value, ensure_ascii=False, indent=1).encode()
        self.state.text = raw


class TextRoute(KnownQueryRoute):
    """A route for verified callers that takes a text."""

    request_class = TextRequest


ROUTER = APIRouter(route_class=TextRoute, redirect_slashes=False)


class LoadedAnswer(Answer):
    """The views put in force: the catalogue's new revision, the configuration's epoch, the ledger entries."""

    catalog: str
    epoch: int
    views: list[str]
    features: int
    entries: list[str]


_SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["views"],
    "additionalProperties": False,
    "properties": {"views": {"type": "array", "items": {"type": "object"}}},
}
_BODY = {
    "required": True,
    "description": "The feature views (docs/formats/catalogue.md).",
    "content": {"application/json": {"schema": _SCHEMA}, "application/yaml": {"schema": {"type": "string"}}},
}


@ROUTER.put(
    "/v1/catalogue/views",
    tags=["catalogue"],
    summary="Put feature views in force",
    response_model=LoadedAnswer,
    openapi_extra={**KEYED, "requestBody": _BODY},
)
async def put(request: Request, caller: Steward) -> Response:
    """Make these the tenant's feature views, all of them."""
    service = service_of(request.app.state)
    async with service.database.reading() as tx:
        known = await service.catalogs.current(tx.connection)
    views = await asyncio.to_thread(_read, request.state.text, caller.tenant, known)
    async with writing(request, caller) as work:
        if work.replay is not None:
            return work.replay
        authority = Authority(actor(caller, Role.STEWARD), work.now, service.keyring.mac, service.keyring.rows)
        try:
            done = await put_views(work.connection, service.catalogs, work.tenant, views, authority)
        except CatalogValueError as error:
            raise _refused([(1, 1, problem) for problem in error.problems], known) from None
        return work.answer(
            LoadedAnswer(
                catalog=done.revision,
                epoch=done.epoch,
                views=[view.name for view in views],
                features=sum(len(view.features) for view in views),
                entries=[str(entry) for entry in done.entries],
            )
        )


def _read(raw: bytes, tenant: str, known: Catalog) -> list[FeatureView]:
    try:
        return load_views(raw.decode("utf-8", errors="surrogateescape"), tenant, catalog=known)
    except CatalogFileError as error:
        raise _refused([(fault.line, fault.column, fault.message) for fault in error.faults], known) from None


def _refused(faults: list[tuple[int, int, str]], known: Catalog) -> ProblemError:
    words = FORMAT_WORDS | known.fields.keys()
    return ProblemError("catalog/file_refused", errors=[_place(*fault, words) for fault in faults[:SHOWN_ERRORS]])


def _place(line: int, column: int, message: str, words: frozenset[str]) -> dict[str, Any]:
    told = without_words(message, words)
    return {
        "in": "body",
        "pointer": "#",
        "kind": "catalogue_fault",
        "line": line,
        "column": column,
        "message_zh": f"第 {line} 行第 {column} 列：{told}",
        "message_en": f"line {line}, column {column}: {told}",
    }


def without_words(message: str, words: frozenset[str]) -> str:
    """A message about a file without the file's own words, which stand in backticks; ``words`` may stay."""
    head, meant, hint = message.rpartition(MEANT)
    if not meant or hint.removesuffix("`?") not in words:
        head, meant, hint = message, "", ""
    quoted = head.split("`")[1::2]
    if not set(quoted) <= words or head.count("`") % 2:
        first, last = head.find("`"), head.rfind("`")
        head = f"{head[:first]}`…`{head[last + 1 :]}"
    return f"{head}{meant}{hint}"
