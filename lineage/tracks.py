"""What the replay remembers of grants, subjects, purposes, clients and shapes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from lineage.kinds import Kind, Mode, Outcome
from lineage.shapes import FORMS, Shape

STRICTNESS = {form: number for number, form in enumerate(("withheld", *FORMS))}


@dataclass(slots=True)
class GrantTrack:
    """A grant as the entries so far leave it; `terms` is a digest of what no event may change."""

    state: str
    version: int
    purpose: str
    recipient: str
    material: str
    fields: frozenset[str]
    strictness: int
    starts: str
    expires: str | None
    terms: bytes


@dataclass(slots=True)
class SubjectTrack:
    """A subject's consent version, grants, and whether their data is only kept, or gone."""

    version: int = 0
    is_restricted: bool = False
    is_erased: bool = False
    grants: dict[str, GrantTrack] = field(default_factory=dict)

    def become(self, kind: str) -> None:
        """Take in an event that is about the subject and not about a grant."""
        if kind == Kind.SUBJECT_ERASED:
            self.is_erased = True
            self.grants.clear()
        elif kind != Kind.SUBJECT_AGE_BAND_SET:
            self.is_restricted = kind == Kind.SUBJECT_RESTRICTED


@dataclass(frozen=True, slots=True)
class PurposeTrack:
    """A purpose as last registered; `means` is what puts a notice out of force when it changes (PIPL 14)."""

    is_active: bool
    basis: str
    fields: frozenset[str]
    strictness: int
    means: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class ClientTrack:
    """A client as last registered."""

    is_active: bool
    party: str
    purposes: frozenset[str]
    strictness: int


@dataclass(frozen=True, slots=True)
class ShapeTrack:
    """A recorded shape.

    Attributes:
        released: the fields released, per strictness of form, ascending; `fields` are all of them.
        count: how many features were released.
    """

    shape: Shape
    features: Mapping[str, str | list[str]]
    released: tuple[tuple[int, frozenset[str]], ...]
    fields: frozenset[str]
    count: int

    def outcome(self, mode: str, unknown_features: int) -> str:
        """How a read of this shape ends."""
        if mode == Mode.DRY_RUN:
            return Outcome.DRY_RUN
        if not self.count:
            return Outcome.DENIED
        return Outcome.RELEASED if self.count == len(self.features) and not unknown_features else Outcome.PARTIAL
