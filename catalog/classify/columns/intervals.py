"""Rates with their uncertainty."""

from math import sqrt
from typing import Final

Z: Final = 1.959964  # 95 %


def wilson(hits: int, total: int) -> tuple[float, float]:
    """Return the 95 % Wilson score interval of a rate; (0, 1) where nothing was counted.

    Source: E. B. Wilson, Probable inference, J. Am. Stat. Assoc. 22 (1927).
    """
    if not total:
        return 0.0, 1.0
    rate, spread = hits / total, Z * Z / total
    centre = rate + spread / 2
    margin = Z * sqrt(rate * (1 - rate) / total + spread / (4 * total))
    return max((centre - margin) / (1 + spread), 0.0), min((centre + margin) / (1 + spread), 1.0)
