"""Why something is withheld: every reason code with its law, its texts and what would cure it."""

from __future__ import annotations

from fastapi import Request

from api.access import Caller
from api.routes.wire import Answer, routes
from api.service import service_of

ROUTER = routes()


class ReasonShown(Answer):
    """A reason code; ``by`` says whether the policy gives it or the service itself."""

    code: str
    by: str
    law: str
    article: str
    zh: str
    en: str
    remedy_zh: str
    remedy_en: str


class ReasonsShown(Answer):
    """All reason codes of one policy revision."""

    policy: str
    reasons: list[ReasonShown]


@ROUTER.get("/v1/reasons", tags=["reads"], summary="Why something is withheld")
async def list_reasons(request: Request, _caller: Caller) -> ReasonsShown:
    """List every reason code a read may answer."""
    service = service_of(request.app.state)
    reasons = [ReasonShown.model_validate(service.reasons[code]) for code in sorted(service.reasons)]
    return ReasonsShown(policy=service.engine.revision, reasons=reasons)
