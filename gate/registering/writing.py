"""What registering writes: keys, sealed identifiers, consent rows, ledger entries.

Rules:
- exclusive identifiers are claimed first and in the order of their indexes, so that two writers of the same people wait
  for each other in one order;
- a ledger entry names fields, never what stands in them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

from sqlalchemy.ext.asyncio import AsyncConnection

from catalog import Catalog
from consent import Actor, AgeBand, ConsentService, NewSubject, Subject, SubjectId
from gate.registering.assigning import Assigned
from lineage import Actor as LedgerActor
from lineage import EntryDraft, Kind, Role, append
from lineage.content import Json
from vault import (
    Entropy,
    Identifier,
    IdentifierKind,
    KeyRing,
    SealedIdentifier,
    SecretText,
    identifiers,
    insert_subject_keys,
    put_identifiers,
    seal_identifier,
    subject_keys,
)

CLAIMS_AT_ONCE: Final = 1000  # what the vault's store writes in one piece, and so in one order


@dataclass(frozen=True, slots=True)
class Act:
    """Who registers, when, in which transaction and for which tenant."""

    connection: AsyncConnection
    tenant: str
    by: Actor
    now: datetime

    def draft(self, kind: Kind, pseudonym: str, parts: dict[str, Json]) -> EntryDraft:
        """The ledger entry about one subject."""
        actor = LedgerActor(Role(self.by.role), self.by.id)
        return EntryDraft(kind, self.tenant, actor, subject=pseudonym, parts=parts)


class Desk(Protocol):
    """What writing needs of the desk."""

    @property
    def keys(self) -> KeyRing:
        """The deployment's keys."""
        ...

    @property
    def catalog(self) -> Catalog:
        """Which fields are identifiers."""
        ...

    @property
    def consent(self) -> ConsentService:
        """Keeps the subjects' rows."""
        ...

    @property
    def entropy(self) -> Entropy:
        """Random bytes."""
        ...


async def open_identifiers(
    desk: Desk, connection: AsyncConnection, tenant: str, refs: Sequence[str], fields: Sequence[str]
) -> dict[str, Mapping[str, Identifier]]:
    """Open the stored identifiers of some fields, by subject; a subject without keys is missing.

    Raises: VaultError: one does not open.
    """
    if not refs:
        return {}
    opened: dict[str, dict[str, Identifier]] = {}
    wrapped = await subject_keys(connection, tenant, refs)
    keys = {ref: desk.keys.open_subject_key(tenant, ref, blob) for ref, blob in wrapped.items()}
    opened = {ref: {} for ref in keys}
    for (ref, name), sealed in (await identifiers(connection, tenant, refs, fields)).items():
        kind = desk.catalog.field(name).identifier
        if ref in keys and kind is not None:
            text = SecretText(keys[ref].open(sealed, name).decode())
            opened[ref][name] = Identifier(name, IdentifierKind(kind.value), text)
    return dict(opened)


async def write_new(desk: Desk, act: Act, new: Sequence[tuple[Assigned, AgeBand]]) -> None:
    """Write new subjects whole."""
    if not new:
        return
    wrapped: dict[str, bytes] = {}
    subjects: list[NewSubject] = []
    sealed: list[SealedIdentifier] = []
    for assigned, band in new:
        key, blob = desk.keys.new_subject_key(act.tenant, assigned.ref, desk.entropy)
        wrapped[assigned.ref] = blob
        subjects.append(NewSubject(SubjectId(act.tenant, assigned.ref), key.pseudonym(), band))
        sealed += [seal_identifier(desk.keys, key, each, desk.entropy) for each in assigned.given.values()]
    await _claim(act, sealed)
    await insert_subject_keys(act.connection, act.tenant, wrapped, act.now, ring=desk.keys)
    await desk.consent.create_subjects(act.connection, subjects, now=act.now)
    drafts = [
        act.draft(Kind.SUBJECT_REGISTERED, subject.pseudonym, _parts(desk, assigned, 0))
        for subject, (assigned, _) in zip(subjects, new, strict=True)
    ]
    await append(act.connection, drafts, now=act.now, mac=desk.keys.mac)


async def write_changed(desk: Desk, act: Act, changed: Sequence[tuple[Assigned, Subject]]) -> None:
    """Write the new and changed identifiers of known subjects, whose rows the caller has locked."""
    if not changed:
        return
    wrapped = await subject_keys(act.connection, act.tenant, [assigned.ref for assigned, _ in changed])
    sealed: list[SealedIdentifier] = []
    for assigned, _ in changed:
        key = desk.keys.open_subject_key(act.tenant, assigned.ref, wrapped[assigned.ref])
        sealed += [seal_identifier(desk.keys, key, each, desk.entropy) for each in assigned.given.values()]
    await _claim(act, sealed)
    drafts = [
        act.draft(Kind.IDENTIFIERS_STORED, row.pseudonym, _parts(desk, assigned, row.version))
        for assigned, row in changed
    ]
    await append(act.connection, drafts, now=act.now, mac=desk.keys.mac)


async def _claim(act: Act, sealed: Sequence[SealedIdentifier]) -> None:
    """Store identifiers, the exclusive ones first.

    Raises: IdentifierTakenError: another subject has one of them by now.
    """
    exclusive = sorted((row for row in sealed if row.is_exclusive), key=lambda row: (row.field, row.digest or b""))
    for start in range(0, len(exclusive), CLAIMS_AT_ONCE):
        await put_identifiers(act.connection, act.tenant, exclusive[start : start + CLAIMS_AT_ONCE], act.now)
    others = [row for row in sealed if not row.is_exclusive]
    if others:
        await put_identifiers(act.connection, act.tenant, others, act.now)


def _parts(desk: Desk, assigned: Assigned, version: int) -> dict[str, Json]:
    return {"consent_version": version, "fields": sorted(assigned.given), "key": desk.keys.key_version}
