"""How a table of people is de-identified: the role of each column, how it may be generalised, what must hold after it.

Rules:
- every column is named and has a role: one that nobody thought of may tell who somebody is, so it stops the run;
- a direct identifier is dropped or becomes a token, a quasi-identifier climbs a ladder of ever coarser values, a
  sensitive or plain one stays as it is;
- each step of a ladder only coarsens the one below it, and the last step of every ladder says nothing at all;
- a plan is a small document, read strictly; its digest stands in the ledger.

Standard: GB/T 37964-2019, GB/T 42460-2023. Format: docs/deidentification.md.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from vault.bulk_plans import ColumnPlan, read_plan
from vault.deid_errors import DeidPlanError
from vault.deid_ladders import Ladder, read_ladder
from vault.errors import BulkPlanError

RISK_THRESHOLD: Final = 0.05
MOST_K: Final = 1_000_000
MEMBERS: Final = frozenset({"k", "l", "t", "max_suppressed", "risk_threshold", "one_row_per", "columns"})
TOKENS: Final = frozenset({"field", "of", "keep"})
_ACTIONS: Final = frozenset({"drop", "deterministic", "format_preserving", "reversible"})
_OF_ROLE: Final[Mapping[str, frozenset[str]]] = {
    "direct": frozenset({"role", "action"}) | TOKENS,
    "quasi": frozenset({"role", "field", "ladder", "from", "weight"}),
    "sensitive": frozenset({"role", "field", "distance"}),
    "plain": frozenset({"role", "field"}),
}


class Role(StrEnum):
    """What a column is (GB/T 37964-2019, 3)."""

    DIRECT = "direct"
    QUASI = "quasi"
    SENSITIVE = "sensitive"
    PLAIN = "plain"


class Distance(StrEnum):
    """How far two distributions of a sensitive attribute are apart: values equally far from another, or in order."""

    EQUAL = "equal"
    ORDERED = "ordered"


@dataclass(frozen=True, slots=True)
class QuasiColumn:
    """A quasi-identifier.

    Attributes:
        least: the finest level it may leave at.
        weight: how much its coarsening counts beside that of the others.
    """

    column: str
    ladder: Ladder
    least: int = 0
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class SensitiveColumn:
    """What is not to be learnt of anybody; ``distance`` None follows the column's type."""

    column: str
    distance: Distance | None = None


@dataclass(frozen=True, slots=True)
class DeidPlan:
    """What becomes of every column, and what must hold of the result.

    Attributes:
        k: people that share each combination of quasi-identifiers, at least.
        l: different values of each sensitive column among them, at least.
        t: how far their distribution may be from that of all, at most.
        max_suppressed: the share of rows that may be left out.
        risk_threshold: the risk of one person that counts as acceptable (GB/T 42460-2023, degree 3).
        one_row_per: a column that tells people apart: a second row of the same person stops the run.
        fields: the catalogued field of each column that names one.
    """

    k: int
    quasi: tuple[QuasiColumn, ...]
    sensitive: tuple[SensitiveColumn, ...] = ()
    plain: tuple[str, ...] = ()
    tokens: tuple[ColumnPlan, ...] = ()
    drop: tuple[str, ...] = ()
    l: int | None = None  # noqa: E741  as l-diversity is written everywhere
    t: float | None = None
    max_suppressed: float = 0.0
    risk_threshold: float = RISK_THRESHOLD
    one_row_per: str | None = None
    fields: Mapping[str, str] = field(default_factory=dict)
    document: Mapping[str, Any] = field(default_factory=dict, repr=False)

    def check(self, names: Sequence[str]) -> None:
        """Check the plan against the columns of a table.

        Raises: DeidPlanError: a column is missing, there twice, or not in the plan.
        """
        named = set(self._named())
        problems = [f"there is no column `{name}`" for name in sorted(named) if name not in names]
        problems += [f"column `{name}` is there twice" for name in sorted(set(names)) if list(names).count(name) > 1]
        problems += [
            f"column {place + 1} is not in the plan: give it a role"
            for place, name in enumerate(names)
            if name not in named
        ]
        if problems:
            raise DeidPlanError(problems)

    def digest(self) -> str:
        """SHA-256 of the plan as it was given, hex."""
        text = json.dumps(_plain(self.document), sort_keys=True, ensure_ascii=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()

    def _named(self) -> Iterator[str]:
        yield from (each.column for each in self.quasi)
        yield from (each.column for each in self.sensitive)
        yield from (each.column for each in self.tokens)
        yield from (*self.plain, *self.drop)


def read_deid_plan(document: object, kinds: Mapping[str, str | None]) -> DeidPlan:
    """Read a plan from a parsed document.

    ``kinds`` gives the kind of identifier of each catalogued field, None for those that are no identifiers.
    Raises: DeidPlanError.
    """
    if not isinstance(document, Mapping) or not set(document) <= MEMBERS:
        raise DeidPlanError([f"a plan has the members {', '.join(sorted(MEMBERS))}"])
    columns = document.get("columns")
    if not isinstance(columns, Mapping) or not columns:
        raise DeidPlanError(["columns: a table of columns is needed"])
    reading = _Reading(kinds)
    for name, entry in columns.items():
        reading.take(str(name), entry)
    numbers = reading.numbers(document)
    if reading.problems:
        raise DeidPlanError(reading.problems)
    return DeidPlan(
        quasi=tuple(reading.quasi),
        sensitive=tuple(reading.sensitive),
        plain=tuple(reading.plain),
        tokens=tuple(reading.tokens),
        drop=tuple(reading.drop),
        fields=reading.fields,
        document=dict(document),
        **numbers,
    )


def _plain(value: object) -> object:
    """A plan's document with texts for names, however YAML read them."""
    if isinstance(value, Mapping):
        return {str(name): _plain(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    return value if isinstance(value, str | int | float) or value is None else str(value)


class _Reading:
    """Takes a plan apart, gathering every problem."""

    def __init__(self, kinds: Mapping[str, str | None]) -> None:
        self.problems: list[str] = []
        self.quasi: list[QuasiColumn] = []
        self.sensitive: list[SensitiveColumn] = []
        self.plain: list[str] = []
        self.tokens: list[ColumnPlan] = []
        self.drop: list[str] = []
        self.fields: dict[str, str] = {}
        self._kinds = kinds

    def take(self, name: str, entry: object) -> None:
        """Take one column."""
        role = entry.get("role") if isinstance(entry, Mapping) else None
        if not isinstance(entry, Mapping) or not isinstance(role, str) or role not in set(Role):
            self._no(name, f"role is one of {', '.join(Role)}")
            return
        if not set(entry) <= _OF_ROLE[role]:
            self._no(name, f"a {role} column has the members {', '.join(sorted(_OF_ROLE[role]))}")
            return
        if "field" in entry:
            self.fields[name] = str(entry["field"])
            if self.fields[name] not in self._kinds:
                self._no(name, "the catalogue has no such field")
                return
        match Role(role):
            case Role.DIRECT:
                self._direct(name, entry)
            case Role.QUASI:
                self._quasi(name, entry)
            case Role.SENSITIVE:
                self._sensitive(name, entry)
            case Role.PLAIN:
                self.plain.append(name)

    def numbers(self, document: Mapping[str, Any]) -> dict[str, Any]:
        """What must hold of the result."""
        found = {
            "k": self._number(document, "k", int, least=2, most=MOST_K),
            "l": self._number(document, "l", int, least=2, most=MOST_K) if "l" in document else None,
            "t": self._number(document, "t", float, least=0, most=1) if "t" in document else None,
            "max_suppressed": self._number({"max_suppressed": 0, **document}, "max_suppressed", float, least=0, most=1),
            "risk_threshold": self._number(
                {"risk_threshold": RISK_THRESHOLD, **document}, "risk_threshold", float, least=0, most=1
            ),
            "one_row_per": None if document.get("one_row_per") is None else str(document["one_row_per"]),
        }
        if not self.quasi:
            self.problems.append("no column is a quasi-identifier: there is nothing to generalise")
        if not self.sensitive and (found["l"] is not None or found["t"] is not None):
            self.problems.append("l and t are about sensitive columns, and there is none")
        if found["one_row_per"] not in {None, *map(str, document["columns"])}:
            self.problems.append("one_row_per: names a column of the plan")
        return found

    def _number(self, document: Mapping[str, Any], name: str, kind: type, *, least: float, most: float) -> Any:
        value: Any = document.get(name)
        fits = isinstance(value, int | float if kind is float else int) and not isinstance(value, bool)
        if not (fits and least <= value <= most):
            self.problems.append(f"{name}: {'a number' if kind is float else 'an integer'} from {least} to {most}")
            return least
        return kind(value)

    def _direct(self, name: str, entry: Mapping[str, Any]) -> None:
        action = entry.get("action")
        if not isinstance(action, str) or action not in _ACTIONS:
            self._no(name, f"action is one of {', '.join(sorted(_ACTIONS))}")
        elif action == "drop":
            self.drop.append(name)
        else:
            wanted = {member: entry[member] for member in TOKENS if member in entry}
            try:
                found = read_plan({"columns": {name: {**wanted, "kind": action}}}, self._kinds)
            except BulkPlanError as error:
                self.problems += error.problems
            else:
                self.tokens += found.columns

    def _quasi(self, name: str, entry: Mapping[str, Any]) -> None:
        try:
            ladder = read_ladder(entry.get("ladder", {}))
        except ValueError as error:
            self._no(name, str(error))
            return
        least, weight = entry.get("from", 0), entry.get("weight", 1)
        if type(least) is not int or not 0 <= least <= ladder.height:
            self._no(name, f"from is a level from 0 to {ladder.height}")
        elif isinstance(weight, bool) or not isinstance(weight, int | float) or not 0 < weight <= 1000:
            self._no(name, "weight is a number above 0, at most 1000")
        else:
            self.quasi.append(QuasiColumn(name, ladder, least, float(weight)))

    def _sensitive(self, name: str, entry: Mapping[str, Any]) -> None:
        distance = entry.get("distance")
        if distance is not None and (not isinstance(distance, str) or distance not in set(Distance)):
            self._no(name, f"distance is one of {', '.join(Distance)}")
            return
        self.sensitive.append(SensitiveColumn(name, None if distance is None else Distance(distance)))

    def _no(self, name: str, why: str) -> None:
        self.problems.append(f"column `{name}`: {why}")
