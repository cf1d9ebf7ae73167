"""What ``POST /v1/reads`` takes and answers: the grammar of its body, its places in problems, its description.

Rules:
- the body only says what is asked, and for which purpose and product; who asks comes from the token;
- names keep to the grammar of names, references to theirs: an identifier cannot be asked for by being its own name;
- a body that is beyond doubt is read in one step, any other by the strict reader, which says what is wrong.
"""

from __future__ import annotations

import re
from typing import Annotated, Any

import msgspec

from api.options import LimitSettings
from api.problems import ProblemError
from api.problems.validation import MESSAGES, OTHER
from api.routes.wire import FEATURE, NAME, SUBJECT
from api.strictjson import parse
from gate import Mode

PATH = "/v1/reads"

SIGNS = (
    ("missing required field", "missing"),
    ("unknown field", "extra_forbidden"),
    ("matching regex", "string_pattern_mismatch"),
    ("Invalid enum", "enum"),
    ("length", "too_short"),
    ("Expected `str`", "string_type"),
    ("Expected `array`", "list_type"),
    ("Expected `object`", "model_type"),
)
PLACE = re.compile(r" - at `\$\.(purpose|product|subjects|features|mode)(?:\[([0-9]{1,6})\])?`\Z")


def _whole(pattern: str) -> msgspec.Meta:
    """The same pattern for Python, where ``$`` would let a line break follow."""
    return msgspec.Meta(pattern=pattern.removesuffix("$") + r"\Z")


Name = Annotated[str, _whole(NAME)]


Subjects = Annotated[list[Annotated[str, _whole(SUBJECT)]], msgspec.Meta(min_length=1)]


class ReadBody(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """What a scoring service sends."""

    purpose: Name
    product: Name
    subjects: Subjects
    features: Annotated[tuple[Annotated[str, _whole(FEATURE)], ...], msgspec.Meta(min_length=1)]
    mode: Mode = Mode.release


class QuickBody(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """The same before its names are looked at."""

    purpose: str
    product: str
    subjects: Subjects
    features: tuple[str, ...]
    mode: Mode = Mode.release


MEMBERS = 4
MODE_MARKS = 4
NAMES_KEPT = 1024
_decode = msgspec.json.Decoder(QuickBody).decode


class BodyReader:
    """Reads bodies; services ask for the same features again and again, so names found right are remembered."""

    def __init__(self, limits: LimitSettings) -> None:
        self._limits = limits
        self._right: set[tuple[str, str, tuple[str, ...]]] = set()

    def read(self, raw: bytes) -> ReadBody | QuickBody:
        """What a body asks for.

        Raises: MalformedJsonError; ProblemError: what is asked is invalid, too much or repeated.
        """
        body = self._quickly(raw) or self._strictly(raw)
        if len(body.subjects) > self._limits.subjects:
            raise ProblemError("request/too_many_subjects", limit=self._limits.subjects)
        if len(set(body.subjects)) != len(body.subjects):
            raise ProblemError("request/repeated", pointer="#/subjects")
        return body

    def _quickly(self, raw: bytes) -> QuickBody | None:
        """Read a body in one step; None if it is not beyond doubt, then the strict reader says what it is.

        The decoder keeps the last of two equal names. As nothing in a valid body can hold a quotation mark or an
        escape, a body with a repeated name has more quotation marks than its names and values account for.
        """
        try:
            body = _decode(raw)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return None
        if (body.purpose, body.product, body.features) not in self._right:
            return None
        texts = MEMBERS + 2 + len(body.subjects) + len(body.features)
        marks = raw.count(b'"')
        return body if marks in {2 * texts, 2 * texts + MODE_MARKS} and b"\\" not in raw else None

    def _strictly(self, raw: bytes) -> ReadBody:
        try:
            body = msgspec.convert(parse(raw, depth=self._limits.depth), ReadBody)
        except msgspec.ValidationError as fault:
            raise ProblemError("request/invalid", errors=[_place(fault)]) from None
        if len(body.features) > self._limits.features:
            raise ProblemError("request/too_many_features", limit=self._limits.features)
        if len(set(body.features)) != len(body.features):
            raise ProblemError("request/repeated", pointer="#/features")
        if len(self._right) >= NAMES_KEPT:
            self._right.clear()
        self._right.add((body.purpose, body.product, body.features))
        return body


def _place(fault: msgspec.ValidationError) -> dict[str, Any]:
    """What is wrong and where, without what stood there: of msgspec's text only a member of ours is taken over."""
    text = str(fault)
    place = PLACE.search(text)
    kind = next((kind for sign, kind in SIGNS if sign in text), "invalid")
    zh, en = MESSAGES.get(kind, OTHER)
    return {
        "in": "body",
        "pointer": "#" + "".join(f"/{part}" for part in place.groups() if part) if place else "#",
        "kind": kind,
        "message_zh": zh,
        "message_en": en,
    }


_SUBJECT_RESULT = {
    "type": "object",
    "required": ["subject", "entry", "status", "features"],
    "properties": {
        "subject": {"type": "string", "pattern": SUBJECT},
        "entry": {"type": "string", "description": "Id of the ledger entry that records this."},
        "status": {"enum": ["released", "partial", "denied", "would_release", "would_release_partly"]},
        "features": {
            "type": "object",
            "additionalProperties": {
                "type": "object",
                "required": ["status"],
                "properties": {
                    "status": {"enum": ["released", "absent", "denied", "would_release"]},
                    "form": {"enum": ["flag", "bucket", "token", "masked", "plain"]},
                    "value": {"type": ["string", "number", "boolean"]},
                    "reasons": {"type": "array", "items": {"type": "string"}},
                    "obligations": {"type": "array", "items": {"type": "string"}},
                },
            },
        },
    },
}
_REQUEST_EXAMPLE = {
    "purpose": "credit_scoring",
    "product": "cash_loan",
    "subjects": ["sub_aaaaaaaaaaaaaaaaaaaaaaaaaa"],
    "features": ["behaviour:orders_30d"],
}
OPERATION: dict[str, Any] = {
    "tags": ["reads"],
    "summary": "Read features of data subjects",
    "description": "Answers what consent, policy and law allow, each feature in its mildest form; the rest is denied"
    " with reasons. Everything is in the ledger before it is answered.",
    "security": [{"bearer": []}],
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {
                    "type": "object",
                    "additionalProperties": False,
                    "required": ["purpose", "product", "subjects", "features"],
                    "properties": {
                        "purpose": {"type": "string", "pattern": NAME},
                        "product": {"type": "string", "pattern": NAME},
                        "subjects": {"type": "array", "minItems": 1, "items": {"type": "string", "pattern": SUBJECT}},
                        "features": {"type": "array", "minItems": 1, "items": {"type": "string", "pattern": FEATURE}},
                        "mode": {"enum": ["release", "dry_run"], "default": "release"},
                    },
                },
                "examples": {"one": {"value": _REQUEST_EXAMPLE}},
            }
        },
    },
    "responses": {
        "200": {
            "description": "One result per subject, in the order asked.",
            "content": {
                "application/json": {
                    "schema": {
                        "type": "object",
                        "required": [
                            "purpose",
                            "product",
                            "mode",
                            "policy",
                            "catalog",
                            "features",
                            "results",
                            "reasons",
                        ],
                        "properties": {
                            "purpose": {"type": "string"},
                            "product": {"type": "string"},
                            "mode": {"enum": ["release", "dry_run"]},
                            "policy": {"type": "string"},
                            "catalog": {"type": "string"},
                            "features": {"type": "array", "items": {"type": "string"}},
                            "results": {"type": "array", "items": _SUBJECT_RESULT},
                            "reasons": {"type": "object", "additionalProperties": {"type": "object"}},
                        },
                    }
                }
            },
        }
    },
}
