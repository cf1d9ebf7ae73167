"""A small batch of feature values: every row is right, or none is stored.

Rules: values have the types of the view's features; observations lie in the past; every subject is known; identifiers
of
people stand only in features declared for them. What is wrong is named by position, feature and fault, never by value.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from api.problems import ProblemError
from api.problems.faults import place
from api.problems.validation import SHOWN_ERRORS
from catalog import FeatureView
from catalog.classify.guarding import Guard
from catalog.shapes import Scalar
from gate.facts import microseconds
from gate.loading import GuardPolicy, Observation, ValueWriter, Written
from gate.loading.cells import CellFault, CellRefusal, Reader, reader

CLOCKS_DIFFER = timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
class Row:
    """What was observed of one subject; the values do not show in repr."""

    subject: str
    observed_at: datetime
    values: Mapping[str, Any] = field(repr=False)


async def observe(
    connection: AsyncConnection, writer: ValueWriter, rows: Sequence[Row], *, now: datetime, guard: GuardPolicy
) -> tuple[Written, list[dict[str, Any]]]:
    """Store rows of the writer's view in the caller's transaction.

    Shape: beside what was stored the places of values held back, which only ``quarantine`` does.

    Raises: ProblemError: request/invalid, naming every failing place; the transaction must not be committed.
    """
    observations, faults = _read(rows, writer.view, now)
    held: list[dict[str, Any]] = []
    if guard is not GuardPolicy.OFF:
        observations, held = _guarded(observations, writer.view, now)
    if guard is GuardPolicy.REFUSE:
        faults += held
    if not faults:
        written = await writer.store(connection, observations, now=now)
        faults = list(_unstored(rows, written))
        if not faults:
            return written, held
    raise ProblemError("request/invalid", errors=faults[:SHOWN_ERRORS])


def _guarded(
    observations: Sequence[Observation], view: FeatureView, now: datetime
) -> tuple[list[Observation], list[dict[str, Any]]]:
    """Take out identifiers whose feature is not declared for them, and name their places."""
    guard, offences, kept = Guard(view), [], []
    for number, each in enumerate(observations):
        bad = [name for name, value in each.values.items() if guard.offence(name, value, now.date()) is not None]
        offences += [place(f"/rows/{number}/values/{name}", CellFault.IDENTIFIER.value) for name in bad]
        values = {name: value for name, value in each.values.items() if name not in bad}
        kept.append(Observation(each.subject, each.at_us, values) if bad else each)
    return kept, offences


def _read(rows: Sequence[Row], view: FeatureView, now: datetime) -> tuple[list[Observation], list[dict[str, Any]]]:
    readers = {feature.name: reader(feature.type, is_text=False) for feature in view.features}
    observations: list[Observation] = []
    faults: list[dict[str, Any]] = []
    for number, row in enumerate(rows):
        if row.observed_at > now + CLOCKS_DIFFER:
            faults.append(place(f"/rows/{number}/observed_at", "in_future"))
        values = dict(_values(row, readers, number, faults))
        observations.append(Observation(row.subject, microseconds(min(row.observed_at, now)), values))
    return observations, faults


def _values(
    row: Row, readers: Mapping[str, Reader], number: int, faults: list[dict[str, Any]]
) -> Iterator[tuple[str, Scalar]]:
    for name, value in row.values.items():
        if name not in readers:
            faults.append(place(f"/rows/{number}/values", "unknown_feature"))
            continue
        try:
            yield name, None if value is None else readers[name](value)
        except CellRefusal as refusal:
            faults.append(place(f"/rows/{number}/values/{name}", refusal.fault.value))


def _unstored(rows: Sequence[Row], written: Written) -> Iterator[dict[str, Any]]:
    for number, row in enumerate(rows):
        if row.subject in written.unknown:
            yield place(f"/rows/{number}/subject", "subject_unknown")
        elif row.subject in written.unreadable:
            yield place(f"/rows/{number}/subject", "subject_unreadable")
