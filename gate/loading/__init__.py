"""Bulk loading of people and feature values: streamed, sealed, recorded, resumable."""

from gate.loading.errors import (
    LoadContendedError,
    LoadRefusedError,
    PartMissingError,
    SourceChangedError,
    SourceUnreadableError,
    TooManyRejectsError,
)
from gate.loading.people import PeopleLoad, load_people
from gate.loading.values import ValuesLoad, load_values
from gate.loading.words import GuardPolicy, LoadOptions, LoadProgress, LoadSummary, OnProgress
from gate.loading.writing import Observation, ValueWriter, Written

__all__ = [
    "GuardPolicy",
    "LoadContendedError",
    "LoadOptions",
    "LoadProgress",
    "LoadRefusedError",
    "LoadSummary",
    "Observation",
    "OnProgress",
    "PartMissingError",
    "PeopleLoad",
    "SourceChangedError",
    "SourceUnreadableError",
    "TooManyRejectsError",
    "ValueWriter",
    "ValuesLoad",
    "Written",
    "load_people",
    "load_values",
]
