"""What becomes of each column of a file: tokens of some kind, left as it is, or left out.

Rules:
- every column is named: one that nobody thought of may hold somebody's number, so it stops the run;
- a column of tokens names the catalogued field it holds; tokens of one field join across files, of two fields never;
- a plan is a small document, read strictly; its digest stands in the ledger.

Format: docs/formats/tokens.md.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from vault.errors import BulkPlanError, TokenSpecError
from vault.fpe import Keep
from vault.token_kinds import TokenKind, TokenScope, TokenSpec

MEMBERS: Final = frozenset({"columns", "keep", "drop"})
COLUMN_MEMBERS: Final = frozenset({"field", "kind", "of", "keep"})


@dataclass(frozen=True, slots=True)
class ColumnPlan:
    """A column that becomes tokens of a field."""

    column: str
    field: str
    spec: TokenSpec


@dataclass(frozen=True, slots=True)
class Recipient:
    """For whom a file is tokenised, and for what."""

    tenant: str
    purpose: str
    party: str

    def scope(self, field: str) -> TokenScope:
        """The scope of a field's tokens."""
        return TokenScope(self.tenant, self.purpose, self.party, field)


@dataclass(frozen=True, slots=True)
class BulkPlan:
    """What becomes of every column."""

    columns: tuple[ColumnPlan, ...]
    keep: tuple[str, ...] = ()
    drop: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Check that no column is named twice and that there is work to do.

        Raises: BulkPlanError.
        """
        named = [*(each.column for each in self.columns), *self.keep, *self.drop]
        problems = [f"column `{name}` is named twice" for name in sorted({n for n in named if named.count(n) > 1})]
        if not self.columns:
            problems.append("no column is to become tokens")
        if problems:
            raise BulkPlanError(problems)

    def check(self, names: Sequence[str]) -> None:
        """Check the plan against the columns of a file.

        Raises: BulkPlanError: a column is missing, there twice, or not in the plan.
        """
        named = [*(each.column for each in self.columns), *self.keep, *self.drop]
        problems = [f"there is no column `{name}`" for name in named if name not in names]
        problems += [
            f"column `{name}` is there twice" for name in sorted({n for n in names if list(names).count(n) > 1})
        ]
        problems += [
            f"column {place + 1} is not in the plan: tokenise, keep or drop it"
            for place, name in enumerate(names)
            if name not in named
        ]
        if problems:
            raise BulkPlanError(problems)

    def document(self) -> dict[str, Any]:
        """The plan in full."""
        return {
            "columns": {
                each.column: {
                    "field": each.field,
                    "keep": each.spec.keep.value,
                    "kind": each.spec.kind.value,
                    "of": str(each.spec.of),
                }
                for each in self.columns
            },
            "drop": list(self.drop),
            "keep": list(self.keep),
        }

    def digest(self) -> str:
        """SHA-256 of the plan, hex."""
        text = json.dumps(self.document(), sort_keys=True, ensure_ascii=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()


def read_plan(document: object, kinds: Mapping[str, str | None]) -> BulkPlan:
    """Read a plan from a parsed document.

    Shape: ``{columns: {NAME: {field, kind, of?, keep?}}, keep: [NAME], drop: [NAME]}``. ``kinds`` gives the kind of
    identifier of each catalogued field: a field that is none of them is refused, and ``of`` defaults to it.
    Raises: BulkPlanError.
    """
    problems: list[str] = []
    if not isinstance(document, Mapping) or not set(document) <= MEMBERS:
        raise BulkPlanError(["a plan has the members columns, keep and drop"])
    columns = document.get("columns")
    if not isinstance(columns, Mapping):
        raise BulkPlanError(["columns: a table of columns is needed"])
    plans = [_column(str(name), entry, kinds, problems) for name, entry in columns.items()]
    keep, drop = (_names(document.get(member, ()), member, problems) for member in ("keep", "drop"))
    if problems:
        raise BulkPlanError(problems)
    return BulkPlan(tuple(plan for plan in plans if plan is not None), keep, drop)


def read_column(text: str) -> tuple[str, dict[str, str]]:
    """Read ``COLUMN=FIELD:KIND[:OF[:KEEP]]`` as one entry of a plan's columns.

    Raises: BulkPlanError.
    """
    name, equals, rest = text.partition("=")
    parts = rest.split(":")
    if not name or not equals or not 2 <= len(parts) <= 4:
        raise BulkPlanError(["a column is written COLUMN=FIELD:KIND, with :OF and :KEEP where they are needed"])
    return name, {member: part for member, part in zip(("field", "kind", "of", "keep"), parts, strict=False) if part}


def _column(name: str, entry: object, kinds: Mapping[str, str | None], problems: list[str]) -> ColumnPlan | None:
    if not isinstance(entry, Mapping) or not {"field", "kind"} <= set(entry) <= COLUMN_MEMBERS:
        problems.append(f"column `{name}`: field and kind are needed; of and keep may be given")
        return None
    field = str(entry["field"])
    if field not in kinds:
        problems.append(f"column `{name}`: the catalogue has no such field")
        return None
    try:
        spec = TokenSpec(
            TokenKind(str(entry["kind"])), str(entry.get("of") or kinds[field]), Keep(str(entry.get("keep", "nothing")))
        )
    except ValueError:
        kinds_text, keeps = ", ".join(TokenKind), ", ".join(Keep)
        problems.append(f"column `{name}`: kind is one of {kinds_text}; keep one of {keeps}")
        return None
    except TokenSpecError as error:
        problems.append(f"column `{name}`: {error}")
        return None
    if spec.kind is TokenKind.RANDOM:
        problems.append(f"column `{name}`: random tokens belong to registered people and are given at the gate")
        return None
    return ColumnPlan(name, field, spec)


def _names(given: object, member: str, problems: list[str]) -> tuple[str, ...]:
    if not isinstance(given, Iterable) or isinstance(given, str | Mapping):
        problems.append(f"{member}: a list of columns is needed")
        return ()
    return tuple(str(name) for name in given)
