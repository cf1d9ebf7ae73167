"""Problems as HTTP answers (RFC 9457)."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from starlette.responses import Response
from starlette.types import Scope

from api.problems.kinds import KINDS, Kind

MEDIA_TYPE = "application/problem+json"


class ProblemError(Exception):
    """A problem raised by the HTTP side itself: its code, and what may be said beside it."""

    def __init__(
        self,
        code: str,
        *,
        headers: Mapping[str, str] | None = None,
        errors: Sequence[Mapping[str, Any]] = (),
        **shown: str | int,
    ) -> None:
        self.code = code
        self.headers = dict(headers or {})
        self.errors = tuple(errors)
        self.shown = shown
        super().__init__(code)


def language(scope: Scope) -> str:
    """Answer "zh" when Accept-Language prefers Chinese to English, else "en"."""
    accepted = next((value for name, value in scope["headers"] if name == b"accept-language"), b"")
    best, best_weight = "en", 0.0
    for part in accepted.decode("latin-1").lower().split(",")[:16]:
        tag, _, weight = part.strip().partition(";")
        name = tag.split("-")[0]
        value = _weight(weight)
        if name in {"zh", "en"} and value > best_weight:
            best, best_weight = name, value
    return best


def _weight(text: str) -> float:
    digits = text.strip().removeprefix("q=")
    if not text.strip():
        return 1.0
    return float(digits) if digits.replace(".", "", 1).isdecimal() and digits.isascii() else 0.0


def problem_response(
    scope: Scope,
    kind: Kind | str,
    *,
    headers: Mapping[str, str] | None = None,
    errors: Sequence[Mapping[str, Any]] = (),
    shown: Mapping[str, str | int] | None = None,
) -> Response:
    """The answer of a problem to the request of ``scope``; ``errors`` are the failing places of an invalid request."""
    kind = KINDS[kind] if isinstance(kind, str) else kind
    spoken = language(scope)
    state = scope.setdefault("state", {})
    state["problem"] = kind.code
    body: dict[str, Any] = {
        "type": f"/problems/{kind.code}",
        "title": kind.title(spoken),
        "status": kind.status,
        "detail": kind.detail(spoken),
        "instance": f"urn:yumen:request:{state.get('request_id', 'unknown')}",
        "code": kind.code,
        "title_zh": kind.zh,
        "title_en": kind.en,
        **(shown or {}),
    }
    if errors:
        body["errors"] = list(errors)
    sent = {"Content-Language": spoken, "Vary": "Accept-Language", "Cache-Control": "no-store", **(headers or {})}
    if kind.retry_s is not None:
        sent["Retry-After"] = str(kind.retry_s)
    content = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
    return Response(content, status_code=kind.status, headers=sent, media_type=MEDIA_TYPE)
