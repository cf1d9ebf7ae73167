"""Invalid requests, said without repeating them.

Rules: a place is a JSON pointer (RFC 6901) of the schema's own names and of positions; a name the caller made up, as of
an unexpected member, is left out and the place is its parent. The message comes from our table by pydantic's error
type; only bounds of the schema are filled in.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

SHOWN_ERRORS = 20
BOUNDS = ("min_length", "max_length", "ge", "gt", "le", "lt", "multiple_of")
OTHER = ("不符合要求", "is not valid")
MESSAGES: Mapping[str, tuple[str, str]] = {
    "missing": ("缺少此项", "is missing"),
    "extra_forbidden": ("含有未知的成员", "has a member that is not known"),
    "string_type": ("应为文本", "must be a text"),
    "int_type": ("应为整数", "must be an integer"),
    "int_parsing": ("应为整数", "must be an integer"),
    "int_from_float": ("应为整数", "must be an integer"),
    "float_type": ("应为数字", "must be a number"),
    "bool_type": ("应为布尔值", "must be true or false"),
    "bool_parsing": ("应为布尔值", "must be true or false"),
    "list_type": ("应为数组", "must be a list"),
    "tuple_type": ("应为数组", "must be a list"),
    "dict_type": ("应为对象", "must be an object"),
    "model_type": ("应为对象", "must be an object"),
    "model_attributes_type": ("应为对象", "must be an object"),
    "enum": ("不是允许的取值", "is not one of the allowed values"),
    "literal_error": ("不是允许的取值", "is not one of the allowed values"),
    "string_pattern_mismatch": ("格式有误", "has the wrong form"),
    "string_too_short": ("过短", "is too short"),
    "string_too_long": ("过长", "is too long"),
    "too_short": ("项目过少", "has too few items"),
    "too_long": ("项目过多", "has too many items"),
    "greater_than_equal": ("过小", "is too small"),
    "greater_than": ("过小", "is too small"),
    "less_than_equal": ("过大", "is too large"),
    "less_than": ("过大", "is too large"),
    "datetime_parsing": ("应为 RFC 3339 时间", "must be a time of RFC 3339"),
    "datetime_from_date_parsing": ("应为 RFC 3339 时间", "must be a time of RFC 3339"),
    "timezone_aware": ("时间应带时区", "must carry a time zone"),
    "datetime_out_of_range": ("时间超出范围", "is a time out of range"),
    "repeated": ("不得重复", "must not be repeated"),
    "too_few_members": ("至少应有一项", "must hold at least one member"),
    "date_parsing": ("应为日期", "must be a date"),
    "date_from_datetime_parsing": ("应为日期", "must be a date"),
}


def describe(faults: Iterable[Mapping[str, Any]], known: Collection[str]) -> list[dict[str, Any]]:
    """The ``errors`` member for pydantic's ``faults``; ``known`` are the names of the API's own schemas."""
    described = list(_each(faults, known))
    return described[:SHOWN_ERRORS]


def _each(faults: Iterable[Mapping[str, Any]], known: Collection[str]) -> Iterator[dict[str, Any]]:
    for fault in faults:
        place, *path = fault["loc"] or ("body",)
        kind = str(fault["type"])
        if kind == "extra_forbidden":
            path = path[:-1]
        zh, en = MESSAGES.get(kind, OTHER)
        context = fault.get("ctx") or {}
        bounds = {name: context[name] for name in BOUNDS if isinstance(context.get(name), int | float)}
        yield {
            "in": place if place in {"body", "query", "path", "header", "cookie"} else "body",
            "pointer": "#" + "".join(f"/{part}" for part in _parts(path, known)),
            "kind": kind,
            "message_zh": zh,
            "message_en": en,
            **bounds,
        }


def _parts(path: Iterable[Any], known: Collection[str]) -> Iterator[str]:
    for part in path:
        if isinstance(part, int):
            yield str(part)
        elif str(part) in known:
            yield str(part).replace("~", "~0").replace("/", "~1")
        else:
            return  # from here on the names are the caller's, so the place stays at the last one of ours


def schema_names(openapi: Mapping[str, Any]) -> frozenset[str]:
    """Every property and parameter name of an OpenAPI document."""
    found: set[str] = set()
    pending: list[Any] = [openapi]
    while pending:
        item = pending.pop()
        if isinstance(item, dict):
            if isinstance(properties := item.get("properties"), dict):
                found |= properties.keys()
            if "in" in item and isinstance(name := item.get("name"), str):
                found.add(name)
            pending += item.values()
        elif isinstance(item, list):
            pending += item
    return frozenset(found)
