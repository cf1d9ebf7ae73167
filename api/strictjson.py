"""JSON as it is meant: one meaning for one text (RFC 8259, RFC 7493).

Rules: UTF-8 without a mark; one value and nothing after it; no name twice in an object; no NaN or Infinity; integers of
64 bits; finite numbers; no NUL and no half surrogate in a string; nesting up to a bound. A refusal carries a code,
never the text.
"""

from __future__ import annotations

import json
import math
from typing import Any, NoReturn

INT_DIGITS = 20
INT_MIN, INT_MAX = -(2**63), 2**63 - 1


class MalformedJsonError(Exception):
    """The text is not the JSON we accept; ``code`` says in which way."""

    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__(code)


def parse(raw: bytes, *, depth: int) -> Any:
    """Read one JSON value from ``raw``.

    Raises: MalformedJsonError: ``request/malformed_json``, ``request/duplicate_key``, ``request/number_out_of_range``,
        ``request/too_deep`` or ``request/not_utf8``.
    """
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        raise MalformedJsonError("request/not_utf8") from None
    try:
        value = json.loads(
            text, object_pairs_hook=_object, parse_int=_integer, parse_float=_number, parse_constant=_constant
        )
    except RecursionError:
        raise MalformedJsonError("request/too_deep") from None
    except json.JSONDecodeError:
        raise MalformedJsonError("request/malformed_json") from None
    _measure(value, depth)
    if "\\u" in text:
        _check_text(value)
    return value


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise MalformedJsonError("request/duplicate_key")
    return made


def _integer(digits: str) -> int:
    if len(digits) > INT_DIGITS or not INT_MIN <= int(digits) <= INT_MAX:
        raise MalformedJsonError("request/number_out_of_range")
    return int(digits)


def _number(digits: str) -> float:
    value = float(digits) if len(digits) <= 64 else math.inf
    if not math.isfinite(value):
        raise MalformedJsonError("request/number_out_of_range")
    return value


def _constant(_name: str) -> NoReturn:
    raise MalformedJsonError("request/number_out_of_range")


def _measure(value: Any, depth: int) -> None:
    level = [value]
    for _ in range(depth + 1):
        level = [
            inner
            for outer in level
            if isinstance(outer, dict | list)
            for inner in (outer.values() if isinstance(outer, dict) else outer)
        ]
        if not level:
            return
    raise MalformedJsonError("request/too_deep")


def _check_text(value: Any) -> None:
    pending = [value]
    while pending:
        item = pending.pop()
        if isinstance(item, str):
            if "\0" in item or not _encodes(item):
                raise MalformedJsonError("request/not_utf8")
        elif isinstance(item, dict):
            pending += [*item, *item.values()]
        elif isinstance(item, list):
            pending += item


def _encodes(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
