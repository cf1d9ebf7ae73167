"""One subject's rows against what the ledger tells of them: every difference, by table, row and column.

Rules:
- the ledger is what is believed: its consent events are folded, and rows must be what the fold gives;
- rows are compared as stored, column by column, so that whatever stands there can be named, however wrong;
- a code that does not hold is a difference of its own, also where the ledger cannot tell (age band, observation);
- pure: whoever calls has read the rows in one snapshot.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from catalog import CatalogError, canonical
from consent.errors import HistoryBrokenError
from consent.fold import GrantEvent, fold
from consent.grants import GrantState, Kind
from consent.rows import GRANT, SUBJECT, RowSealer, grant_row, held_text, subject_row
from consent.store.grants import columns
from consent.store.subjects import NO_VERSION
from consent.subjects import Grant, SubjectId, SubjectStatus

Row = Mapping[str, Any]
MISSING, EXTRA, CODE, HISTORY = "missing", "extra", "mac", "history"
SEALED = frozenset({CODE, "held", "told"})
"""Differences that sealing a row mends."""


@dataclass(frozen=True, slots=True)
class Told:
    """One consent event as the ledger tells it.

    Attributes:
        entry: id of the ledger entry; ``version``: the subject's consent version after it.
        grant: the grant document, None for an event that is not about a grant.
    """

    entry: int
    version: int
    kind: str
    grant: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that is not as the ledger tells.

    Attributes:
        id: the opaque name of the row.
        what: the column, or "missing", "extra", "mac" (the code does not hold), "history" (the ledger's own events
            are no legal history).
    """

    table: str
    id: str
    what: str


@dataclass(frozen=True, slots=True)
class SubjectRows:
    """The rows of one subject, as mappings of columns."""

    subject: Row
    grants: list[Row] = field(default_factory=list)
    events: list[Row] = field(default_factory=list)


def audit_subject(rows: SubjectRows, told: Sequence[Told], sealer: RowSealer) -> list[Difference]:
    """Compare a subject's rows with the events the ledger tells, in the order of its entries."""
    who = str(rows.subject["ref"])
    events = [GrantEvent(each.version, Kind(each.kind), each.grant) for each in told if each.grant is not None]
    try:
        states = fold(events)
    except HistoryBrokenError:
        return [Difference("ledger_entries", str(rows.subject["pseudonym"]), HISTORY)]
    found = [Difference("consent_subjects", who, what) for what in _subject(rows, told, sealer)]
    found += _grants(rows, states, sealer)
    found += _events(rows, told)
    return found


def _subject(rows: SubjectRows, told: Sequence[Told], sealer: RowSealer) -> Iterator[str]:
    row = rows.subject
    gone = row["status"] == SubjectStatus.ERASED
    last = told[-1] if told else Told(0, NO_VERSION if gone else 0, "", None)
    if row["version"] != last.version:
        yield "version"
    if not gone and row["status"] != _status(told):
        yield "status"
    if row["told"] != last.entry:
        yield "told"
    current = [(g["purpose"], g["recipient"], g["mac"] or b"") for g in rows.grants if g["is_current"]]
    if row["held"] != held_text(current):
        yield "held"
    if not sealer.holds(SUBJECT, subject_row(row), row["mac"]):
        yield CODE


def _status(told: Sequence[Told]) -> SubjectStatus:
    """Whether the newest word on it restricts the subject; an erasure is told of a pseudonym that no row has."""
    words = {"subject.restricted": SubjectStatus.RESTRICTED, "subject.unrestricted": SubjectStatus.KNOWN}
    return next((words[each.kind] for each in reversed(told) if each.kind in words), SubjectStatus.KNOWN)


def _grants(rows: SubjectRows, states: Mapping[str, GrantState], sealer: RowSealer) -> Iterator[Difference]:
    references = _references(rows.events)
    stored = {str(row["id"]): row for row in rows.grants}
    for name in sorted(states.keys() - stored.keys()):
        yield Difference("consent_grants", name, MISSING)
    for name in sorted(stored.keys() - states.keys()):
        yield Difference("consent_grants", name, EXTRA)
    for name in sorted(states.keys() & stored.keys()):
        row, state = stored[name], states[name]
        guardian, evidence = references.get(name, (row["guardian"], row["evidence"]))
        who = SubjectId(str(rows.subject["tenant"]), str(rows.subject["ref"]))
        expected = columns(Grant(who, state, guardian, evidence))
        expected |= {"guardian": guardian if state.guardian else None, "evidence": evidence if state.evidence else None}
        for column, value in expected.items():
            if row[column] != value:
                yield Difference("consent_grants", name, column)
        if not _code_holds(row, sealer):
            yield Difference("consent_grants", name, CODE)


def _code_holds(row: Row, sealer: RowSealer) -> bool:
    try:
        content = grant_row(row)
    except (TypeError, ValueError):  # what stands there is of another type
        return False
    return sealer.holds(GRANT, content, row["mac"])


def _events(rows: SubjectRows, told: Sequence[Told]) -> Iterator[Difference]:
    stored = {row["seq"]: row for row in rows.events}
    for each in told:
        row = stored.pop(each.version, None)
        name = f"{rows.subject['ref']}/{each.version}"
        if row is None:
            yield Difference("consent_events", name, MISSING)
        elif row["kind"] != each.kind:
            yield Difference("consent_events", name, "kind")
        elif _grant_of(row) != (None if each.grant is None else canonical(each.grant)):
            yield Difference("consent_events", name, "body")
    for seq in sorted(stored):
        yield Difference("consent_events", f"{rows.subject['ref']}/{seq}", EXTRA)


def _grant_of(row: Row) -> bytes | None:
    """The canonical grant document of a stored event; something else where the body cannot be read."""
    body = _body(row)
    try:
        return canonical(body["grant"]) if "grant" in body else None
    except CatalogError:
        return b""


def _body(row: Row) -> dict[str, Any]:
    try:
        return msgspec.json.decode(row["body"], type=dict[str, Any])
    except (msgspec.DecodeError, TypeError, UnicodeEncodeError):
        return {"grant": ""}


def _references(events: Sequence[Row]) -> dict[str, tuple[str | None, str | None]]:
    """The guardian and evidence of each grant, as its first event keeps them."""
    found: dict[str, tuple[str | None, str | None]] = {}
    for row in events:
        kept = _body(row).get("references")
        if isinstance(kept, dict) and row["grant_id"] is not None:
            found[str(row["grant_id"])] = (kept.get("guardian"), kept.get("evidence"))
    return found
