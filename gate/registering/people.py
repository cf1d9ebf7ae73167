"""People as they are brought in, and what must be right about them before anything is stored.

Rules:
- an identifier belongs to a catalogued field that is one (a kind the vault has a canonical form for);
- a person needs at least one identifier beside the birth date, or nobody could find them again;
- the birth date follows from the resident identity number where there is one; a declared one must agree;
- every fault is named by field; no value stands in a fault or a repr.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from catalog import Catalog
from gate.errors import PersonRefusedError
from vault import Identifier, IdentifierKind, NotAnIdentifierError, read_identifier, resident_id_birth_date

BIRTH_DATE = "birth_date"


class PersonFault(StrEnum):
    """What may be wrong with a person beside the faults of single identifiers (``vault.Fault``)."""

    UNKNOWN_FIELD = "unknown_field"
    NO_IDENTIFIER = "no_identifier"
    BIRTH_DATE_DISAGREES = "birth_date_disagrees"
    OTHER_PERSON = "other_person"
    KEY_MISSING = "key_missing"


@dataclass(frozen=True, slots=True)
class NewPerson:
    """A person to register.

    Attributes:
        identifiers: catalogue field -> value as written; may hold ``birth_date``.
        birth_date: the declared birth date as written, None if it stands in ``identifiers`` or is not declared.
    """

    identifiers: Mapping[str, str] = field(repr=False)
    birth_date: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class CheckedPerson:
    """A person whose identifiers are canonical.

    Attributes:
        identifiers: by field, the birth date among them where it is known.
        born: the birth date, None if it is not known.
    """

    identifiers: Mapping[str, Identifier]
    born: date | None = field(repr=False)

    @property
    def exclusive(self) -> Iterator[Identifier]:
        """The identifiers that no two people share."""
        return (each for each in self.identifiers.values() if each.kind.is_exclusive)


def check_person(person: NewPerson, catalog: Catalog, today: date) -> CheckedPerson:
    """Bring a person's identifiers to their canonical form.

    Shape: ``today`` is the calendar date in China; later birth dates are refused.
    Raises: PersonRefusedError: with every fault.
    """
    given = dict(person.identifiers)
    faults: list[tuple[str, str]] = []
    if person.birth_date is not None and given.setdefault(BIRTH_DATE, person.birth_date) != person.birth_date:
        faults.append((BIRTH_DATE, PersonFault.BIRTH_DATE_DISAGREES))
    known: dict[str, Identifier] = {}
    for name in sorted(given):
        kind = catalog.field(name).identifier
        if kind is None:
            faults.append((shown(name, catalog), PersonFault.UNKNOWN_FIELD))
            continue
        try:
            known[name] = read_identifier(name, str(kind.value), given[name], today=today)
        except NotAnIdentifierError as error:
            faults.append((name, error.fault))
    if not faults and not known.keys() - {BIRTH_DATE}:
        faults.append((BIRTH_DATE, PersonFault.NO_IDENTIFIER))
    if not faults:
        faults = _settle_birth_date(known)
    if faults:
        raise PersonRefusedError(faults)
    born = known.get(BIRTH_DATE)
    return CheckedPerson(known, None if born is None else date.fromisoformat(born.text.reveal()))


def shown(name: str, catalog: Catalog) -> str:
    """A field's name for a fault: what is not catalogued may be anything, an identifier even, and is not repeated."""
    return name if name in catalog.fields else "field"


def _settle_birth_date(known: dict[str, Identifier]) -> list[tuple[str, str]]:
    """Put the birth date that follows from the resident ID beside it; a fault if another one was declared."""
    declared = known.get(BIRTH_DATE)
    for each in list(known.values()):
        if each.kind is not IdentifierKind.RESIDENT_ID:
            continue
        try:
            follows = resident_id_birth_date(each.text.reveal()).isoformat()
        except NotAnIdentifierError:  # a foreigner's permit of the old form does not tell the century
            continue
        if declared is None:
            declared = known[BIRTH_DATE] = read_identifier(BIRTH_DATE, IdentifierKind.BIRTH_DATE, follows)
        elif declared.text.reveal() != follows:
            return [(BIRTH_DATE, PersonFault.BIRTH_DATE_DISAGREES)]
    return []
