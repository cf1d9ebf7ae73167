"""A column's review: proposed by a scan, confirmed or overridden by a person, lowered only by two.

Rules enforced here:
- until a person confirms it, a column is handled as the highest grade, whatever was found (PIPL 51(2));
- confirming takes what was found; overriding names another kind or grade; both give a reason;
- what would lower the grade below what was found, or below what was confirmed before, is asked for by one person and
  approved by another;
- a scan never changes what a person confirmed: it only says what it found now;
- whoever reviews says which version they saw, so that no review overwrites another unseen.
"""

import base64
import dataclasses
import hashlib
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

from catalog.canonical import canonical
from catalog.classify.columns.kinds import column_kinds
from catalog.classify.errors import (
    NothingAskedError,
    ReasonPersonalError,
    ReviewStaleError,
    ReviewUnknownError,
    SecondPersonError,
)
from catalog.classify.grading import grade_of
from catalog.classify.values.likelihood import Likelihood
from catalog.classify.values.scanning import scan
from catalog.grades import UNKNOWN_GRADE


class State(StrEnum):
    """Where a column stands."""

    PROPOSED = "proposed"
    CONFIRMED = "confirmed"
    LOWERING_ASKED = "lowering_asked"


class Action(StrEnum):
    """What happened to a column."""

    PROPOSED = "proposed"
    CONFIRM = "confirm"
    OVERRIDE = "override"
    ASK_LOWERING = "ask_lowering"
    APPROVE = "approve"
    REFUSE = "refuse"


@dataclass(frozen=True, slots=True)
class ColumnPlace:
    """Where a column is: the source's name, its table, its name."""

    source: str
    table: str
    column: str

    @property
    def id(self) -> str:
        """An opaque id: names of columns are free and have no place in a ledger or a path."""
        name = canonical([self.source, self.table, self.column])
        return "col_" + base64.b32encode(hashlib.sha256(name).digest()).decode().lower()[:26]


@dataclass(frozen=True, slots=True)
class Classed:
    """A kind with a grade."""

    kind: str
    grade: int


@dataclass(frozen=True, slots=True)
class ReviewedColumn:
    """A column under review.

    Attributes:
        found: what the last scan found; `is_known`: whether it was sure enough.
        confirmed: what a person decided, None before that.
        asked: a lowering somebody asked for, and who.
        version: counts events from 1.
    """

    place: ColumnPlace
    found: Classed
    is_known: bool
    confirmed: Classed | None = None
    asked: Classed | None = None
    asked_by: str | None = None
    version: int = 1

    @property
    def state(self) -> State:
        """Where it stands."""
        if self.asked is not None:
            return State.LOWERING_ASKED
        return State.PROPOSED if self.confirmed is None else State.CONFIRMED

    @property
    def grade(self) -> int:
        """The grade it is handled by."""
        return UNKNOWN_GRADE if self.confirmed is None else self.confirmed.grade

    @property
    def floor(self) -> int:
        """The grade below which one person cannot bring it."""
        if self.confirmed is not None:
            return self.confirmed.grade
        return self.found.grade if self.is_known else UNKNOWN_GRADE


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """What a person decides.

    Attributes:
        action: confirm, override, approve or refuse.
        kind, grade: for an override; without a grade the kind's.
        version: of the column as the person saw it.
        by: who, as the ledger names them.
    """

    action: Action
    by: str
    reason: str
    version: int
    kind: str | None = None
    grade: int | None = None


@dataclass(frozen=True, slots=True)
class Event:
    """One line of a column's history."""

    version: int
    action: Action
    by: str
    kind: str
    grade: int
    reason: str


NO_REASON: Final = ""


def proposed(place: ColumnPlace, found: Classed, *, is_known: bool, by: str) -> tuple[ReviewedColumn, Event]:
    """Begin the review of a column a scan found."""
    column = ReviewedColumn(place, found, is_known)
    return column, Event(1, Action.PROPOSED, by, found.kind, found.grade, NO_REASON)


def reviewed(column: ReviewedColumn, review: Review, today: date) -> tuple[ReviewedColumn, Event]:
    """Apply a person's decision.

    Raises: ReviewStaleError; ReasonPersonalError; ReviewUnknownError; NothingAskedError; SecondPersonError.
    """
    if review.version != column.version:
        raise ReviewStaleError(column.version)
    _check_reason(review.reason, today)
    match review.action:
        case Action.CONFIRM:
            if not column.is_known:
                raise ReviewUnknownError(column.found.kind)
            return _decided(column, column.found, review)
        case Action.OVERRIDE:
            return _decided(column, _named(review), review)
        case Action.APPROVE | Action.REFUSE:
            return _answered(column, review)
        case Action.PROPOSED | Action.ASK_LOWERING:
            raise ReviewUnknownError(review.action)


def _decided(column: ReviewedColumn, wanted: Classed, review: Review) -> tuple[ReviewedColumn, Event]:
    version = column.version + 1
    if wanted.grade < column.floor:
        asked = dataclasses.replace(column, asked=wanted, asked_by=review.by, version=version)
        return asked, Event(version, Action.ASK_LOWERING, review.by, wanted.kind, wanted.grade, review.reason)
    done = dataclasses.replace(column, confirmed=wanted, asked=None, asked_by=None, version=version)
    return done, Event(version, review.action, review.by, wanted.kind, wanted.grade, review.reason)


def _answered(column: ReviewedColumn, review: Review) -> tuple[ReviewedColumn, Event]:
    if column.asked is None:
        raise NothingAskedError
    if review.action is Action.APPROVE and review.by == column.asked_by:
        raise SecondPersonError
    version = column.version + 1
    confirmed = column.asked if review.action is Action.APPROVE else column.confirmed
    done = dataclasses.replace(column, confirmed=confirmed, asked=None, asked_by=None, version=version)
    return done, Event(version, review.action, review.by, column.asked.kind, column.asked.grade, review.reason)


def _named(review: Review) -> Classed:
    if review.kind is None or review.kind not in column_kinds():
        raise ReviewUnknownError(review.kind or "")
    if review.grade is not None and not 1 <= review.grade <= UNKNOWN_GRADE:
        raise ReviewUnknownError(review.kind)
    return Classed(review.kind, review.grade or grade_of(review.kind).grade)


def _check_reason(reason: str, today: date) -> None:
    """A reason is kept for years and shown: nobody's data belongs into it."""
    if any(found.likelihood >= Likelihood.LIKELY for found in scan(reason, today).findings):
        raise ReasonPersonalError
