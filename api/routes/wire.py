"""Types of the wire that many routes share, and the router they hang on.

Rules:
- names and references keep to their grammars everywhere, in paths, queries and bodies: what is longer than four digits
  in a row is no name, so no identifier of a person can travel as one;
- a query parameter that the route does not know, or one given twice, is refused: a misspelt filter must not widen an
  answer;
- instants lie between 1970 and 2199, so that every zone, database and document can hold them.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Coroutine, Iterator
from datetime import UTC, datetime
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query
from fastapi.dependencies.models import Dependant
from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, PlainSerializer, WithJsonSchema
from pydantic_core import PydanticCustomError
from starlette.requests import Request
from starlette.responses import Response

from api.problems import ProblemError
from api.problems.validation import MESSAGES
from api.strictroute import FROM_TEXT, Body, StrictRoute

NAME: Final = "^(?!.*[0-9]{5})[a-z][a-z0-9_]{0,62}$"
FEATURE: Final = "^(?!.*[0-9]{5})[a-z][a-z0-9_]{0,62}:[a-z][a-z0-9_]{0,62}$"
SUBJECT: Final = "^sub_[a-z2-7]{26}$"
GRANT: Final = "^gr_[a-z2-7]{26}$"
GUARDIAN: Final = "^(gd|sub)_[a-z2-7]{26}$"
ERASURE: Final = "^er_[a-z2-7]{26}$"
HOLD: Final = "^hd_[a-z2-7]{26}$"
CERTIFICATE: Final = "^ec_[a-z2-7]{26}$"
EVIDENCE: Final = "^(ev_[a-z2-7]{26}|sha256:[0-9a-f]{64})$"
DIGEST: Final = "^[0-9a-f]{64}$"
CURSOR: Final = "^[A-Za-z0-9_-]{1,200}$"
ENTRY: Final = "^[1-9][0-9]{0,17}$"

EARLIEST, LATEST = datetime(1970, 1, 1, tzinfo=UTC), datetime(2199, 12, 31, tzinfo=UTC)


def pattern(form: str) -> tuple[AfterValidator, WithJsonSchema]:
    """What makes a text keep to a form, which is written for JSON Schema (ECMA-262) and matched whole."""
    whole = re.compile(form.removeprefix("^").removesuffix("$"))

    def check(value: str) -> str:
        if whole.fullmatch(value) is None:
            raise PydanticCustomError("string_pattern_mismatch", "has the wrong form")
        return value

    return AfterValidator(check), WithJsonSchema({"type": "string", "pattern": form})


def _in_range(at: datetime) -> datetime:
    if not EARLIEST <= at <= LATEST:
        raise PydanticCustomError("datetime_out_of_range", "is out of range")
    return at


Name = Annotated[str, *pattern(NAME)]
FeatureName = Annotated[str, *pattern(FEATURE)]
SubjectRef = Annotated[str, *pattern(SUBJECT)]
GrantId = Annotated[str, *pattern(GRANT)]
ErasureId = Annotated[str, *pattern(ERASURE)]
HoldId = Annotated[str, *pattern(HOLD)]
CertificateId = Annotated[str, *pattern(CERTIFICATE)]
Guardian = Annotated[str, *pattern(GUARDIAN)]
Evidence = Annotated[str, *pattern(EVIDENCE)]
Digest = Annotated[str, *pattern(DIGEST)]
EntryId = Annotated[str, *pattern(ENTRY)]
When = Annotated[AwareDatetime, FROM_TEXT, AfterValidator(_in_range)]
Reference = Annotated[str, Field(min_length=1, max_length=200)]

Limit = Annotated[int, Query(ge=1, le=200, description="How many items a page holds.")]
CursorText = Annotated[str, *pattern(CURSOR)]
Cursor = Annotated[CursorText | None, Query(description="`next` of the page before.")]


def _rfc3339(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


Shown = Annotated[datetime, PlainSerializer(_rfc3339), WithJsonSchema({"type": "string", "format": "date-time"})]
"""An instant in an answer: RFC 3339 with microseconds and Z."""


class Answer(BaseModel):
    """Base of every answer."""

    model_config = ConfigDict(from_attributes=True, frozen=True)


class Nothing(Body):
    """A body that says nothing: it may be left out."""


class Text(Body):
    """A text in Chinese and English."""

    zh: str = Field(max_length=20_000)
    en: str = Field(max_length=20_000)


class TextShown(Answer):
    """A text in Chinese and English."""

    zh: str
    en: str


def left() -> Any:
    """The default of a member of a change that was left out: it stays as it is, and null is not a value for it."""
    return Field(default_factory=lambda: None)


KEYED: dict[str, Any] = {
    "parameters": [
        {
            "name": "Idempotency-Key",
            "in": "header",
            "required": False,
            "description": "Does the write once: the same request again with the same key gets the first answer.",
            "schema": {"type": "string", "pattern": "^[A-Za-z0-9._~-]{1,128}$"},
        }
    ]
}
"""For ``openapi_extra`` of writes."""


class KnownQueryRoute(StrictRoute):
    """A route that refuses query parameters it does not know."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Wrap the framework's handler."""
        self._known = frozenset(_query_names(self.dependant))
        return super().get_route_handler()

    async def admit(self, request: Request) -> None:
        """Let verified callers in whose query is known. Raises: IdentityError; ProblemError: request/invalid."""
        await super().admit(request)
        given = Counter(name for name, _ in request.query_params.multi_items())
        faults = [_place("extra_forbidden", "") for name in given if name not in self._known]
        faults += [_place("repeated", name) for name, times in given.items() if times > 1 and name in self._known]
        if faults:
            raise ProblemError("request/invalid", errors=faults[:20])


def _query_names(dependant: Dependant) -> Iterator[str]:
    for param in dependant.query_params:
        kind = param.field_info.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield from (field.alias or name for name, field in kind.model_fields.items())
        else:
            yield param.alias
    for inner in dependant.dependencies:
        yield from _query_names(inner)


def _place(kind: str, name: str) -> dict[str, str]:
    zh, en = MESSAGES[kind]
    return {"in": "query", "pointer": f"#/{name}" if name else "#", "kind": kind, "message_zh": zh, "message_en": en}


def routes() -> APIRouter:
    """A router of routes for verified callers."""
    return APIRouter(route_class=KnownQueryRoute, redirect_slashes=False)
