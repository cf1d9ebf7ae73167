"""Reading bodies back, strictly: a body is accepted only if writing it again gives the same bytes."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec

from catalog import CatalogError
from catalog.canonical import canonical
from lineage.entries import BASE_MEMBERS, VERSION
from lineage.faults import FaultCode
from lineage.kinds import Kind

_INSTANT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z")
# Objects in field order, and the fields stand in alphabetical order: this is canonical for what these types can hold.
_encode = msgspec.json.Encoder(order="deterministic").encode


class Named(msgspec.Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """Who acted."""

    id: str
    role: str


class Cited(msgspec.Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """A grant in one version."""

    id: str
    version: int


class ReadBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body of a read entry, version 1; members in alphabetical order."""

    about: None
    actor: Named
    at: str
    basis: str | None
    catalog: str
    client: str
    commitment: str | None
    consent_version: int | None
    epoch: int
    facts: str | None
    features: dict[str, str | list[str]]
    grants: list[Cited]
    key: int | str
    kind: str
    mode: str
    outcome: str
    party: str | None
    policy: str
    product: str
    purpose: str
    seq: int
    shape: str
    stream: str
    subject: str | None
    tenant: str
    unknown_features: int
    v: int


_read = msgspec.json.Decoder(ReadBody).decode
_other = msgspec.json.Decoder(dict[str, Any]).decode


def decode_read(body: bytes) -> ReadBody | FaultCode:
    """Decode a read's body, or say why it is none."""
    try:
        found = _read(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return FaultCode.MALFORMED
    if found.v != VERSION:
        return FaultCode.MALFORMED
    return found if _encode(found) == body and body.isascii() else FaultCode.NOT_CANONICAL


def may_be_read(body: bytes) -> bool:
    """Whether a body may be a read's; mostly it is one then."""
    # Canonical members leave no space: every read holds this.
    return b',"kind":"read",' in body


def read_document(body: bytes) -> dict[str, Any] | None:
    """The members of a read's body; None for any other entry, also for a question about reads, which names them."""
    if not may_be_read(body):
        return None
    document = _other(body)
    return document if document["kind"] == Kind.READ else None


def decode_other(body: bytes) -> Mapping[str, Any] | FaultCode:
    """Decode any other body, or say why it is none."""
    try:
        found = _other(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return FaultCode.MALFORMED
    if not found.keys() >= BASE_MEMBERS or found["v"] != VERSION or not isinstance(found["kind"], str):
        return FaultCode.MALFORMED
    try:
        same = canonical(found) == body and body.isascii()
    except CatalogError:
        same = False
    return found if same else FaultCode.NOT_CANONICAL


def microseconds(at: object) -> int | None:
    """The microseconds since 1970 of an instant as entries write it; None if it is written otherwise."""
    if not isinstance(at, str) or not _INSTANT.fullmatch(at):
        return None
    try:
        since = datetime.fromisoformat(at[:-1]).replace(tzinfo=UTC) - _EPOCH
    except ValueError:
        return None
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
