"""Identifiers of data subjects: looked up, shown masked, revealed.

Rules:
- nothing is shown that is not an identifier of the catalogue, and class C3 never (JR/T 0171-2020);
- whoever looks a person up or sees more than their own masked identifiers is in the ledger, in the person's own stream,
  before the answer: who, in which role, which fields, for what reason; never what stood there;
- a person with no such identifier and a person who is not there look different only to staff who may know.

Law: PIPL 51; JR/T 0171-2020 annex A (masks).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy.ext.asyncio import AsyncConnection

from api.problems import ProblemError
from catalog import Catalog, Jrt0171
from consent import (
    Subject,
    SubjectId,
    SubjectNotFoundError,
    SubjectRestrictedError,
    SubjectStatus,
    UnknownFieldError,
)
from consent.store.subjects import subjects as read_subjects
from lineage import Actor, EntryDraft, Kind, Role, append
from lineage.content import Json
from vault import (
    IdentifierKind,
    KeyMissingError,
    KeyRing,
    find_by_index,
    identifiers,
    mask,
    read_identifier,
    subject_keys,
)


class RevealReason(StrEnum):
    """Why staff need to see an identifier."""

    COMPLAINT = "complaint"
    DISPUTE = "dispute"
    IDENTITY_CHECK = "identity_check"
    LEGAL_REQUEST = "legal_request"


@dataclass(frozen=True, slots=True)
class Identities:
    """The identifiers of one tenant's people, within one transaction."""

    connection: AsyncConnection
    keys: KeyRing
    catalog: Catalog
    now: datetime

    async def masked(self, who: SubjectId) -> dict[str, str]:
        """Every stored identifier of a person, masked, by field. Raises: SubjectNotFoundError, VaultError."""
        await self._subject(who)
        fields = [name for name, field in self.catalog.fields.items() if field.identifier is not None]
        opened = await self._open(who, fields)
        return {name: mask(self._kind(name), text) for name, text in opened.items()}

    async def masked_for(self, who: SubjectId, by: Actor) -> dict[str, str]:
        """The same for staff, on record. Raises: as `masked`; SubjectRestrictedError."""
        subject = _unrestricted(await self._subject(who, lock=True), by)
        shown = await self.masked(who)
        await self._record(subject, by, Kind.IDENTIFIERS_REVEALED, {"fields": sorted(shown), "form": "masked"})
        return shown

    async def reveal(
        self, who: SubjectId, fields: Sequence[str], reason: RevealReason, by: Actor
    ) -> tuple[dict[str, str], int]:
        """Some identifiers of a person in clear, and the ledger entry that says so.

        Raises: SubjectNotFoundError; SubjectRestrictedError; UnknownFieldError: not an identifier of the catalogue;
        VaultError.
        """
        for name in fields:
            self._kind(name)
        subject = _unrestricted(await self._subject(who, lock=True), by)
        opened = await self._open(who, fields)
        parts: dict[str, Json] = {
            "fields": sorted(fields),
            "form": "plain",
            "found": len(opened),
            "reason": reason.value,
        }
        entry = await self._record(subject, by, Kind.IDENTIFIERS_REVEALED, parts)
        return opened, entry

    async def look_up(self, tenant: str, field: str, value: str, by: Actor) -> list[str]:
        """The references of the people who have an identifier, in order; on record for each of them.

        Raises: UnknownFieldError; NotAnIdentifierError; ProblemError: request/not_searchable.
        """
        kind = self._kind(field)
        if not kind.is_lookup:
            raise ProblemError("request/not_searchable", field=field)
        digest = self.keys.blind(tenant, field, read_identifier(field, kind, value).text)
        found = list((await find_by_index(self.connection, tenant, field, [digest])).get(digest, ()))
        known = await read_subjects(self.connection, tenant, found, lock=True)
        parts: dict[str, Json] = {"field": field, "found": len(found)}
        drafts = [
            EntryDraft(Kind.SUBJECT_LOOKED_UP, tenant, by, subject=subject.pseudonym, parts=parts)
            for _, subject in sorted(known.items())
        ] or [EntryDraft(Kind.SUBJECT_LOOKED_UP, tenant, by, parts=parts)]
        await append(self.connection, drafts, now=self.now, mac=self.keys.mac)
        return found

    async def _subject(self, who: SubjectId, *, lock: bool = False) -> Subject:
        found = await read_subjects(self.connection, who.tenant, [who.ref], lock=lock)
        if who.ref not in found:
            raise SubjectNotFoundError(who.ref)
        return found[who.ref]

    async def _open(self, who: SubjectId, fields: Sequence[str]) -> dict[str, str]:
        sealed = await identifiers(self.connection, who.tenant, [who.ref], fields)
        if not sealed:
            return {}
        wrapped = await subject_keys(self.connection, who.tenant, [who.ref])
        if who.ref not in wrapped:
            raise KeyMissingError("the data subject's key is gone")
        key = self.keys.open_subject_key(who.tenant, who.ref, wrapped[who.ref])
        return {field: key.open(blob, field).decode() for (_, field), blob in sorted(sealed.items())}

    async def _record(self, subject: Subject, by: Actor, kind: Kind, parts: Mapping[str, Json]) -> int:
        draft = EntryDraft(
            kind,
            subject.id.tenant,
            by,
            subject=subject.pseudonym,
            parts={**parts, "consent_version": subject.version, "key": self.keys.key_version},
        )
        return (await append(self.connection, [draft], now=self.now, mac=self.keys.mac))[0]

    def _kind(self, name: str) -> IdentifierKind:
        field = self.catalog.field(name)
        if field.identifier is None or field.jrt0171 is Jrt0171.C3:
            raise UnknownFieldError(name)
        return IdentifierKind(field.identifier.value)


def _unrestricted(subject: Subject, by: Actor) -> Subject:
    """The subject, unless their data is only kept: then none but the data protection officer sees it (PIPL 47(2)).

    Raises: SubjectRestrictedError.
    """
    if subject.status is SubjectStatus.RESTRICTED and by.role is not Role.DPO:
        raise SubjectRestrictedError("the data is only kept until it may be erased")
    return subject
