"""Kinds of columns: the fields of the catalogue, further personal kinds, and what is not personal.

A kind lists the forms its cells may have. For some of them it is the kind one assumes without a name (`assumed`): of a
column of valid resident ID numbers without a telling name the likeliest reading is `id_card_no`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Any

import yaml

from catalog.classify.values.rules import DATA
from catalog.loading import builtin_fields


@dataclass(frozen=True, slots=True)
class ColumnKind:
    """A kind of column.

    Attributes:
        field: the catalogued field whose grade it has; None for kinds graded in data/columns.yaml, and for none.
        forms: forms of its cells.
        assumed: forms for which it is assumed when the name says nothing.
        is_personal: whether it is personal information at all.
    """

    name: str
    zh: str
    en: str
    field: str | None
    forms: frozenset[str]
    assumed: frozenset[str]
    is_personal: bool = True


@cache
def column_kinds() -> Mapping[str, ColumnKind]:
    """Return every kind by name."""
    fields = {field.name: field for field in builtin_fields()}
    document: dict[str, dict[str, Any]] = yaml.safe_load((DATA / "columns.yaml").read_text(encoding="utf-8"))
    kinds: dict[str, ColumnKind] = {}
    for name, parts in document.items():
        backing = parts.get("field", name if name in fields else None)
        titles = parts if "zh" in parts else {"zh": fields[name].zh, "en": fields[name].en}
        assumed = frozenset(parts.get("assumed", ()))
        kinds[name] = ColumnKind(
            name,
            titles["zh"],
            titles["en"],
            backing,
            assumed | frozenset(parts.get("forms", ())),
            assumed,
            parts.get("personal", True),
        )
    return MappingProxyType(kinds)


@cache
def assumed_kinds() -> Mapping[str, ColumnKind]:
    """Return by form the kind that is assumed without a name."""
    return MappingProxyType({form: kind for kind in column_kinds().values() for form in kind.assumed})
