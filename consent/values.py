"""Tenants, parties, clients and purposes: who may process what, for what, on which basis.

Rules:
- every name is a catalogue name; every instant is aware; nothing here is personal data of a data subject;
- a purpose has one of the lawful bases of PIPL 13 and a ceiling: the fields it may ever reach, each with its
  necessity (PIPL 6, 28);
- an assessment (PIPIA, PIPL 55-56), a transfer mechanism (PIPL 38) and a contract (PIPL 21) each have an end, judged
  by the caller's clock.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from catalog import LawfulBasis, ReleaseForm
from consent.errors import InvalidValueError
from consent.ids import check_name, check_text
from consent.instants import check_aware
from vault import Keep, TokenKind

_REGION = re.compile(r"[A-Z]{2}")
_TEXT_LIMIT = 20_000
_REFERENCE_LIMIT = 200


class PartyRole(StrEnum):
    """What a party is under PIPL 20-23 and the credit reporting regulation."""

    LENDER = "lender"
    CREDIT_BUREAU = "credit_bureau"
    INFORMATION_PROVIDER = "information_provider"
    INFORMATION_USER = "information_user"
    PROCESSOR = "processor"
    JOINT_HANDLER = "joint_handler"


class TransferMechanism(StrEnum):
    """The ways of PIPL 38 by which data may leave the mainland."""

    NONE = "none"
    ASSESSMENT = "assessment"
    CERTIFICATION = "certification"
    STANDARD_CONTRACT = "standard_contract"


class ClientStatus(StrEnum):
    """Whether a client may call."""

    ACTIVE = "active"
    SUSPENDED = "suspended"


class PurposeStatus(StrEnum):
    """Whether a purpose is in use."""

    ACTIVE = "active"
    INACTIVE = "inactive"


class Method(StrEnum):
    """Ways of processing (PIPL 4(2), 73(2)): what "method" means when consent must be asked anew (PIPL 14)."""

    COLLECT = "collect"
    STORE = "store"
    USE = "use"
    PROCESS = "process"
    TRANSMIT = "transmit"
    PROVIDE = "provide"
    DISCLOSE = "disclose"
    AUTOMATED_DECISION = "automated_decision"


class OverrideName(StrEnum):
    """Named relaxations of the strict default, each approved and recorded."""

    SEPARATE_ON_CONSENT_ONLY = "separate_on_consent_only"


@dataclass(frozen=True, slots=True)
class BilingualText:
    """One text in Chinese and English; both are required and at most 20,000 characters long."""

    zh: str
    en: str

    def __post_init__(self) -> None:
        for text in (self.zh, self.en):
            if text.strip():
                check_text(text, "text", _TEXT_LIMIT)

    @property
    def is_complete(self) -> bool:
        """Whether both languages say something."""
        return bool(self.zh.strip() and self.en.strip())


def check_distinct(names: Iterable[str], item: str) -> None:
    """Refuse a list of names with a repetition or a name of the wrong shape.

    Raises: InvalidValueError: naming ``item``.
    """
    listed = list(names)
    for name in listed:
        check_name(name, item)
    if len(set(listed)) != len(listed):
        raise InvalidValueError(item, "holds a name twice")


def check_region(region: str) -> None:
    """Refuse what is not a two-letter ISO 3166 code.

    Raises: InvalidValueError: naming the region.
    """
    if not _REGION.fullmatch(region):
        raise InvalidValueError("region", "needs a two-letter code such as CN")


@dataclass(frozen=True, slots=True, kw_only=True)
class Tenant:
    """One organisation on this deployment."""

    name: str
    title: BilingualText

    def __post_init__(self) -> None:
        check_name(self.name, "tenant")


@dataclass(frozen=True, slots=True, kw_only=True)
class Party:
    """A handler, recipient, processor or bureau.

    Attributes:
        contact: how a person reaches it (PIPL 17, 23).
        contract_ends: when its entrustment or provision contract ends, None if open.
        transfer: the mechanism for a party outside the mainland, with its reference and expiry (PIPL 38).
    """

    tenant: str
    name: str
    title: BilingualText
    role: PartyRole
    contact: str
    region: str = "CN"
    contract_ends: datetime | None = None
    transfer: TransferMechanism = TransferMechanism.NONE
    transfer_ref: str | None = None
    transfer_expires: datetime | None = None

    def __post_init__(self) -> None:
        check_name(self.tenant, "tenant")
        check_name(self.name, "party")
        check_region(self.region)
        check_aware(self.contract_ends, "contract_ends")
        check_aware(self.transfer_expires, "transfer_expires")
        check_text(self.contact, "contact", _REFERENCE_LIMIT)
        if self.transfer_ref is not None:
            check_text(self.transfer_ref, "transfer_ref", _REFERENCE_LIMIT)

    def has_ended(self, now: datetime) -> bool:
        """Whether the contract is over at ``now``."""
        return self.contract_ends is not None and self.contract_ends <= now

    def transfer_at(self, now: datetime) -> TransferMechanism:
        """The transfer mechanism that holds at ``now``; none once it has expired."""
        if self.transfer_expires is not None and self.transfer_expires <= now:
            return TransferMechanism.NONE
        return self.transfer


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenRule:
    """Which kind of token a client is given for a field, where the form of release is a token.

    Attributes:
        keep: what a format-preserving token of a resident identity number keeps.
    """

    field: str
    kind: TokenKind
    keep: Keep = Keep.NOTHING


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """A registered service of a party, with the products and purposes it may name.

    Attributes:
        tokens: fields whose tokens are computed; random ones, which can be erased, for all others.
    """

    tenant: str
    name: str
    party: str
    title: BilingualText
    products: tuple[str, ...]
    purposes: tuple[str, ...]
    max_form: ReleaseForm
    status: ClientStatus = ClientStatus.ACTIVE
    region: str = "CN"
    tokens: tuple[TokenRule, ...] = ()

    def __post_init__(self) -> None:
        check_name(self.tenant, "tenant")
        check_name(self.name, "client")
        check_distinct((rule.field for rule in self.tokens), "tokens")
        check_name(self.party, "party")
        check_distinct(self.products, "products")
        check_distinct(self.purposes, "purposes")
        check_region(self.region)


@dataclass(frozen=True, slots=True)
class CeilingField:
    """A field the purpose may reach, and why it is necessary (PIPL 6, 28(2))."""

    field: str
    necessity: BilingualText | None = None


@dataclass(frozen=True, slots=True)
class Override:
    """A relaxation of the strict default: who approved it and under which reference."""

    name: OverrideName
    approved_by: str
    reference: str

    def __post_init__(self) -> None:
        check_name(self.approved_by, "override approver")
        check_text(self.reference, "override reference", _REFERENCE_LIMIT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Purpose:
    """Why data may be processed, on which basis, and how far that may ever go.

    Attributes:
        basis_ref: the contract or provision cited, needed for every basis but consent by the policies.
        pipia: reference of the impact assessment; it counts until ``pipia_expires`` (PIPL 55-56).
        ceiling: every field the purpose may reach.
        methods: how data is processed; changing them, or raising ``revision`` when the purpose comes to mean something
            else, puts the current notice out of force until a new version is published (PIPL 14).
        max_grant_days: the longest a consent may run; None for no bound.
        foreign_authority: serves a foreign judicial or enforcement body: always denied (PIPL 41).
        reveals: fields of the ceiling whose tokens may be revealed to a recipient for this purpose.
    """

    tenant: str
    name: str
    title: BilingualText
    basis: LawfulBasis
    ceiling: tuple[CeilingField, ...]
    methods: tuple[Method, ...]
    max_form: ReleaseForm
    basis_ref: str | None = None
    pipia: str | None = None
    pipia_expires: datetime | None = None
    automated: bool = False
    status: PurposeStatus = PurposeStatus.ACTIVE
    overrides: tuple[Override, ...] = ()
    max_grant_days: int | None = None
    foreign_authority: bool = False
    revision: int = 1
    reveals: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        check_name(self.tenant, "tenant")
        check_name(self.name, "purpose")
        check_distinct((entry.field for entry in self.ceiling), "ceiling")
        check_distinct((override.name for override in self.overrides), "overrides")
        check_distinct(self.methods, "methods")
        check_distinct(self.reveals, "reveals")
        if not set(self.reveals) <= self.fields:
            raise InvalidValueError("reveals", "names a field that is not in the ceiling")
        check_aware(self.pipia_expires, "pipia_expires")
        for text, item in ((self.basis_ref, "basis_ref"), (self.pipia, "pipia")):
            if text is not None:
                check_text(text, item, _REFERENCE_LIMIT)
        if not self.methods:
            raise InvalidValueError("methods", "names no way of processing")
        if self.revision < 1 or (self.max_grant_days is not None and self.max_grant_days < 1):
            raise InvalidValueError("purpose", "revision and max_grant_days start at 1")

    @property
    def fields(self) -> frozenset[str]:
        """The names of the ceiling."""
        return frozenset(entry.field for entry in self.ceiling)

    @property
    def necessary(self) -> frozenset[str]:
        """The fields whose necessity is stated."""
        return frozenset(
            entry.field for entry in self.ceiling if entry.necessity is not None and entry.necessity.is_complete
        )

    def pipia_at(self, now: datetime) -> str:
        """'live', 'expired' or 'missing' at ``now``; an assessment without an end counts as missing."""
        if not self.pipia or self.pipia_expires is None:
            return "missing"
        return "live" if now < self.pipia_expires else "expired"
