"""What the columns of a file are, settled before the first row is read.

Rules:
- every column is known, or named as one to leave aside: a misspelt feature is found at once, not after an hour;
- all problems are told together;
- a header that is no name is told by its position, since a file without a header shows its first person there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

from catalog import Catalog, FeatureView, is_name
from gate.loading.cells import Reader, reader
from gate.loading.errors import LoadRefusedError
from gate.loading.sources import RowSource
from vault import IdentifierKind

SUBJECT: Final = "subject"
OBSERVED_AT: Final = "observed_at"


@dataclass(frozen=True, slots=True)
class ValueColumns:
    """The columns of a file of values.

    Attributes:
        key: position of the column that names the subject.
        key_kind: the kind of identifier it holds, None for subject references.
        observed: position of ``observed_at``, None without.
        features: (position, feature short name, column name, reader) of each feature.
    """

    key: int
    key_name: str
    key_kind: IdentifierKind | None
    observed: int | None
    features: tuple[tuple[int, str, str, Reader], ...]


def value_columns(
    source: RowSource, view: FeatureView, catalog: Catalog, *, key: str, ignore: Collection[str]
) -> ValueColumns:
    """Find the key, the time and the features of a view among the columns.

    Raises: LoadRefusedError.
    """
    header = source.header
    problems = _repeated(header)
    kind, fault = _key_kind(key, catalog)
    problems += [fault] if fault else []
    types = {feature.name: feature.type for feature in view.features}
    features: list[tuple[int, str, str, Reader]] = []
    for place, name in enumerate(header):
        short = name.removeprefix(f"{view.name}:")
        if name in {key, OBSERVED_AT} or name in ignore:
            continue
        if short in types:
            features.append((place, short, name, reader(types[short], is_text=source.is_text)))
        else:
            problems.append(f"{_shown(place, name)} is no feature of the view {view.name}")
    if key not in header:
        problems.append(f"no column {key}, by which rows name their subjects")
    if not features and not problems:
        problems.append(f"no column is a feature of the view {view.name}")
    if problems:
        raise LoadRefusedError(problems)
    observed = header.index(OBSERVED_AT) if OBSERVED_AT in header else None
    return ValueColumns(header.index(key), key, kind, observed, tuple(features))


def people_columns(header: Sequence[str], catalog: Catalog, ignore: Collection[str]) -> tuple[tuple[int, str], ...]:
    """Find the identifier fields among the columns: (position, field).

    Raises: LoadRefusedError.
    """
    problems = _repeated(header)
    fields: list[tuple[int, str]] = []
    for place, name in enumerate(header):
        if name in ignore:
            continue
        if catalog.field(name).identifier is not None:
            fields.append((place, name))
        else:
            problems.append(f"{_shown(place, name)} is no identifier field of the catalogue")
    if not fields and not problems:
        problems.append("no column is an identifier field of the catalogue")
    if problems:
        raise LoadRefusedError(problems)
    return tuple(fields)


def _key_kind(key: str, catalog: Catalog) -> tuple[IdentifierKind | None, str | None]:
    """The kind of identifier behind a key column, or what is wrong with it."""
    if key == SUBJECT:
        return None, None
    declared = catalog.field(key).identifier
    kind = None if declared is None else IdentifierKind(declared.value)
    if kind is None or not kind.is_lookup:
        shown = key if is_name(key) else "it"
        return (
            None,
            f"subjects cannot be found by {shown}: use {SUBJECT} or an identifier field that points to one person",
        )
    return kind, None


def _repeated(header: Sequence[str]) -> list[str]:
    counts = Counter(header)
    return [
        f"{_shown(header.index(name), name)} stands there {count} times" for name, count in counts.items() if count > 1
    ]


def _shown(place: int, name: str) -> str:
    return f"column {name}" if is_name(name) else f"column number {place + 1}"
