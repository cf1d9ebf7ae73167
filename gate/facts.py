"""Facts: what the policy is told, free of identity and clock.

Rules:
- facts hold states (live, expired, adult), never ids, times or names of persons: equal situations give equal facts;
- a request's facts are whole in themselves, the catalogue's verdicts on each field included, so that a decision is a
  function of (facts, policy revision) and can be replayed from them alone;
- a state that the clock will change carries the instant of the change beside the facts, never inside them;
- grants are ordered by their facts, so that the order of giving does not tell situations apart.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import msgspec

from catalog import Catalog, Feature, Field, digest
from consent import Client, Party, PartyRole, Purpose, Registry, TokenRule
from vault import TokenKind

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
FOREVER_US = 2**62
DAY_US = 86_400_000_000
UNKNOWN = "unknown"
NARROWED_KEPT = 4096


class GrantRow(NamedTuple):
    """A current grant as stored, filtered to the purpose and recipient of the call.

    Attributes:
        guardian: the reference of the guardian, None if the subject consented.
        terms: what no decision looks at, as `consent.rows` writes it; ``mac`` authenticates the row.
    """

    id: str
    version: int
    state: str
    form: str
    guardian: str | None
    provision: int
    fields: str
    max_form: str
    starts_us: int
    expires_us: int | None
    material: str
    terms: str
    mac: bytes | None


class SubjectRow(NamedTuple):
    """A subject as stored, with what one read needs of them.

    Attributes:
        head: the last place of their stream in the ledger.
        last: id of the newest ledger entry of a consent event; ``told`` is the one the row knows of.
        held: the codes of their current grants; ``mac`` authenticates the row.
    """

    ref: str
    version: int
    pseudonym: str
    age_band: str
    oldest_observed_us: int | None
    status: str
    head: int
    created_us: int
    told: int
    held: str
    mac: bytes | None
    last: int
    grants: tuple[GrantRow, ...]


class GrantFacts(NamedTuple):
    """One grant as the policy sees it."""

    state: str
    notice: str
    form: str
    guardian: bool
    fields: tuple[str, ...]
    provision: bool
    max_form: str


class SubjectFacts(NamedTuple):
    """One subject as the policy sees them; hashable, so that equal situations share one decision."""

    status: str
    age: str
    grants: tuple[GrantFacts, ...]
    expired: tuple[str, ...]

    def document(self) -> dict[str, Any]:
        """The JSON object of the policy input."""
        return {
            "status": self.status,
            "age": self.age,
            "grants": [grant._asdict() for grant in self.grants],
            "expired": list(self.expired),
        }


STRANGER = SubjectFacts(UNKNOWN, UNKNOWN, (), ())
GONE = SubjectFacts("erased", UNKNOWN, (), ())


@dataclass(frozen=True, slots=True)
class Distrusted:
    """Whose configuration is not as it was sealed.

    Attributes:
        tenants: those with a row that somebody changed.
        everything: whether anything may be missing or put back.
    """

    tenants: frozenset[str] = frozenset()
    everything: bool = False

    def covers(self, tenant: str) -> bool:
        """Whether nothing may be decided for a tenant."""
        return self.everything or tenant in self.tenants

    def __bool__(self) -> bool:
        return self.everything or bool(self.tenants)


@dataclass(frozen=True, slots=True)
class Config:
    """Everything a decision needs that changes only with the configuration epoch."""

    epoch: int
    registry: Registry
    catalog: Catalog
    distrusted: Distrusted = field(default_factory=Distrusted)


class CallKey(NamedTuple):
    """What calls must share to share their call facts."""

    tenant: str
    client: str
    purpose: str
    product: str
    features: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Call:
    """A call resolved against one configuration.

    Attributes:
        key: what was asked, by whom.
        party: the client's party, that is the recipient; "unknown" if the client is not registered.
        document: the call part of the policy input.
        digest: SHA-256 of the canonical document, hex.
        features: the known features by full name.
        material: digest of what the purpose's current notice promises; "" without one.
        valid_until_us: when a state inside the facts changes with the clock.
        shortest_life_us: the shortest retention among the asked fields, None if none ends.
        tokens: by field, the kind of token where it is computed of the value.
    """

    key: CallKey
    party: str
    document: Mapping[str, Any]
    digest: str
    features: Mapping[str, Feature]
    material: str
    valid_until_us: int
    shortest_life_us: int | None
    lives_us: Mapping[str, int]
    tokens: Mapping[str, TokenRule] = field(default_factory=dict)
    _narrowed: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def narrow(self, fields_text: str) -> tuple[str, ...]:
        """The grant's fields that this call is about, sorted; remembers, since grants repeat."""
        found = self._narrowed.get(fields_text)
        if found is None:
            wanted = self.document["fields"]
            if len(self._narrowed) >= NARROWED_KEPT:
                self._narrowed.clear()
            found = tuple(sorted(name for name in msgspec.json.decode(fields_text, type=list[str]) if name in wanted))
            self._narrowed[fields_text] = found
        return found


def resolve(key: CallKey, config: Config, now_us: int) -> Call:
    """Resolve what was asked against the catalogue and the registry.

    Unknown clients, parties, purposes and features become states of the facts, so that the policy denies them by name.
    """
    client = config.registry.clients.get((key.tenant, key.client))
    party = config.registry.parties.get((key.tenant, client.party)) if client else None
    purpose = config.registry.purposes.get((key.tenant, key.purpose))
    notice = config.registry.in_force.get((key.tenant, key.purpose))
    now = instant(now_us)
    known = {
        name: feature for name in key.features if (feature := config.catalog.feature(key.tenant, name)) is not None
    }
    fields = sorted({name for feature in known.values() for name in feature.fields})
    recipient = party.name if party else UNKNOWN
    features = {name: _feature_facts(config.catalog, key.tenant, name, recipient) for name in key.features}
    document = {
        "purpose": _purpose_facts(purpose, fields, now, has_notice=notice is not None),
        "client": _client_facts(client, key),
        "recipient": _recipient_facts(party, now),
        "fields": _fields_facts(config, key.tenant, party, known.values()),
        "features": features,
    }
    lives = {name: days * DAY_US for name in fields if (days := config.catalog.field(name).retention.days) is not None}
    return Call(
        key=key,
        party=recipient,
        document=document,
        digest=digest(document),
        features=known,
        material=notice.material if notice else "",
        valid_until_us=_next_change_us(purpose, party, now),
        shortest_life_us=min(lives.values(), default=None),
        lives_us=lives,
        tokens=_computed_tokens(client),
    )


def subject_facts(row: SubjectRow, call: Call, now_us: int) -> tuple[SubjectFacts, tuple[GrantRow, ...]]:
    """Turn a stored subject into facts; returns them with the grant rows in the order of the facts."""
    if len(row.grants) == 1:
        facts = (_grant_facts(row.grants[0], call, now_us),)
        return SubjectFacts(row.status, row.age_band, facts, ()), row.grants
    paired = sorted((_grant_facts(grant, call, now_us), grant) for grant in row.grants)
    return (
        SubjectFacts(row.status, row.age_band, tuple(facts for facts, _ in paired), ()),
        tuple(grant for _, grant in paired),
    )


def facts_digest(call: Call, subject: SubjectFacts) -> str:
    """SHA-256, hex, of the canonical facts document ``{"call": …, "subject": …}``."""
    return digest({"call": call.document, "subject": subject.document()})


def _grant_facts(grant: GrantRow, call: Call, now_us: int) -> GrantFacts:
    state = grant.state
    if state in {"live", "paused"} and grant.expires_us is not None and grant.expires_us <= now_us:
        state = "expired"
    elif state == "live" and grant.starts_us > now_us:
        state = "not_started"
    return GrantFacts(
        state,
        "current" if grant.material == call.material else "stale",
        grant.form,
        grant.guardian is not None,
        call.narrow(grant.fields),
        bool(grant.provision),
        grant.max_form,
    )


def _purpose_facts(
    purpose: Purpose | None, fields: Sequence[str], now: datetime, *, has_notice: bool
) -> dict[str, Any]:
    if purpose is None:
        return {"status": UNKNOWN}
    return {
        "status": purpose.status.value,
        "basis": purpose.basis.value,
        "basis_ref": bool(purpose.basis_ref),
        "pipia": purpose.pipia_at(now),
        "fields": [name for name in fields if name in purpose.fields],
        "necessity": [name for name in fields if name in purpose.necessary],
        "max_form": purpose.max_form.value,
        "overrides": sorted(override.name.value for override in purpose.overrides),
        "notice": "current" if has_notice else "missing",
        "foreign_authority": purpose.foreign_authority,
    }


def _client_facts(client: Client | None, key: CallKey) -> dict[str, Any]:
    if client is None:
        return {"status": UNKNOWN}
    return {
        "status": client.status.value,
        "purpose": key.purpose in client.purposes,
        "product": key.product in client.products,
        "max_form": client.max_form.value,
        "region": client.region,
    }


def _recipient_facts(party: Party | None, now: datetime) -> dict[str, Any]:
    if party is None:
        return {"status": UNKNOWN}
    return {
        "status": "ended" if party.has_ended(now) else "active",
        "role": party.role.value,
        "transfer": party.transfer_at(now).value,
    }


def _fields_facts(
    config: Config, tenant: str, party: Party | None, features: Iterable[Feature]
) -> dict[str, dict[str, Any]]:
    """The facts of every field; who holds it and who receives it decide whether written consent is due.

    A credit bureau on either side counts: who reports to one and who queries one (征信业管理条例 18, 29).
    """
    provided: set[str] = set()
    with_bureau: set[str] = set()
    names: set[str] = set()
    for feature in features:
        handler = config.registry.parties.get((tenant, config.catalog.view(tenant, feature.view).handler))
        names.update(feature.fields)
        if party is None or handler is None or handler.name != party.name:
            provided.update(feature.fields)
        if any(each is not None and each.role is PartyRole.CREDIT_BUREAU for each in (party, handler)):
            with_bureau.update(feature.fields)
    return {
        name: _field_facts(config.catalog.field(name), bureau=name in with_bureau, provision=name in provided)
        for name in sorted(names)
    }


def _field_facts(field: Field, *, bureau: bool, provision: bool) -> dict[str, Any]:
    if not field.classified:
        return {"status": UNKNOWN}
    return {
        "status": "known",
        "pipl": field.pipl.value,
        "class": field.jrt0171.value,
        "bases": sorted(field.bases),
        "separate": field.separate,
        "written": field.needs_written(bureau=bureau, provision=provision),
        "minors": field.minors.value,
    }


def _feature_facts(catalog: Catalog, tenant: str, name: str, recipient: str) -> dict[str, Any]:
    feature = catalog.feature(tenant, name)
    if feature is None:
        return {"status": UNKNOWN}
    provision = recipient != catalog.view(tenant, feature.view).handler
    form = feature.provided_form if provision else feature.form
    return {
        "status": "known",
        "fields": sorted(feature.fields),
        "provision": provision,
        "form": form.value,
        "forms": [each.value for each in feature.forms],
    }


def _computed_tokens(client: Client | None) -> dict[str, TokenRule]:
    """By field: tokens that come of a key; all others are random."""
    rules = client.tokens if client else ()
    return {rule.field: rule for rule in rules if rule.kind is not TokenKind.RANDOM}


def _next_change_us(purpose: Purpose | None, party: Party | None, now: datetime) -> int:
    ends = (
        purpose.pipia_expires if purpose else None,
        party.contract_ends if party else None,
        party.transfer_expires if party else None,
    )
    return min((microseconds(end) for end in ends if end is not None and end > now), default=FOREVER_US)


def instant(us: int) -> datetime:
    """The aware UTC datetime of microseconds since 1970."""
    return EPOCH + timedelta(microseconds=us)


def microseconds(at: datetime) -> int:
    """Microseconds since 1970 of an aware datetime."""
    return (at - EPOCH) // timedelta(microseconds=1)
