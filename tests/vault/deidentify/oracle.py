"""De-identification in plain Python, row by row: what the product computes over columns, computed again."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

Row = Mapping[str, Any]


def classes(rows: Sequence[Row], quasi: Sequence[str]) -> dict[tuple[Any, ...], list[Row]]:
    """Rows by combination of quasi-identifiers."""
    found: dict[tuple[Any, ...], list[Row]] = defaultdict(list)
    for row in rows:
        found[tuple(row[name] for name in quasi)].append(row)
    return found


def risks(rows: Sequence[Row], quasi: Sequence[str], threshold: float) -> tuple[float, float, float]:
    """The highest and average risk of a row, and the share of rows above a threshold."""
    sizes = {key: len(members) for key, members in classes(rows, quasi).items()}
    each = [1 / sizes[tuple(row[name] for name in quasi)] for row in rows]
    return max(each), sum(each) / len(each), sum(risk > threshold for risk in each) / len(each)


def diversity(rows: Sequence[Row], quasi: Sequence[str], sensitive: str) -> int:
    """The fewest different values of a sensitive column in any class."""
    return min(len({row[sensitive] for row in members}) for members in classes(rows, quasi).values())


def closeness(rows: Sequence[Row], quasi: Sequence[str], sensitive: str, order: Sequence[Any] | None) -> float:
    """The farthest that any class is from all rows; ``order`` are all values in order, or None if equally far."""
    whole = Counter(row[sensitive] for row in rows)
    return max(
        _distance(Counter(row[sensitive] for row in members), whole, order) for members in classes(rows, quasi).values()
    )


def _distance(part: Counter[Any], whole: Counter[Any], order: Sequence[Any] | None) -> float:
    differences = [part[value] / part.total() - whole[value] / whole.total() for value in (order or whole)]
    if order is None:
        return sum(abs(each) for each in differences) / 2
    if len(order) < 2:
        return 0.0
    moved, total = 0.0, 0.0
    for each in differences:
        moved += each
        total += abs(moved)
    return total / (len(order) - 1)
