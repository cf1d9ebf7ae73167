"""Registering data subjects: people with identifiers become references that say nothing about them."""

from gate.registering.desk import RegisteredSubject, SubjectDesk
from gate.registering.people import CheckedPerson, NewPerson, PersonFault, check_person

__all__ = [
    "CheckedPerson",
    "NewPerson",
    "PersonFault",
    "RegisteredSubject",
    "SubjectDesk",
    "check_person",
]
