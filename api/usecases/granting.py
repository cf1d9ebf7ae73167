"""Consent over HTTP: what a request means, and whose grant an id names.

Rules:
- a request names a version of a notice; its hash comes from what was published, and a hash that was sent must be it;
- a release form that was not named is the purpose's own;
- a guardian's consent is taken down by staff with evidence, never on the word of the subject's own token (PIPL 31);
- the id of somebody else's grant counts as absent.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from sqlalchemy.ext.asyncio import AsyncConnection

from api.identity import Principal
from api.problems import ProblemError
from api.usecases.acting import check_evidence, whom
from catalog import ReleaseForm
from consent import (
    Channel,
    ConsentForm,
    Grant,
    GrantRequest,
    Notice,
    NoticeNotCurrentError,
    Purpose,
    SubjectId,
    find_current,
    find_grant,
    find_grant_owner,
    find_notice_version,
)


class Asked(Protocol):
    """What every request about a consent to be given or refused says."""

    subject: str | None
    purpose: str
    recipient: str
    notice: str
    notice_version: int
    notice_hash: str | None
    channel: Channel
    evidence: str | None


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a consent is given or refused for."""

    fields: Sequence[str]
    form: ConsentForm
    provision: bool
    max_form: ReleaseForm | None = None
    guardian: str | None = None
    starts: datetime | None = None
    expires: datetime | None = None


async def shown_notice(connection: AsyncConnection, tenant: str, asked: Asked) -> Notice:
    """The notice that was shown.

    Raises: NoticeNotFoundError; NoticeNotCurrentError: the hash is not that version's.
    """
    notice = await find_notice_version(connection, tenant, asked.notice, asked.notice_version)
    if asked.notice_hash not in {None, notice.hash}:
        raise NoticeNotCurrentError(asked.notice, asked.notice_version)
    return notice


async def request_of(
    connection: AsyncConnection, caller: Principal, asked: Asked, notice: Notice, bounds: Bounds
) -> GrantRequest:
    """The consent a request asks to record.

    Raises: SubjectNotFoundError: not the caller's; PurposeNotFoundError; ConsentError: a value has the wrong shape;
    ProblemError: request/subject_needed, request/evidence_needed, request/guardian_by_staff.
    """
    subject = whom(caller, asked.subject)
    check_evidence(caller, asked.evidence)
    if bounds.guardian is not None and caller.staff is None:
        raise ProblemError("request/guardian_by_staff")
    max_form = bounds.max_form or (await find_current(connection, caller.tenant, Purpose, asked.purpose)).max_form
    return GrantRequest(
        subject=subject,
        purpose=asked.purpose,
        recipient=asked.recipient,
        notice=asked.notice,
        notice_version=asked.notice_version,
        notice_hash=notice.hash,
        fields=tuple(bounds.fields),
        form=bounds.form,
        max_form=max_form,
        channel=asked.channel,
        provision=bounds.provision,
        guardian=bounds.guardian,
        evidence=asked.evidence,
        starts=bounds.starts,
        expires=bounds.expires,
    )


def refused_bounds(notice: Notice, recipient: str) -> Bounds:
    """What a person declines who says no to the whole notice: all it asks for this recipient."""
    content = notice.content
    named = content.recipient(recipient)
    if named is None:
        return Bounds(content.fields, ConsentForm.GENERAL, provision=False)
    fields = [field for field in named.fields if field in content.separate]
    return Bounds(fields, ConsentForm.SEPARATE, provision=True)


async def owner_of(connection: AsyncConnection, caller: Principal, grant: str) -> SubjectId:
    """Whose grant this is: the caller's, or for staff anybody's of the tenant.

    Raises: GrantNotFoundError.
    """
    if caller.subject is not None:
        return SubjectId(caller.tenant, caller.subject)
    return await find_grant_owner(connection, caller.tenant, grant)


async def visible_grant(connection: AsyncConnection, caller: Principal, grant: str) -> Grant:
    """A grant the caller may see. Raises: GrantNotFoundError."""
    return await find_grant(connection, await owner_of(connection, caller, grant), grant)
