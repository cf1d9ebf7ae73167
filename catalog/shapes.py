"""Shaping: turning a feature's value into the form in which it may leave.

Rules enforced here:
- a shape is checked and compiled once; shaping a value is then one call without lookups;
- a value that is not of the declared type is an error, never a guess: `True` is not 1,
  a number in a string is not a number, NaN is not a number;
- no value (None) stays None in every form, except that the flag `present` answers it;
- an ordered value falls into the bucket whose lower edge it reaches: `[low, high)`;
- a text that no group names falls into `other`, so that no text passes through a bucket.

Tokens and masks are the vault's: this module refuses them.
"""

import math
import re
from bisect import bisect_right
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from itertools import pairwise
from typing import Any, Protocol

from catalog.errors import ValueTypeError
from catalog.forms import ReleaseForm

Scalar = str | int | float | bool | None
Shaper = Callable[[object], Scalar]


class ValueType(StrEnum):
    """The type of a feature's values; a date is the text YYYY-MM-DD."""

    INTEGER = "integer"
    NUMBER = "number"
    STRING = "string"
    BOOLEAN = "boolean"
    DATE = "date"


_TYPES: Mapping[ValueType, frozenset[type]] = {
    ValueType.INTEGER: frozenset({int}),
    ValueType.NUMBER: frozenset({int, float}),
    ValueType.STRING: frozenset({str}),
    ValueType.BOOLEAN: frozenset({bool}),
    ValueType.DATE: frozenset({str}),
}
_LITERALS = {
    ValueType.INTEGER: re.compile(r"-?(0|[1-9][0-9]{0,14})"),
    ValueType.NUMBER: re.compile(r"-?(0|[1-9][0-9]{0,14})(\.[0-9]{1,9})?"),
    ValueType.BOOLEAN: re.compile(r"true|false"),
    ValueType.DATE: re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}"),
}
ORDERED = frozenset({ValueType.INTEGER, ValueType.NUMBER, ValueType.DATE})


class FlagTest(StrEnum):
    """The question a flag answers."""

    AT_LEAST = "at_least"
    AT_MOST = "at_most"
    EQUALS = "equals"
    ONE_OF = "one_of"
    PRESENT = "present"


@dataclass(frozen=True, slots=True)
class FlagShape:
    """A yes-or-no question about a value.

    Shape: operands are literals of the feature's type, as written; none for `present`.
    """

    test: FlagTest
    operands: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class EdgeBuckets:
    """Ranges of an ordered value: n ascending edges make n + 1 buckets."""

    edges: tuple[str, ...]
    labels: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class GroupBuckets:
    """Named groups of texts, and the label of everything else."""

    groups: tuple[tuple[str, tuple[str, ...]], ...]
    other: str


@dataclass(frozen=True, slots=True)
class Shapes:
    """The shapes a feature declares; `mask` is the identifier kind whose mask applies."""

    flag: FlagShape | None = None
    bucket: EdgeBuckets | GroupBuckets | None = None
    mask: str | None = None


class Shapeable(Protocol):
    """What `shape` needs of a feature."""

    def shaper(self, form: ReleaseForm) -> Shaper:
        """Return the compiled function for a form."""


def shape(value: object, feature: Shapeable, form: ReleaseForm) -> Scalar:
    """Shape one value; `feature.shaper(form)` is the same for many.

    Raises: ValueTypeError: the value is not of the feature's type.
        FormNotShapedError: the form is withheld, the vault's, or has no declared shape.
    """
    return feature.shaper(form)(value)


def range_labels(edges: tuple[str, ...]) -> tuple[str, ...]:
    """Name the buckets of some edges: `<500`, `[500,1000)`, `>=1000`."""
    inner = [f"[{low},{high})" for low, high in pairwise(edges)]
    return (f"<{edges[0]}", *inner, f">={edges[-1]}")


def parse_literal(text: str, kind: ValueType) -> str | int | float | bool:
    """Read a literal of a feature's type.

    Raises: ValueError: the text is no literal of that type.
    """
    pattern = _LITERALS.get(kind)
    if pattern is not None and pattern.fullmatch(text) is None:
        raise ValueError(f"not a literal of type {kind}")
    match kind:
        case ValueType.INTEGER:
            return int(text)
        case ValueType.NUMBER:
            return float(text)
        case ValueType.BOOLEAN:
            return text == "true"
        case ValueType.DATE:
            return date.fromisoformat(text).isoformat()
        case ValueType.STRING:
            return text


def compile_shapers(feature: str, kind: ValueType, shapes: Shapes) -> Mapping[ReleaseForm, Shaper]:
    """Compile the forms of one feature that this room can shape.

    Shape: checked shapes -> plain always, flag and bucket where declared.
    """
    read = _reader(feature, kind)
    shapers: dict[ReleaseForm, Shaper] = {ReleaseForm.PLAIN: read}
    if shapes.flag is not None:
        shapers[ReleaseForm.FLAG] = _flag(read, shapes.flag, kind)
    match shapes.bucket:
        case EdgeBuckets() as spec:
            shapers[ReleaseForm.BUCKET] = _edge_buckets(read, spec, kind)
        case GroupBuckets() as spec:
            shapers[ReleaseForm.BUCKET] = _group_buckets(read, spec)
    return shapers


def _reader(feature: str, kind: ValueType) -> Shaper:
    """Compile the function that lets values of one type pass and refuses all others."""
    types = _TYPES[kind]

    def read(value: object) -> Scalar:
        if value is None or type(value) in types:
            return value  # type: ignore[return-value]  # its exact type was just checked
        raise ValueTypeError(feature, kind)

    def read_number(value: object) -> Scalar:
        if type(value) is float and not math.isfinite(value):
            raise ValueTypeError(feature, kind)
        return read(value)

    def read_date(value: object) -> Scalar:
        if type(value) is not str:
            return read(value)
        try:
            right = date.fromisoformat(value).isoformat() == value
        except ValueError:
            right = False
        if not right:
            raise ValueTypeError(feature, kind)
        return value

    return {ValueType.NUMBER: read_number, ValueType.DATE: read_date}.get(kind, read)


def _flag(read: Shaper, spec: FlagShape, kind: ValueType) -> Shaper:
    if spec.test is FlagTest.PRESENT:
        return lambda value: read(value) is not None
    accepts = _acceptance(spec, kind)

    def flag(value: object) -> Scalar:
        known = read(value)
        return None if known is None else accepts(known)

    return flag


def _acceptance(spec: FlagShape, kind: ValueType) -> Callable[[Any], bool]:
    literals = [parse_literal(text, kind) for text in spec.operands]
    limit: Any = literals[0]
    match spec.test:
        case FlagTest.AT_LEAST:
            return lambda value: bool(value >= limit)
        case FlagTest.AT_MOST:
            return lambda value: bool(value <= limit)
        case FlagTest.EQUALS | FlagTest.ONE_OF | FlagTest.PRESENT:
            return frozenset(literals).__contains__


def _edge_buckets(read: Shaper, spec: EdgeBuckets, kind: ValueType) -> Shaper:
    edges: list[Any] = [parse_literal(text, kind) for text in spec.edges]
    labels = spec.labels

    def bucket(value: object) -> Scalar:
        known = read(value)
        return None if known is None else labels[bisect_right(edges, known)]

    def bucket_integer(value: object) -> Scalar:
        # The reader's test, spared its call: most values are integers.
        return labels[bisect_right(edges, value)] if type(value) is int else bucket(value)

    return bucket_integer if kind is ValueType.INTEGER else bucket


def _group_buckets(read: Shaper, spec: GroupBuckets) -> Shaper:
    named: dict[Any, str] = {text: label for label, texts in spec.groups for text in texts}
    other = spec.other

    def bucket(value: object) -> Scalar:
        known = read(value)
        return None if known is None else named.get(known, other)

    return bucket
