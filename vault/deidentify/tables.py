"""A whole table de-identified.

Rules:
- the table is held in memory: whether k holds is a question about all rows at once;
- rows that would be alone are left out, as many as the plan allows; else nothing comes out at all;
- the report says what was measured on what comes out, and holds no value of anybody.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pyarrow as pa

from vault.bulk.columns import ColumnTokeniser
from vault.bulk.streams import reader_of
from vault.bulk_plans import ColumnPlan, Recipient
from vault.deid_errors import DeidDataError, DeidImpossibleError
from vault.deid_plans import DeidPlan
from vault.deidentify.classes import Classes, Levels, People, keyed, numbered
from vault.deidentify.ladders import Column, encoded, make_column
from vault.deidentify.lattice import Found, Lattice, OnProgress
from vault.deidentify.risks import Risks, measure, shown
from vault.errors import TokensRefusedError
from vault.keyring import KeyRing


@dataclass(frozen=True, slots=True)
class Tokens:
    """Whose keys make the tokens, and for whom."""

    ring: KeyRing
    recipient: Recipient


@dataclass(frozen=True, slots=True)
class Report:
    """What was made and measured.

    Attributes:
        sizes: people in each class that comes out.
        levels: of each quasi-identifier, the level it leaves at.
        losses: of each, how much of what it told is lost.
        found: what the search found, and how.
        refused: cells without a token, by column and fault.
    """

    rows: int
    sizes: Any = field(repr=False)
    risks: Risks
    levels: Mapping[str, int]
    losses: Mapping[str, float]
    found: Found
    diversity: Mapping[str, int]
    closeness: Mapping[str, float]
    refused: Mapping[str, Mapping[str, int]]
    plan: DeidPlan

    @property
    def kept(self) -> int:
        """Rows that come out."""
        return int(self.sizes.sum())

    @property
    def k(self) -> int:
        """People in the smallest class that comes out."""
        return int(self.sizes.min())

    @property
    def degree(self) -> int:
        """The degree of GB/T 42460-2023."""
        return int(self.risks.degree(has_tokens=bool(self.plan.tokens)))

    def document(self) -> dict[str, Any]:
        """The report as JSON."""
        return {
            "format": "yumen-deidentify-v1",
            "plan": self.plan.digest(),
            "rows": self.rows,
            "kept": self.kept,
            "suppressed": self.rows - self.kept,
            "classes": {
                "count": len(self.sizes),
                "smallest": self.k,
                "largest": int(self.sizes.max()),
                "average": shown(self.kept / len(self.sizes)),
            },
            "k": {"asked": self.plan.k, "measured": self.k},
            "l": {"asked": self.plan.l, "measured": dict(self.diversity)},
            "t": {"asked": self.plan.t, "measured": {name: shown(far) for name, far in self.closeness.items()}},
            "risk": self.risks.document(),
            "degree": {"standard": "GB/T 42460-2023", "degree": self.degree},
            "loss": {
                "total": shown(self.found.loss),
                "columns": {
                    each.column: {
                        "level": self.levels[each.column],
                        "of": each.ladder.height,
                        "loss": shown(self.losses[each.column]),
                    }
                    for each in self.plan.quasi
                },
            },
            "tokens": {"columns": [each.column for each in self.plan.tokens], "refused": dict(self.refused)},
            "searched": {"combinations": self.found.nodes, "checked": self.found.checked},
        }


@dataclass(frozen=True, slots=True)
class Deidentified:
    """The table that comes out, and the report."""

    table: Any = field(repr=False)
    report: Report


def deidentify(
    table: Any,
    plan: DeidPlan,
    *,
    tokens: Tokens | None = None,
    population: Any = None,
    on_progress: OnProgress | None = None,
) -> Deidentified:
    """De-identify an Arrow table, or anything that speaks the Arrow C stream interface; gives an Arrow table.

    ``population`` is a table with the quasi-identifiers of everybody the people may be from (the journalist's risk).
    Raises: BulkSourceError: not Arrow; DeidPlanError: the plan does not fit; DeidDataError: cells that cannot be used;
        DeidImpossibleError: what is asked for cannot be reached; ColumnTypeError; TokensRefusedError: no keys.
    """
    table = table if isinstance(table, pa.Table) else reader_of(table).read_all()
    plan.check(table.column_names)
    if plan.tokens and tokens is None:
        raise TokensRefusedError("the plan makes tokens: a recipient and keys are needed")
    if plan.one_row_per is not None:
        _check_people(table.column(plan.one_row_per), plan.one_row_per)
    columns = [make_column(_joined(table, population, each.column), each) for each in plan.quasi]
    if not table.num_rows:
        raise DeidImpossibleError("there are no rows")
    own = [replace(column, codes=column.codes[: table.num_rows]) for column in columns]
    people = People(own, plan, {each.column: table.column(each.column) for each in plan.sensitive})
    lattice = Lattice([range(each.least, each.ladder.height + 1) for each in plan.quasi], people.floors())
    found = lattice.search(people.holds, people.loss, on_progress)
    classes = None if found is None else people.classes(found.levels)
    if found is None or classes is None:
        raise DeidImpossibleError(
            f"k, l and t cannot be reached while at most {people.spare} of {people.rows} rows are left out"
        )
    class_of_row = classes.of[people.place_of]
    wider = None if population is None else _wider(columns, found.levels, class_of_row)[classes.left]
    rows = np.flatnonzero(classes.left[class_of_row])
    made, refused = _columns(table, people, found.levels, rows=rows, tokens=tokens)
    risks = measure(
        classes.sizes[classes.left],
        threshold=plan.risk_threshold,
        wider=wider,
        population=None if population is None else population.num_rows,
    )
    return Deidentified(made, _report(people, found, classes, risks=risks, refused=refused))


def _report(
    people: People, found: Found, classes: Classes, *, risks: Risks, refused: Mapping[str, Mapping[str, int]]
) -> Report:
    rows = np.flatnonzero(classes.left[classes.of[people.place_of]])
    plan = people.plan
    return Report(
        rows=people.rows,
        sizes=classes.sizes[classes.left],
        risks=risks,
        levels=dict(zip((each.column for each in plan.quasi), found.levels, strict=True)),
        losses=_losses(people.columns, found.levels, rows),
        found=found,
        diversity=people.diversity(classes),
        closeness=people.closeness(classes),
        refused=refused,
        plan=plan,
    )


def _check_people(column: Any, name: str) -> None:
    """Check that no person has two rows. Raises: DeidDataError."""
    codes, values = encoded(column)
    counts = np.bincount(codes, minlength=len(values))
    is_null = np.asarray(values.is_null(), bool)
    if is_null.any():
        raise DeidDataError(name, "empty, so that nobody knows whose row it is", int(counts[is_null].sum()))
    if (counts > 1).any():
        raise DeidDataError(name, "a further row of the same person", int((counts - 1).sum()))


def _joined(table: Any, population: Any, name: str) -> Any:
    """A column, followed by that of the population. Raises: DeidDataError."""
    own = table.column(name)
    if population is None:
        return own
    if name not in population.column_names:
        raise DeidDataError(name, "of a population without this column", population.num_rows)
    try:
        return pa.chunked_array([*own.chunks, *population.column(name).cast(own.type).chunks], own.type)
    except pa.ArrowInvalid:
        raise DeidDataError(name, "of another type in the population", population.num_rows) from None


def _wider(columns: Sequence[Column], levels: Levels, class_of_row: Any) -> Any:
    """How many of the population each class holds. Raises: DeidDataError: fewer than the table."""
    own = len(class_of_row)
    parts = [column.levels[level][column.codes] for column, level in zip(columns, levels, strict=True)]
    sizes = [column.size(level) for column, level in zip(columns, levels, strict=True)]
    of = numbered(keyed(parts, sizes))
    counts = np.bincount(of[own:], minlength=int(of.max()) + 1)
    found = np.zeros(int(class_of_row.max()) + 1, np.int64)
    found[class_of_row] = counts[of[:own]]
    missing = found < np.bincount(class_of_row)
    if missing.any():
        raise DeidDataError("population", "in a class of fewer people than the table has", int(missing.sum()))
    return found


def _losses(columns: Sequence[Column], levels: Levels, rows: Any) -> dict[str, float]:
    return {
        column.name: float(column.losses[level][column.codes[rows]].mean())
        for column, level in zip(columns, levels, strict=True)
    }


def _columns(
    table: Any, people: People, levels: Levels, *, rows: Any, tokens: Tokens | None
) -> tuple[Any, dict[str, dict[str, int]]]:
    """The columns that come out, in their order, and the cells that have no token."""
    plan, places = people.plan, pa.array(rows)
    coarse = {column.name: (column, level) for column, level in zip(people.columns, levels, strict=True) if level}
    made_of = {each.column: each for each in plan.tokens}
    arrays: dict[str, Any] = {}
    refused: dict[str, dict[str, int]] = {}
    for name in table.column_names:
        if name in plan.drop:
            continue
        if name in coarse:
            column, level = coarse[name]
            arrays[name] = column.generalised(level, column.codes[rows])
            continue
        arrays[name] = table.column(name).take(places)
        if name in made_of and tokens is not None:
            arrays[name], faults = _tokens(arrays[name], made_of[name], tokens)
            refused |= {name: faults} if faults else {}
    return pa.table(arrays), refused


def _tokens(column: Any, plan: ColumnPlan, tokens: Tokens) -> tuple[Any, dict[str, int]]:
    maker = ColumnTokeniser(tokens.ring.tokeniser(tokens.recipient.scope(plan.field), plan.spec))
    found = maker.tokenise(column)
    return found.tokens, dict(Counter(cell.fault for cell in found.refused))
