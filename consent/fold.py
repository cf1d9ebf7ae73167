"""The published fold: consent events in order -> the state of every grant. See docs/formats/consent-events.md.

Rules:
- pure: no clock, no database; anyone holding the events gets the same states;
- strict: an illegal transition, a skipped version, a changed term or a growing list of fields is a broken history.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from consent.errors import HistoryBrokenError, NotLiveError
from consent.grants import BIRTHS, GrantState, Kind, State, advance, grant_from_document


@dataclass(frozen=True, slots=True)
class GrantEvent:
    """One consent event of one subject.

    Attributes:
        seq: the subject's consent version after it.
        grant: the public grant document, as it stands after the event.
    """

    seq: int
    kind: Kind
    grant: dict[str, Any]


def fold(events: Iterable[GrantEvent]) -> dict[str, GrantState]:
    """Fold the events of one subject, in order of ``seq``, into the state of each grant by id.

    Raises: HistoryBrokenError: the events are no legal history; names the event.
    """
    states: dict[str, GrantState] = {}
    last = 0
    for event in events:
        if event.seq <= last:
            raise HistoryBrokenError(event.seq, "out of order")
        last = event.seq
        states.update(apply(states, event))
    return states


def apply(states: dict[str, GrantState], event: GrantEvent) -> dict[str, GrantState]:
    """What one event changes, given the states before it: the new state of each grant it touches.

    A birth ends the currency of terminal grants with the same purpose and recipient.
    Raises: HistoryBrokenError: the event does not follow from the states.
    """
    try:
        told = grant_from_document(event.grant, BIRTHS.get(event.kind, State.LIVE))
    except (KeyError, ValueError, TypeError, AttributeError) as error:
        raise HistoryBrokenError(event.seq, "not a grant document") from error
    if event.kind in BIRTHS:
        return _birth(states, event.seq, told)
    before = states.get(told.id)
    if before is None:
        raise HistoryBrokenError(event.seq, "a grant that was never given")
    return {told.id: _step(before, event, told)}


def _birth(states: dict[str, GrantState], seq: int, told: GrantState) -> dict[str, GrantState]:
    if told.id in states or told.version != 1 or not told.fields:
        raise HistoryBrokenError(seq, "not a first version")
    closed = {
        other.id: replace(other, is_current=False)
        for other in states.values()
        if other.is_current
        and not other.state.is_open
        and (other.purpose, other.recipient) == (told.purpose, told.recipient)
    }
    return {**closed, told.id: told}


def _step(before: GrantState, event: GrantEvent, told: GrantState) -> GrantState:
    shrinks = event.kind is Kind.FIELD_WITHDRAWN
    try:
        after = advance(before, event.kind, told.fields if shrinks else None)
    except NotLiveError as error:
        raise HistoryBrokenError(event.seq, f"{event.kind} of a grant that is {before.state}") from error
    if shrinks and not (told.fields and set(told.fields) < set(before.fields)):
        raise HistoryBrokenError(event.seq, "the fields do not shrink")
    if replace(told, state=after.state, is_current=after.is_current) != after:
        raise HistoryBrokenError(event.seq, "the terms or the version changed")
    return after
