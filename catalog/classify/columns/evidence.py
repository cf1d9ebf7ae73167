"""What a classification says of a column, and why: counts and codes, never a value."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from catalog.classify.names.lexicon import NameMatch
from catalog.classify.values.likelihood import Likelihood


@dataclass(frozen=True, slots=True)
class FormEvidence:
    """How many of the filled cells have a form.

    Attributes:
        low, high: 95 % interval of the match rate.
        checked, passed: cells put to a check digit, and those that pass; chance: the share of random values that would.
    """

    form: str
    matched: int
    rate: float
    low: float
    high: float
    checked: int = 0
    passed: int = 0
    chance: float | None = None


@dataclass(frozen=True, slots=True)
class Conflict:
    """Something that speaks against the kind; code of data/conflicts.yaml and what it is about (a form, a kind)."""

    code: str
    about: str


@dataclass(frozen=True, slots=True)
class Leak:
    """Values of another kind inside the cells of a column: in how many of those looked into."""

    kind: str
    cells: int
    of: int


@dataclass(frozen=True, slots=True)
class Evidence:
    """All evidence of one column."""

    rows: int
    filled: int
    distinct: int
    forms: tuple[FormEvidence, ...]
    names: tuple[NameMatch, ...]
    conflicts: tuple[Conflict, ...] = ()
    leaks: tuple[Leak, ...] = ()
    neighbours: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a column is taken for.

    Attributes:
        kind: a kind of data/columns.yaml.
        basis: what decided: "name and values", "values", "name", "neighbours", "nothing".
        is_protected: whether its cells look masked, hashed or enciphered.
    """

    kind: str
    likelihood: Likelihood
    basis: str
    evidence: Evidence
    is_protected: bool = False
