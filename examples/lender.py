"""A lender: what ``lender.yaml`` says, checked when read.

Rules:
- every part has the shape the service takes over HTTP; an unknown or missing key is refused with file and place;
- nothing in the file is tied to a calendar: an impact assessment says for how many days it holds, an observation how
  many days old it is, so that an example does not rot.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import yaml

from examples.people import Person, read_people

HERE = Path(__file__).resolve().parent
LENDERS = (
    "000_xiaomi_loan",
    "001_jiebei",
    "002_mobile_small_loans",
    "003_consumption_loans",
    "004_huabei_sesame",
)


class LenderError(Exception):
    """An example folder that cannot be loaded: says which file, where and what is wrong."""


class Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A part of a lender file; ``document`` is its JSON form, without what was left out."""

    def document(self) -> dict[str, Any]:
        """The body to send."""
        built: dict[str, Any] = msgspec.to_builtins(self)
        return built


class Text(Part, frozen=True):
    """A text in both languages."""

    zh: str
    en: str


class PartyPart(Part, frozen=True):
    """A party: handler, recipient, processor or bureau."""

    name: str
    title: Text
    role: str
    contact: str
    region: str = "CN"


class ClientPart(Part, frozen=True):
    """A registered service of a party."""

    name: str
    party: str
    title: Text
    products: list[str]
    purposes: list[str]
    max_form: str
    region: str = "CN"


class CeilingPart(Part, frozen=True):
    """A field a purpose may reach, and why it is necessary."""

    field: str
    necessity: Text


class OverridePart(Part, frozen=True):
    """A named relaxation of the strict default."""

    name: str
    approved_by: str
    reference: str


class PurposePart(Part, frozen=True):
    """A purpose; ``pipia_days`` is how long its impact assessment holds from the day of loading."""

    name: str
    title: Text
    basis: str
    pipia: str
    pipia_days: int
    methods: list[str]
    max_form: str
    automated: bool
    ceiling: list[CeilingPart]
    basis_ref: str | None = None
    overrides: list[OverridePart] = []
    max_grant_days: int | None = None

    def body(self, now: datetime) -> dict[str, Any]:
        """The body to send: the days turned into an instant."""
        document = self.document()
        days = document.pop("pipia_days")
        document["pipia_expires"] = (now + timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%SZ")
        return document


class RecipientPart(Part, frozen=True):
    """Another handler that receives data (PIPL 23)."""

    party: str
    name: Text
    contact: str
    purpose: Text
    method: Text
    fields: list[str]


class NoticePart(Part, frozen=True):
    """A notice with the items of PIPL 17, 30 and 23."""

    name: str
    purpose: str
    handler: str
    handler_name: Text
    handler_contact: str
    text: Text
    purpose_text: Text
    methods: list[str]
    method_text: Text
    fields: list[str]
    retention: Text
    rights: Text
    separate: list[str] = []
    necessity: Text | None = None
    impact: Text | None = None
    recipients: list[RecipientPart] = []


class LenderFile(Part, frozen=True):
    """The whole of ``lender.yaml``."""

    tenant: str
    title: Text
    parties: list[PartyPart]
    clients: list[ClientPart]
    purposes: list[PurposePart]
    notices: list[NoticePart]
    credit_clients: bool = False


@dataclass(frozen=True, slots=True)
class Observation:
    """One row of ``values/<view>.csv``: a person's values of one view, so many days ago."""

    view: str
    person: str
    days_ago: int
    values: dict[str, str]


@dataclass(frozen=True, slots=True)
class Lender:
    """An example folder, read and checked."""

    folder: Path
    file: LenderFile
    people: tuple[Person, ...]
    observations: tuple[Observation, ...]

    @property
    def views_file(self) -> Path:
        """The feature views, in the catalogue's own format."""
        return self.folder / "views.yaml"


def find_lender(name: str) -> Path:
    """The folder of a lender by name or unique beginning ("001"), or of a path outside the package.

    Raises: LenderError: no such folder.
    """
    matches = [HERE / lender for lender in LENDERS if lender.startswith(name)]
    folder = matches[0] if len(matches) == 1 else Path(name)
    if not (folder / "lender.yaml").is_file():
        raise LenderError(f"{name}: no lender; there are {', '.join(LENDERS)}, or give a folder with a lender.yaml")
    return folder


def load_lender(folder: Path) -> Lender:
    """Read an example folder.

    Raises: LenderError: a file is missing, malformed, or its parts do not fit together.
    """
    path = folder / "lender.yaml"
    try:
        file = msgspec.convert(yaml.safe_load(path.read_text("utf-8")), LenderFile)
        people = tuple(read_people(folder / "people.csv"))
        observations = tuple(_observations(folder / "values"))
    except (OSError, yaml.YAMLError, msgspec.ValidationError, TypeError, ValueError) as error:
        raise LenderError(f"{folder.name}: {error}") from error
    _check_references(folder.name, file, people, observations)
    return Lender(folder, file, people, observations)


def _observations(folder: Path) -> Iterator[Observation]:
    for path in sorted(folder.glob("*.csv")):
        with path.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file, strict=True):
                person, days = row.pop("person"), row.pop("days_ago")
                yield Observation(path.stem, person, int(days), {name: value for name, value in row.items() if value})


def _check_references(
    lender: str, file: LenderFile, people: tuple[Person, ...], observations: tuple[Observation, ...]
) -> None:
    """Raises: LenderError: something names a party, purpose, field or person that is not there."""
    parties, purposes = {party.name for party in file.parties}, {purpose.name: purpose for purpose in file.purposes}
    keys = {one.key for one in people}
    wrong = [
        *(f"client {client.name}: no party {client.party}" for client in file.clients if client.party not in parties),
        *(
            f"client {client.name}: no purpose {purpose}"
            for client in file.clients
            for purpose in client.purposes
            if purpose not in purposes
        ),
        *(
            f"notice {notice.name}: no party {notice.handler}"
            for notice in file.notices
            if notice.handler not in parties
        ),
        *(f"notice {notice.name}: {fault}" for notice in file.notices for fault in _notice_faults(notice, purposes)),
        *(f"values/{row.view}.csv: no person {row.person}" for row in observations if row.person not in keys),
    ]
    if wrong:
        raise LenderError(f"{lender}: {'; '.join(wrong)}")


def _notice_faults(notice: NoticePart, purposes: dict[str, PurposePart]) -> Iterator[str]:
    purpose = purposes.get(notice.purpose)
    if purpose is None:
        yield f"no purpose {notice.purpose}"
        return
    beyond = set(notice.fields) - {entry.field for entry in purpose.ceiling}
    if beyond:
        yield f"names fields outside the ceiling of {notice.purpose}: {', '.join(sorted(beyond))}"
