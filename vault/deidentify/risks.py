"""The risk that somebody is found again in a table, and the degree of de-identification that it stands for.

Rules:
- everything is computed from the sizes of the classes that leave, not from what was asked for;
- prosecutor: knows that the person is in the table; one in the size of the class. Journalist: knows only that the
  person is in a population; one in the size of the class there, and the prosecutor's where no population is given,
  which is never less. Marketer: the share of all rows that are expected to be found again;
- degrees of GB/T 42460-2023: 1 direct identifiers are there; 2 they are not; 3 besides, the risk is acceptable; 4
  aggregates. The standard leaves the acceptable risk to who evaluates: the plan states it, 0.05 if it does not;
- tokens that a key turns back keep a table at degree 2, however small the risk of the rest.

Standard: GB/T 42460-2023, annex D; El Emam, Guide to the De-Identification of Personal Health Information (2013).
"""

from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

DIGITS: Final = 6


class Degree(IntEnum):
    """Degrees of GB/T 42460-2023."""

    IDENTIFIED = 1
    NO_DIRECT_IDENTIFIERS = 2
    RISK_ACCEPTABLE = 3
    AGGREGATED = 4


@dataclass(frozen=True, slots=True)
class Risk:
    """One attacker's chances.

    Attributes:
        highest: of the person most at risk.
        average: over all rows.
        above: the share of rows whose risk is above the threshold.
    """

    highest: float
    average: float
    above: float

    def document(self) -> dict[str, float]:
        """As a report shows it."""
        return {"highest": shown(self.highest), "average": shown(self.average), "above_threshold": shown(self.above)}


@dataclass(frozen=True, slots=True)
class Risks:
    """All attackers' chances.

    Attributes:
        marketer: the share of rows expected to be found again.
        population: people in the population that was given; None without one.
    """

    prosecutor: Risk
    journalist: Risk
    marketer: float
    threshold: float
    population: int | None

    @property
    def is_acceptable(self) -> bool:
        """Whether nobody's risk is above the threshold."""
        return self.prosecutor.highest <= self.threshold

    def degree(self, *, has_tokens: bool) -> Degree:
        """The degree of a table without direct identifiers."""
        return Degree.RISK_ACCEPTABLE if self.is_acceptable and not has_tokens else Degree.NO_DIRECT_IDENTIFIERS

    def document(self) -> dict[str, Any]:
        """As a report shows it."""
        return {
            "threshold": self.threshold,
            "population": self.population,
            "prosecutor": self.prosecutor.document(),
            "journalist": self.journalist.document(),
            "marketer": shown(self.marketer),
        }


def measure(
    sizes: NDArray[Any], *, threshold: float, wider: NDArray[Any] | None = None, population: int | None = None
) -> Risks:
    """Measure the classes of a table; ``wider`` are the sizes of the same classes in the population."""
    journalist = _risk(sizes, sizes if wider is None else wider, threshold)
    return Risks(_risk(sizes, sizes, threshold), journalist, journalist.average, threshold, population)


def _risk(sizes: NDArray[Any], among: NDArray[Any], threshold: float) -> Risk:
    chances = 1.0 / among
    rows = float(sizes.sum())
    return Risk(float(chances.max()), float(chances @ sizes / rows), float(sizes[chances > threshold].sum() / rows))


def shown(share: float) -> float:
    """Rounded for a report."""
    return float(np.round(share, DIGITS))
