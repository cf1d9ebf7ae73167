"""Staff acting for a person: what shows the person's will goes on record beside the act.

Law: PIPL 13, 15, 69 (burden of proof).
"""

from __future__ import annotations

from api.usecases.writing import Work
from consent import Actor, Recorded, SubjectId, find_subject
from lineage import Actor as LedgerActor
from lineage import EntryDraft, Kind, Role, append


async def note_evidence(work: Work, who: SubjectId, by: Actor, done: Recorded, evidence: str | None) -> list[int]:
    """Record the evidence of an act done for a person; nothing if the person acted."""
    if evidence is None or work.caller.subject is not None:
        return []
    subject = await find_subject(work.connection, who)
    draft = EntryDraft(
        Kind.SUBJECT_REPRESENTED,
        who.tenant,
        LedgerActor(Role(by.role), by.id),
        subject=subject.pseudonym,
        parts={
            "consent_version": done.consent_version,
            "evidence": evidence,
            "grants": [{"id": grant} for grant in done.grants],
        },
    )
    return await append(work.connection, [draft], now=work.now, mac=work.service.keyring.mac)
