"""Registering people as data subjects, one or thousands at a time, in the caller's transaction.

1. blind indexes of the exclusive identifiers, one look-up per field
2. who is whom                                               gate.registering.assigning
3. known subjects: what is new or changed is sealed; the row is locked first
4. new subjects: reference, data key, pseudonym, sealed identifiers, consent row
5. one ledger entry per subject: registered, or identifiers stored

Rules:
- the same resident ID or passport is the same subject, whoever registers, whenever: two writers at once agree, since
  the second waits at the index and then finds the first's subject;
- the birth date is sealed with the identifiers and never leaves; the age band that reads use follows it;
- nothing is written twice: people registered again unchanged leave no trace.

Law: PIPL 28, 31 (minors), 51 (encryption, de-identification).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from catalog import Catalog
from consent import Actor, AgeBand, ConsentService, Subject, new_id
from consent.store.subjects import subjects as read_subjects
from gate.errors import PeopleContendedError, PersonRefusedError
from gate.registering import ages
from gate.registering.assigning import Assigned, Assignment, Owners, assign, exclusive_digests
from gate.registering.people import BIRTH_DATE, CheckedPerson, NewPerson, PersonFault, check_person
from gate.registering.writing import Act, open_identifiers, write_changed, write_new
from vault import (
    Entropy,
    IdentifierTakenError,
    KeyMovedError,
    KeyRing,
    find_by_index,
    refresh_key_ring,
    system_entropy,
)

ATTEMPTS: Final = 5
_LOST_RACES: Final = frozenset({"40P01", "55P03"})  # deadlock detected, lock not available


@dataclass(frozen=True, slots=True)
class RegisteredSubject:
    """A person as the deployment knows them from now on.

    Attributes:
        created: whether this call made the subject.
        stored: the fields whose identifiers this call stored, sorted.
    """

    ref: str
    age_band: AgeBand
    created: bool
    stored: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SubjectDesk:
    """Registers data subjects; as immutable as its parts, so made per call or kept.

    Attributes:
        catalog: says which fields are identifiers, and of which kind.
        consent: keeps the subjects' rows and tells the ledger of a changed age band.
        entropy: gives random bytes for references, keys and nonces.
    """

    keys: KeyRing
    catalog: Catalog
    consent: ConsentService
    entropy: Entropy = system_entropy

    async def register(
        self, connection: AsyncConnection, tenant: str, people: Sequence[NewPerson], *, by: Actor, now: datetime
    ) -> list[RegisteredSubject]:
        """Register people; answers in their order. All or none.

        Raises: PersonRefusedError: one is malformed or contradicts what is known; PeopleContendedError: try again;
        TenantNotFoundError.
        """
        checked = [self.check(person, now) for person in people]
        found = await self.register_checked(connection, tenant, checked, by=by, now=now)
        for each in found:
            if isinstance(each, PersonRefusedError):
                raise each
        return [each for each in found if isinstance(each, RegisteredSubject)]

    def check(self, person: NewPerson, now: datetime) -> CheckedPerson:
        """Check one person as ``check_person`` does, on the calendar date in China of ``now``."""
        return check_person(person, self.catalog, ages.china_date(now))

    async def register_checked(
        self, connection: AsyncConnection, tenant: str, people: Sequence[CheckedPerson], *, by: Actor, now: datetime
    ) -> list[RegisteredSubject | PersonRefusedError]:
        """Register those people who fit what is known, and answer for each, in their order.

        Raises: PeopleContendedError: other writers kept taking the same people, nothing was stored.
        """
        for _ in range(ATTEMPTS):
            await refresh_key_ring(connection, self.keys)
            try:
                async with connection.begin_nested():
                    return await self._register(connection, tenant, people, by=by, now=now)
            except (IdentifierTakenError, KeyMovedError):
                continue  # somebody registered one of them just now, or rotated the keys: look again
            except DBAPIError as error:
                if getattr(error.orig, "sqlstate", None) not in _LOST_RACES:
                    raise
                raise PeopleContendedError from error
        raise PeopleContendedError

    async def raise_age_bands(
        self, connection: AsyncConnection, tenant: str, refs: Sequence[str], *, by: Actor, now: datetime
    ) -> tuple[str, ...]:
        """Make those minors adults whose eighteenth birthday has come; returns them.

        Reads do not wait for this: the gate computes a minor's age from the birth date. It spares them doing so.
        """
        known = await read_subjects(connection, tenant, refs)
        minors = sorted(ref for ref, subject in known.items() if subject.age_band is AgeBand.MINOR)
        births = await ages.birth_dates(connection, self.keys, tenant, minors)
        grown = [ref for ref in minors if ref in births and ages.band(births[ref], now) is AgeBand.ADULT]
        for ref in grown:
            await self.consent.set_age_band(connection, known[ref].id, AgeBand.ADULT, by=by, now=now)
        return tuple(grown)

    async def _register(
        self, connection: AsyncConnection, tenant: str, people: Sequence[CheckedPerson], *, by: Actor, now: datetime
    ) -> list[RegisteredSubject | PersonRefusedError]:
        assignment = await self._assign(connection, tenant, people)
        assigned = assignment.subjects.values()
        rows = await read_subjects(connection, tenant, [each.ref for each in assigned if not each.is_new])
        bands = {each.ref: _band(each, rows.get(each.ref), now) for each in assigned}
        changed = [each for each in assigned if each.given and not each.is_new]
        moved = {each.ref for each in changed} | {ref for ref, row in rows.items() if bands[ref] is not row.age_band}
        if moved:
            locked = await read_subjects(connection, tenant, sorted(moved), lock=True)
            if len(locked) != len(moved):
                raise PeopleContendedError  # somebody erased one of them just now
            rows |= locked
        act = Act(connection, tenant, by, now)
        await write_new(self, act, [(a, bands[a.ref]) for a in assigned if a.is_new])
        await write_changed(self, act, [(a, rows[a.ref]) for a in changed])
        for ref, row in sorted(rows.items()):
            if bands[ref] is not row.age_band:
                await self.consent.set_age_band(connection, row.id, bands[ref], by=by, now=now)
        return _answers(len(people), assignment, bands)

    async def _assign(self, connection: AsyncConnection, tenant: str, people: Sequence[CheckedPerson]) -> Assignment:
        digests = [exclusive_digests(self.keys, tenant, person) for person in people]
        wanted: dict[str, set[bytes]] = {}
        for keys in digests:
            for name, digest in keys.items():
                wanted.setdefault(name, set()).add(digest)
        owners: Owners = {}
        for name in sorted(wanted):
            found = await find_by_index(connection, tenant, name, sorted(wanted[name]))
            owners |= {(name, digest): refs[0] for digest, refs in found.items()}
        fields = sorted({name for person in people for name in person.identifiers} | {BIRTH_DATE})
        stored = await open_identifiers(self, connection, tenant, sorted(set(owners.values())), fields)
        return assign(people, digests, owners=owners, stored=stored, mint=lambda: new_id("sub", self.entropy))


def _band(assigned: Assigned, row: Subject | None, now: datetime) -> AgeBand:
    """The age band as it should stand now: computed where a birth date is known, else as it was."""
    birth = assigned.given.get(BIRTH_DATE) or assigned.stored.get(BIRTH_DATE)
    if birth is not None:
        return ages.band(date.fromisoformat(birth.text.reveal()), now)
    return AgeBand.UNKNOWN if row is None else row.age_band


def _answers(
    count: int, assignment: Assignment, bands: dict[str, AgeBand]
) -> list[RegisteredSubject | PersonRefusedError]:
    answers: dict[int, RegisteredSubject | PersonRefusedError] = {
        row: PersonRefusedError([(name, PersonFault(fault))]) for row, (name, fault) in assignment.refused.items()
    }
    for ref, each in assignment.subjects.items():
        first, *again = each.rows
        answers[first] = RegisteredSubject(ref, bands[ref], each.is_new, tuple(sorted(each.given)))
        answers |= {row: RegisteredSubject(ref, bands[ref], created=False) for row in again}
    return [answers[row] for row in range(count)]
