"""The OpenAPI 3.1 description, as clients are made from it.

Rules: every operation names its problems as ``application/problem+json``; the framework's own 422 schema, which repeats
input, is not part of it; operations of callers carry the bearer scheme; every operation has a stable id.
"""

from __future__ import annotations

import re
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

DESCRIPTION = """Every read of personal data goes through the gate: it answers what law, consent and policy allow, in
the mildest form that serves the purpose, and records it before it answers. Errors are RFC 9457 problems with stable
codes; writes take an `Idempotency-Key`."""
TAGS = [
    {"name": "reads", "description": "Features of data subjects, as far as law, consent and policy allow."},
    {"name": "reveals", "description": "Tokens turned back into identifiers: gated, budgeted, recorded."},
    {"name": "aggregates", "description": "Sums over many people with noise, paid from privacy budgets."},
    {"name": "subjects", "description": "Data subjects, their identifiers and their feature values."},
    {"name": "consent", "description": "What data subjects agreed to, refused, paused and took back."},
    {"name": "erasure", "description": "Being forgotten: requests, their answers, certificates, legal holds."},
    {"name": "register", "description": "Parties, clients, purposes and notices: who may process what, and why."},
    {"name": "ledger", "description": "What happened: asked by auditors, and by data subjects about themselves."},
    {"name": "log", "description": "The ledger as a transparency log: outsiders check that it only ever grew."},
    {"name": "lineage", "description": "Where a score came from, what a field reaches, what recipients must delete."},
    {"name": "catalogue", "description": "What data there is, how it is graded, and the feature views of the tenant."},
    {"name": "health", "description": "Whether the service lives and can serve."},
    {"name": "problems", "description": "What each problem code means and what to do."},
]
PROBLEM = {
    "type": "object",
    "title": "Problem",
    "description": "RFC 9457 problem details. Never repeats what was sent.",
    "required": ["type", "title", "status", "detail", "instance", "code", "title_zh", "title_en"],
    "properties": {
        "type": {"type": "string", "format": "uri-reference"},
        "title": {"type": "string"},
        "status": {"type": "integer", "minimum": 400, "maximum": 599},
        "detail": {"type": "string"},
        "instance": {"type": "string", "format": "uri"},
        "code": {"type": "string", "pattern": "^[a-z]+/[a-z][a-z0-9_]*$"},
        "title_zh": {"type": "string"},
        "title_en": {"type": "string"},
        "errors": {"type": "array", "items": {"$ref": "#/components/schemas/InvalidPlace"}},
    },
    "examples": [
        {
            "type": "/problems/identity/token_missing",
            "title": "The access token is missing",
            "status": 401,
            "detail": "Send a bearer token in the Authorization header.",
            "instance": "urn:yumen:request:6f1c0f3a9d0e4b7c8a5d2e1f00c0ffee",
            "code": "identity/token_missing",
            "title_zh": "缺少访问令牌",
            "title_en": "The access token is missing",
        }
    ],
}
INVALID_PLACE = {
    "type": "object",
    "title": "InvalidPlace",
    "required": ["in", "pointer", "kind", "message_zh", "message_en"],
    "properties": {
        "in": {"type": "string", "enum": ["body", "query", "path", "header", "cookie"]},
        "pointer": {"type": "string", "description": "JSON pointer (RFC 6901) as a URI fragment."},
        "kind": {"type": "string"},
        "message_zh": {"type": "string"},
        "message_en": {"type": "string"},
    },
}
FRAMEWORK_SCHEMAS = ("HTTPValidationError", "ValidationError")
METHODS = frozenset({"get", "put", "post", "delete", "patch", "head", "options"})


def problem_content() -> dict[str, Any]:
    """The content of an answer that is a problem."""
    return {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}


def describe(app: FastAPI) -> dict[str, Any]:
    """The document, made once."""
    if app.openapi_schema is None:
        document = get_openapi(
            title=app.title,
            summary=app.summary,
            description=app.description,
            version=app.version,
            routes=app.routes,
            tags=app.openapi_tags,
            license_info=app.license_info,
        )
        _add_raw(document, getattr(app.state, "raw_operations", {}))
        _finish(document)
        app.openapi_schema = document
    return app.openapi_schema


def _add_raw(document: dict[str, Any], operations: dict[str, Any]) -> None:
    """Merge the hand-written operations of routes the framework does not see: ``{path: {method: operation}}``."""
    for path, methods in operations.items():
        document["paths"].setdefault(path, {}).update(methods)


def _finish(document: dict[str, Any]) -> None:
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    for name in FRAMEWORK_SCHEMAS:
        schemas.pop(name, None)
    schemas["Problem"] = PROBLEM
    schemas["InvalidPlace"] = INVALID_PLACE
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            if method in METHODS:
                _finish_operation(path, method, operation)


def _finish_operation(path: str, method: str, operation: dict[str, Any]) -> None:
    operation["operationId"] = "_".join([method, *re.findall(r"[a-z0-9_]+", path)])
    responses = operation.setdefault("responses", {})
    responses.pop("422", None)
    responses["default"] = {"description": "A problem (RFC 9457).", "content": problem_content()}
