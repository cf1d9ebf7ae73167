"""Grants: a consent to one processing, and the states it passes through.

Rules:
- one grant = one purpose, one recipient, listed fields, one version of one notice: one specific
  processing (网络数据安全管理条例 62(7));
- written satisfies separate satisfies general; a guardian stands beside the form;
- withdrawn, expired, refused and superseded are terminal; only a paused grant resumes; fields only ever shrink;
- the clock decides between recorded events: `state_at`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from catalog import ReleaseForm
from consent.errors import NotLiveError
from consent.instants import from_text, to_text


class ConsentForm(StrEnum):
    """How consent was given: general 一般 < separate 单独 < written 书面."""

    GENERAL = "general"
    SEPARATE = "separate"
    WRITTEN = "written"

    @property
    def strength(self) -> int:
        """0 for general to 2 for written."""
        return list(ConsentForm).index(self)


class State(StrEnum):
    """The states of a grant; not_started is only ever derived from the clock."""

    LIVE = "live"
    PAUSED = "paused"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"
    REFUSED = "refused"
    SUPERSEDED = "superseded"
    NOT_STARTED = "not_started"

    @property
    def is_open(self) -> bool:
        """Whether the recorded state can still change."""
        return self in OPEN


class Kind(StrEnum):
    """The kinds of consent events."""

    GIVEN = "consent.given"
    REFUSED = "consent.refused"
    WITHDRAWN = "consent.withdrawn"
    FIELD_WITHDRAWN = "consent.field_withdrawn"
    PAUSED = "consent.paused"
    RESUMED = "consent.resumed"
    EXPIRED = "consent.expired"
    SUPERSEDED = "consent.superseded"


class Channel(StrEnum):
    """Where consent was expressed."""

    APP = "app"
    WEB = "web"
    API = "api"
    BRANCH = "branch"
    PHONE = "phone"
    PAPER = "paper"
    IMPORT = "import"


OPEN = frozenset({State.LIVE, State.PAUSED})
BIRTHS = {Kind.GIVEN: State.LIVE, Kind.REFUSED: State.REFUSED}
TRANSITIONS: dict[tuple[State, Kind], State] = {
    (State.LIVE, Kind.WITHDRAWN): State.WITHDRAWN,
    (State.PAUSED, Kind.WITHDRAWN): State.WITHDRAWN,
    (State.LIVE, Kind.FIELD_WITHDRAWN): State.LIVE,
    (State.PAUSED, Kind.FIELD_WITHDRAWN): State.PAUSED,
    (State.LIVE, Kind.PAUSED): State.PAUSED,
    (State.PAUSED, Kind.RESUMED): State.LIVE,
    (State.LIVE, Kind.EXPIRED): State.EXPIRED,
    (State.PAUSED, Kind.EXPIRED): State.EXPIRED,
    (State.LIVE, Kind.SUPERSEDED): State.SUPERSEDED,
    (State.PAUSED, Kind.SUPERSEDED): State.SUPERSEDED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantState:
    """What the history of a grant comes to.

    Attributes:
        material: what the notice meant (see `consent.notices`); unequal to the current notice's is stale.
        guardian, evidence: whether a guardian consented, whether evidence is kept; the references are not public.
        provision: the recipient is named as another handler (PIPL 23).
        version: 1 at birth, one more with each event.
        is_current: whether facts look at it; a terminal grant stays current until a newer one for the same purpose and
            recipient, so that the reason of a denial can name it.
    """

    id: str
    purpose: str
    recipient: str
    notice: str
    notice_version: int
    notice_hash: str
    material: str
    form: ConsentForm
    guardian: bool
    evidence: bool
    provision: bool
    fields: tuple[str, ...]
    max_form: ReleaseForm
    channel: Channel
    given: datetime
    starts: datetime
    expires: datetime | None
    state: State
    version: int
    is_current: bool = True

    def state_at(self, now: datetime) -> State:
        """The state the clock makes of the recorded one."""
        if self.state.is_open and self.expires is not None and self.expires <= now:
            return State.EXPIRED
        if self.state is State.LIVE and now < self.starts:
            return State.NOT_STARTED
        return self.state


def advance(grant: GrantState, kind: Kind, fields: tuple[str, ...] | None = None) -> GrantState:
    """Apply one event to a grant; pure.

    Shape: ``fields`` are the remaining ones, for FIELD_WITHDRAWN only.
    Raises: NotLiveError: the state does not allow the event.
    """
    after = TRANSITIONS.get((grant.state, kind))
    if after is None:
        raise NotLiveError(grant.id, grant.state)
    return replace(
        grant,
        state=after,
        version=grant.version + 1,
        fields=grant.fields if fields is None else fields,
        is_current=grant.is_current and after is not State.SUPERSEDED,
    )


def grant_document(grant: GrantState) -> dict[str, Any]:
    """The public form of a grant inside an event: closed values, opaque references, no personal data."""
    return {
        "id": grant.id,
        "version": grant.version,
        "purpose": grant.purpose,
        "recipient": grant.recipient,
        "notice": grant.notice,
        "notice_version": grant.notice_version,
        "notice_hash": grant.notice_hash,
        "material": grant.material,
        "form": grant.form.value,
        "guardian": grant.guardian,
        "evidence": grant.evidence,
        "provision": grant.provision,
        "fields": list(grant.fields),
        "max_form": grant.max_form.value,
        "channel": grant.channel.value,
        "given": to_text(grant.given),
        "starts": to_text(grant.starts),
        "expires": None if grant.expires is None else to_text(grant.expires),
    }


def grant_from_document(document: Mapping[str, Any], state: State) -> GrantState:
    """Read `grant_document`'s output; the state comes from the event's kind.

    Raises: KeyError, ValueError, TypeError, AttributeError: the document is not one.
    """
    expires = document["expires"]
    return GrantState(
        id=document["id"],
        version=document["version"],
        purpose=document["purpose"],
        recipient=document["recipient"],
        notice=document["notice"],
        notice_version=document["notice_version"],
        notice_hash=document["notice_hash"],
        material=document["material"],
        form=ConsentForm(document["form"]),
        guardian=document["guardian"],
        evidence=document["evidence"],
        provision=document["provision"],
        fields=tuple(document["fields"]),
        max_form=ReleaseForm(document["max_form"]),
        channel=Channel(document["channel"]),
        given=from_text(document["given"]),
        starts=from_text(document["starts"]),
        expires=None if expires is None else from_text(expires),
        state=state,
    )
