"""One subject's open book: the changes of one transaction, before they are written.

Rules: every change is an event, and the new states are what the published fold makes of it, so the projection cannot
differ from the fold; grants that ran out are recorded as expired before anything else happens.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from consent.fold import GrantEvent, apply
from consent.grants import GrantState, Kind, State, advance, grant_document
from consent.journal import SUBJECT_ROLES, SYSTEM, Actor, ConsentEvent
from consent.rows import held_text
from consent.store.grants import StoredEvent
from consent.subjects import AgeBand, Grant, Subject, SubjectStatus


class SubjectBook:
    """The working state of a locked subject; use once, within one transaction.

    Attributes:
        subject: the row as it was locked.
        entries: the ledger events made so far; ``stored``: the same as rows.
    """

    def __init__(self, subject: Subject, grants: Iterable[Grant], now: datetime) -> None:
        self.subject = subject
        self.entries: list[ConsentEvent] = []
        self.stored: list[StoredEvent] = []
        self.now = now
        self._grants = {grant.state.id: grant for grant in grants}
        self._changed: set[str] = set()
        self._settle()

    @property
    def version(self) -> int:
        """The consent version after what was recorded so far."""
        return self.subject.version + len(self.stored)

    @property
    def open_grants(self) -> list[GrantState]:
        """The open grants in the order of their ids."""
        return sorted((grant.state for grant in self._grants.values() if grant.state.state.is_open), key=lambda g: g.id)

    @property
    def changed(self) -> list[Grant]:
        """The grants to write."""
        return [self._grants[name] for name in sorted(self._changed)]

    def after(self, macs: Mapping[str, bytes], entries: Sequence[int]) -> Subject:
        """The subject's row after what was recorded; ``macs`` are the codes of the changed grants as written."""
        grants = [replace(grant, mac=macs.get(name, grant.mac)) for name, grant in self._grants.items()]
        told = max((self.subject.told, *entries))
        return replace(self.subject, version=self.version, told=told, held=held_of(grants))

    def find(self, grant: str) -> GrantState | None:
        """A current grant, None if the subject has no current grant of this id."""
        found = self._grants.get(grant)
        return None if found is None else found.state

    def is_open(self, grant: str) -> bool:
        """Whether the grant is one of the open ones."""
        return grant in self._grants and self._grants[grant].state.state.is_open

    def born(self, grant: Grant, kind: Kind, by: Actor) -> None:
        """Record a grant given or refused."""
        self._grants[grant.state.id] = grant
        states = {name: known.state for name, known in self._grants.items() if name != grant.state.id}
        self._record(kind, grant.state, states, by)

    def move(self, grant: GrantState, kind: Kind, by: Actor, fields: tuple[str, ...] | None = None) -> None:
        """Record an event of a known grant.

        Raises: NotLiveError: its state does not allow it.
        """
        states = {name: known.state for name, known in self._grants.items()}
        self._record(kind, advance(grant, kind, fields), states, by)

    def set_age_band(self, band: AgeBand, by: Actor) -> None:
        """Change the age band and record that it was; the band itself is not told."""
        self.subject = replace(self.subject, age_band=band)
        self._write("subject.age_band_set", None, by, {})

    def set_status(self, status: SubjectStatus, by: Actor) -> None:
        """Restrict the subject, or no longer, and record that it was."""
        self.subject = replace(self.subject, status=status)
        kind = "subject.restricted" if status is SubjectStatus.RESTRICTED else "subject.unrestricted"
        self._write(kind, None, by, {})

    def _settle(self) -> None:
        for grant in self.open_grants:
            if grant.state_at(self.now) is State.EXPIRED:
                self.move(grant, Kind.EXPIRED, SYSTEM)

    def _record(self, kind: Kind, after: GrantState, states: dict[str, GrantState], by: Actor) -> None:
        document = grant_document(after)
        for name, state in apply(states, GrantEvent(self.version + 1, kind, document)).items():
            self._grants[name] = replace(self._grants[name], state=state)
            self._changed.add(name)
        self._write(kind, after, by, {"grant": document})

    def _write(self, kind: str, grant: GrantState | None, by: Actor, detail: dict[str, object]) -> None:
        actor = replace(by, id=self.subject.pseudonym) if by.role in SUBJECT_ROLES else by
        seq = self.version + 1
        self.entries.append(
            ConsentEvent(
                kind=str(kind),
                tenant=self.subject.id.tenant,
                at=self.now,
                actor=actor,
                subject=self.subject.pseudonym,
                consent_version=seq,
                purpose=None if grant is None else grant.purpose,
                party=None if grant is None else grant.recipient,
                detail=detail,
            )
        )
        body = {"v": 1, "actor": {"role": actor.role, "id": actor.id}, **detail, **self._references(kind, grant)}
        grant_id = None if grant is None else grant.id
        self.stored.append(StoredEvent(self.subject.id, seq, str(kind), grant_id, self.now, body))

    def _references(self, kind: str, grant: GrantState | None) -> dict[str, object]:
        if grant is None or kind not in (Kind.GIVEN, Kind.REFUSED):
            return {}
        held = self._grants[grant.id]
        return {"references": {"guardian": held.guardian, "evidence": held.evidence}}


def held_of(grants: Iterable[Grant]) -> str:
    """The list of current grants that stands in their subject's row."""
    return held_text(
        (grant.state.purpose, grant.state.recipient, grant.mac or b"") for grant in grants if grant.state.is_current
    )
