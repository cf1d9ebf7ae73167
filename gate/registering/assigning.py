"""Which subject each person is: pure, over what the blind index says.

Rules:
- an exclusive identifier (resident ID, passport) names one subject, in the database as among the people at hand;
- people without one are new subjects: nothing tells them from others;
- a person whose exclusive identifiers belong to two subjects, or whose resident ID or birth date differs from the
  subject's, is another person: refused, never merged.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from gate.registering.people import BIRTH_DATE, CheckedPerson, PersonFault
from vault import Identifier, IdentifierKind, KeyRing

Owners = dict[tuple[str, bytes], str]
"""(field, blind index) of an exclusive identifier -> subject."""


@dataclass(slots=True)
class Assigned:
    """A subject and what the people at hand say of them.

    Attributes:
        stored: identifiers the database holds already.
        given: identifiers to store, new or changed.
        rows: positions of the people who are this subject.
    """

    ref: str
    is_new: bool
    stored: dict[str, Identifier] = field(default_factory=dict)
    given: dict[str, Identifier] = field(default_factory=dict)
    rows: list[int] = field(default_factory=list)

    def take(self, row: int, person: CheckedPerson) -> PersonFault | None:
        """Add what a person says; a fault if it shows that they are somebody else."""
        known = {**self.stored, **self.given}
        for name, each in person.identifiers.items():
            held = known.get(name)
            if held is None or held.text.reveal() == each.text.reveal():
                continue
            if name == BIRTH_DATE:
                return PersonFault.BIRTH_DATE_DISAGREES
            if each.kind is IdentifierKind.RESIDENT_ID:
                return PersonFault.OTHER_PERSON
        self.rows.append(row)
        for name, each in person.identifiers.items():
            before = self.stored.get(name)
            if before is None or before.text.reveal() != each.text.reveal():
                self.given[name] = each
            else:
                self.given.pop(name, None)
        return None


@dataclass(frozen=True, slots=True)
class Assignment:
    """The outcome: subjects by reference, and the refused people by position with the field and fault."""

    subjects: Mapping[str, Assigned]
    refused: Mapping[int, tuple[str, PersonFault]]


def assign(
    people: Sequence[CheckedPerson],
    digests: Sequence[Mapping[str, bytes]],
    *,
    owners: Owners,
    stored: Mapping[str, Mapping[str, Identifier]],
    mint: Callable[[], str],
) -> Assignment:
    """Decide for each person which subject they are.

    Shape: ``digests`` beside ``people``: field -> blind index of the exclusive identifiers; ``stored``: the identifiers
    of every subject in ``owners``, a subject without keys missing.
    """
    claimed = dict(owners)
    subjects: dict[str, Assigned] = {}
    refused: dict[int, tuple[str, PersonFault]] = {}
    for row, (person, keys) in enumerate(zip(people, digests, strict=True)):
        found = sorted({claimed[key] for key in keys.items() if key in claimed})
        if len(found) > 1:
            refused[row] = (min(keys), PersonFault.OTHER_PERSON)
            continue
        ref = found[0] if found else mint()
        assigned = subjects.get(ref)
        if assigned is None:
            if found and ref not in stored:
                refused[row] = (min(keys), PersonFault.KEY_MISSING)
                continue
            assigned = Assigned(ref, is_new=not found, stored=dict(stored.get(ref, {})))
        fault = assigned.take(row, person)
        if fault is not None:
            refused[row] = (BIRTH_DATE if fault is PersonFault.BIRTH_DATE_DISAGREES else min(keys), fault)
            continue
        subjects[ref] = assigned
        claimed.update(dict.fromkeys(keys.items(), ref))
    return Assignment(subjects, refused)


def exclusive_digests(ring: KeyRing, tenant: str, person: CheckedPerson) -> dict[str, bytes]:
    """The blind indexes of the identifiers that no two people share, by field."""
    return {each.field: ring.blind(tenant, each.field, each.text) for each in person.exclusive}
