"""What recognisers say: a judgement of one value, a finding in a text. Neither holds the value."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from catalog.classify.values.likelihood import Likelihood


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a recogniser makes of one value that has its pattern.

    Attributes:
        alone: the likelihood without a word of context.
        near: the likelihood beside a word of context.
        reason: the code of a reason text (data/reasons.yaml).
        checked: whether a check digit passed; None where there is none.
        bears_against: whether a word that speaks against it lowers it by one step only.
    """

    alone: Likelihood
    near: Likelihood
    reason: str
    checked: bool | None = None
    bears_against: bool = False


Judge = Callable[[str, date], Judgement | None]
"""Judges a compact value (or None: not this kind). The date is today's."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A place of a text that holds personal data.

    Shape: start and end count characters of the text; reasons are codes of data/reasons.yaml.
    """

    kind: str
    start: int
    end: int
    likelihood: Likelihood
    reasons: tuple[str, ...]

    @property
    def length(self) -> int:
        """How many characters it covers."""
        return self.end - self.start
