"""What a consent must fit before it is recorded: the notice in force, the purpose's bounds, the recipient.

Rules:
- the notice is the one in force, by version and hash (PIPL 14); fields lie within notice and ceiling;
- a separate or written consent lists only fields the notice shows separately (PIPL 29);
- data goes to another handler only by a separate consent to a recipient the notice names (PIPL 23); without that,
  only the notice's own handler, its processors and joint handlers receive (PIPL 20, 21);
- release form and duration stay within the purpose's template.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from consent.errors import (
    BoundExceededError,
    InvalidValueError,
    NoticeNotCurrentError,
    NotInForceError,
    NotShownSeparatelyError,
    RecipientNotNamedError,
    SeparateConsentNeededError,
)
from consent.grants import BIRTHS, ConsentForm, GrantState, Kind
from consent.notices import Notice, material_of
from consent.requests import GrantRequest
from consent.subjects import Grant
from consent.values import Party, PartyRole, Purpose, PurposeStatus

_ENTRUSTED = frozenset({PartyRole.PROCESSOR, PartyRole.JOINT_HANDLER})


@dataclass(frozen=True, slots=True)
class Terms:
    """The configuration a consent refers to."""

    purpose: Purpose
    notice: Notice
    recipient: Party


def check_terms(request: GrantRequest, terms: Terms, now: datetime, kind: Kind = Kind.GIVEN) -> None:
    """Check a request against the configuration; how long it may run does not matter where it is refused.

    Raises: NotInForceError, NoticeNotCurrentError, BoundExceededError, NotShownSeparatelyError, RecipientNotNamedError,
    SeparateConsentNeededError, InvalidValueError.
    """
    if terms.purpose.status is not PurposeStatus.ACTIVE:
        raise NotInForceError("purpose", terms.purpose.name)
    if terms.recipient.has_ended(now):
        raise NotInForceError("party", terms.recipient.name)
    _check_notice(request, terms)
    _check_fields(request, terms)
    _check_recipient(request, terms)
    if kind is not Kind.REFUSED:
        _check_duration(request, terms.purpose, now)
    if request.max_form.is_milder_than(terms.purpose.max_form):
        raise BoundExceededError("max_form", "the purpose's release form")


def is_in_force(notice: Notice, purpose: Purpose) -> bool:
    """Whether the notice still says what the purpose means (PIPL 14)."""
    return notice.content.purpose == purpose.name and material_of(notice.content, purpose) == notice.material


def new_grant(request: GrantRequest, notice: Notice, name: str, now: datetime, kind: Kind) -> Grant:
    """The first state of a grant, given or refused; fields sorted, never starting in the past."""
    state = GrantState(
        id=name,
        purpose=request.purpose,
        recipient=request.recipient,
        notice=request.notice,
        notice_version=notice.version,
        notice_hash=notice.hash,
        material=notice.material,
        form=request.form,
        guardian=request.guardian is not None,
        evidence=request.evidence is not None,
        provision=request.provision,
        fields=tuple(sorted(request.fields)),
        max_form=request.max_form,
        channel=request.channel,
        given=now,
        starts=max(request.starts or now, now),
        expires=request.expires,
        state=BIRTHS[kind],
        version=1,
    )
    return Grant(request.subject, state, request.guardian, request.evidence)


def supersedes(new: GrantState, older: GrantState, now: datetime) -> bool:
    """Whether a new consent takes the place of an open one: the subject's newest word on the same processing.

    It must be in effect already, cover all fields, be at least as strong, not drop a guardian and say the same of
    provision.
    """
    return (
        new.id != older.id
        and new.starts <= now
        and set(older.fields) <= set(new.fields)
        and older.form.strength <= new.form.strength
        and older.guardian <= new.guardian
        and older.provision is new.provision
    )


def _check_notice(request: GrantRequest, terms: Terms) -> None:
    shown = (request.notice_version, request.notice_hash)
    if shown != (terms.notice.version, terms.notice.hash) or not is_in_force(terms.notice, terms.purpose):
        raise NoticeNotCurrentError(request.notice, request.notice_version)


def _check_fields(request: GrantRequest, terms: Terms) -> None:
    for field in request.fields:
        if field not in terms.notice.content.fields:
            raise BoundExceededError(field, "the notice")
        if field not in terms.purpose.fields:
            raise BoundExceededError(field, "the purpose's ceiling")
        if request.form is not ConsentForm.GENERAL and field not in terms.notice.content.separate:
            raise NotShownSeparatelyError(field)


def _check_recipient(request: GrantRequest, terms: Terms) -> None:
    content = terms.notice.content
    if not request.provision:
        if request.recipient != content.handler and terms.recipient.role not in _ENTRUSTED:
            raise RecipientNotNamedError(request.recipient)
        return
    named = content.recipient(request.recipient)
    if named is None or not set(request.fields) <= set(named.fields):
        raise RecipientNotNamedError(request.recipient)
    if request.form is ConsentForm.GENERAL:
        raise SeparateConsentNeededError("providing data to another handler needs a separate consent")


def _check_duration(request: GrantRequest, purpose: Purpose, now: datetime) -> None:
    starts = max(request.starts or now, now)
    if request.expires is not None and request.expires <= starts:
        raise InvalidValueError("expires", "lies before the start")
    if purpose.max_grant_days is None:
        return
    if request.expires is None or request.expires - starts > timedelta(days=purpose.max_grant_days):
        raise BoundExceededError("expires", f"{purpose.max_grant_days} days")
