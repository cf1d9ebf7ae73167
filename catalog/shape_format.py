"""Shapes as documents, and what makes a shape fit its feature's type.

Rules enforced here:
- at least and at most need an ordered type; a truth value is its own flag;
- edges are distinct, ascending literals of the type, at most 32 of them: a bucket for every
  value would be the plain value by another name;
- one label for each bucket, each different; groups name each text once.
"""

from itertools import pairwise

from catalog.fields import IdentifierKind
from catalog.reading import Part
from catalog.shapes import (
    ORDERED,
    EdgeBuckets,
    FlagShape,
    FlagTest,
    GroupBuckets,
    Shapes,
    ValueType,
    parse_literal,
    range_labels,
)

MAX_EDGES = 32
MAX_OPERANDS = 64


def decode_shapes(part: Part, kind: ValueType) -> Shapes:
    """Read the shapes of a feature; a shape with a fault is left out of the result."""
    keys = part.table((), ("flag", "bucket", "mask"))
    return Shapes(
        flag=_flag(keys["flag"], kind) if "flag" in keys else None,
        bucket=_bucket(keys["bucket"], kind) if "bucket" in keys else None,
        mask=keys["mask"].choice(IdentifierKind) if "mask" in keys else None,
    )


def shapes_document(shapes: Shapes) -> dict[str, object]:
    """Write shapes in full."""
    document: dict[str, object] = {}
    if shapes.flag is not None:
        document["flag"] = _flag_document(shapes.flag)
    match shapes.bucket:
        case EdgeBuckets(edges, labels):
            document["bucket"] = {"edges": list(edges), "labels": list(labels)}
        case GroupBuckets(groups, other):
            named = {label: list(texts) for label, texts in groups}
            document["bucket"] = {"groups": named, "other": other}
    if shapes.mask is not None:
        document["mask"] = shapes.mask
    return document


def _flag_document(flag: FlagShape) -> dict[str, object]:
    match flag.test:
        case FlagTest.PRESENT:
            return {"present": True}
        case FlagTest.ONE_OF:
            return {"one_of": list(flag.operands)}
    return {flag.test.value: flag.operands[0]}


def _flag(part: Part, kind: ValueType) -> FlagShape | None:
    keys = part.table((), tuple(FlagTest))
    if len(keys) != 1:
        part.fault(f"a flag asks one question: {', '.join(FlagTest)}")
        return None
    ((word, given),) = keys.items()
    test = FlagTest(word)
    if test is FlagTest.PRESENT:
        if not given.truth():
            given.fault("write `present: true`")
        return FlagShape(test)
    if test in {FlagTest.AT_LEAST, FlagTest.AT_MOST} and kind not in ORDERED:
        given.fault(f"{test} needs an integer, number or date feature; this one is {kind}")
        return None
    parts = given.items() if test is FlagTest.ONE_OF else [given]
    operands = _literals(parts, kind)
    if operands is None:
        return None
    if not operands or len(operands) > MAX_OPERANDS:
        given.fault(f"name 1 to {MAX_OPERANDS} values")
        return None
    return FlagShape(test, tuple(sorted(set(operands))))


def _literals(parts: list[Part], kind: ValueType) -> list[str] | None:
    """Read literals of a type; None if one of them is none."""
    read: list[str] = []
    for part in parts:
        text = part.literal()
        try:
            parse_literal(text, kind)
        except ValueError:
            part.fault(f"not a literal of the feature's type, {kind}")
            continue
        read.append(text)
    return read if len(read) == len(parts) else None


def _bucket(part: Part, kind: ValueType) -> EdgeBuckets | GroupBuckets | None:
    keys = part.table((), ("edges", "labels", "groups", "other"))
    if kind is ValueType.STRING:
        return _groups(part, keys)
    if kind not in ORDERED:
        part.fault(f"a {kind} feature has no buckets; use a flag")
        return None
    return _edges(part, keys, kind)


def _edges(part: Part, keys: dict[str, Part], kind: ValueType) -> EdgeBuckets | None:
    if "edges" not in keys or {"groups", "other"} & set(keys):
        part.fault(f"the buckets of a {kind} feature are `edges` with optional `labels`")
        return None
    edges = _literals(keys["edges"].items(), kind)
    if edges is None:
        return None
    if not 1 <= len(edges) <= MAX_EDGES:
        keys["edges"].fault(f"give 1 to {MAX_EDGES} edges")
        return None
    values = [parse_literal(edge, kind) for edge in edges]
    if any(not low < high for low, high in pairwise(values)):  # type: ignore[operator]  # one ordered type
        keys["edges"].fault("edges must ascend, each once")
        return None
    labels = range_labels(tuple(edges))
    if "labels" in keys:
        labels = tuple(item.text() for item in keys["labels"].items())
    if len(labels) != len(edges) + 1 or len(set(labels)) != len(labels):
        keys["labels"].fault(f"give {len(edges) + 1} different labels, one more than edges")
        return None
    return EdgeBuckets(tuple(edges), labels)


def _groups(part: Part, keys: dict[str, Part]) -> GroupBuckets | None:
    if set(keys) != {"groups", "other"}:
        part.fault("the buckets of a string feature are `groups` and `other`")
        return None
    groups = []
    seen: set[str] = set()
    for label, texts in keys["groups"].entries():
        named = [item.text() for item in texts.items()]
        for text in named:
            if text in seen:
                texts.fault(f"a text belongs to one group only; group `{label}` repeats one")
            seen.add(text)
        groups.append((label, tuple(sorted(named))))
    other = keys["other"].text()
    if not groups or len(groups) > MAX_EDGES:
        keys["groups"].fault(f"give 1 to {MAX_EDGES} groups")
    return GroupBuckets(tuple(sorted(groups)), other)
