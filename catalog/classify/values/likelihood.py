"""How likely a finding is: five steps, moved up and down by what stands near."""

from enum import IntEnum


class Likelihood(IntEnum):
    """Five steps, as data loss prevention services count them."""

    VERY_UNLIKELY = 1
    UNLIKELY = 2
    POSSIBLE = 3
    LIKELY = 4
    VERY_LIKELY = 5

    @property
    def word(self) -> str:
        """The step in lower case, for documents."""
        return self.name.lower()

    @property
    def score(self) -> float:
        """The step as a score from 0 to 1, for engines that count so."""
        return {1: 0.05, 2: 0.25, 3: 0.5, 4: 0.75, 5: 0.95}[self.value]


def moved(start: Likelihood, steps: int) -> Likelihood:
    """Return a likelihood some steps up or down, kept within the scale."""
    return Likelihood(min(max(start + steps, Likelihood.VERY_UNLIKELY), Likelihood.VERY_LIKELY))
