"""How grants and what happened to them are shown."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from api.identity import Principal, Role
from api.routes.wire import Answer, Evidence, Shown
from api.strictroute import Body
from catalog import ReleaseForm
from consent import Channel, ConsentForm, Grant, State, StoredEvent


class OnBehalf(Body):
    """What staff add who act for a person: the reference or digest of what shows the person's will."""

    evidence: Evidence | None = None


class GrantShown(Answer):
    """A grant as it stands now. ``subject`` is left out (null) for auditors, who know people by pseudonym."""

    id: str
    subject: str | None
    purpose: str
    recipient: str
    notice: str
    notice_version: int
    notice_hash: str
    form: ConsentForm
    guardian: bool
    evidence: bool
    provision: bool
    fields: list[str]
    max_form: ReleaseForm
    channel: Channel
    state: State
    version: int
    given_at: Shown
    starts_at: Shown
    expires_at: Shown | None

    @classmethod
    def of(cls, grant: Grant, now: datetime, caller: Principal) -> GrantShown:
        """Show a grant to a caller."""
        state = grant.state
        knows_people = caller.acting_as(Role.SUBJECT, Role.STEWARD, Role.DPO) is not None
        return cls(
            id=state.id,
            subject=grant.subject.ref if knows_people else None,
            purpose=state.purpose,
            recipient=state.recipient,
            notice=state.notice,
            notice_version=state.notice_version,
            notice_hash=state.notice_hash,
            form=state.form,
            guardian=state.guardian,
            evidence=state.evidence,
            provision=state.provision,
            fields=list(state.fields),
            max_form=state.max_form,
            channel=state.channel,
            state=state.state_at(now),
            version=state.version,
            given_at=state.given,
            starts_at=state.starts,
            expires_at=state.expires,
        )


class Step(Answer):
    """One thing that happened to a grant; ``fields`` are those left afterwards."""

    kind: str
    at: Shown
    consent_version: int
    by: str
    fields: list[str]

    @classmethod
    def of(cls, event: StoredEvent) -> Step:
        """Show an event."""
        return cls(
            kind=event.kind,
            at=event.at,
            consent_version=event.seq,
            by=event.body["actor"]["role"],
            fields=event.body["grant"]["fields"],
        )


class GrantHistory(GrantShown):
    """A grant with everything that happened to it, oldest first."""

    history: list[Step]


class ReceiptShown(Answer):
    """The proof that an entry is in the transparency log; null if no checkpoint covers it yet: ask at the URL."""

    entry: str
    receipt: str | None
    receipt_url: str


class GrantAnswer(Answer):
    """A consent as recorded; ``entry`` is the ledger entry of the grant, ``entries`` everything the write recorded."""

    grant: GrantShown
    consent_version: int
    entry: str
    entries: list[str]
    receipts: list[ReceiptShown] = Field(default_factory=list)


class MovedAnswer(Answer):
    """A grant after a change."""

    grant: GrantShown
    consent_version: int
    entries: list[str]


class WithdrawnAnswer(Answer):
    """What a withdrawal did: grants withdrawn whole, and grants that lost a field."""

    withdrawn: list[str]
    narrowed: list[str]
    tasks: list[str]
    consent_version: int
    entries: list[str]
    receipts: list[ReceiptShown] = Field(default_factory=list)
