"""Tokens turned back into identifiers: gated, recorded, counted.

1. the client is registered, the purpose lets the field's tokens be revealed                     (PIPL 6)
2. the budget of the day, or an approved request, is used up; the asking is in the ledger
3. each token is resolved for the client's own party; another party's, and one that never was, are alike
4. the gate reads the feature of the subjects behind them: basis, consent, policy, a ledger entry for each
5. what the gate released is opened, if the consent it was decided on still stands, under a lock
6. who was shown what is in each person's stream, totals are raised, thresholds told; only then it is answered

Rules: tokens count whether they are known or not; a fault after step 2 leaves the budget used, never the reverse.
Law: PIPL 51(3), 73(3); 法释〔2017〕10号 article 5; 征信业管理条例 22.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from api.database import Transaction
from api.logs import EVENTS
from api.service import Service
from catalog import Catalog, Feature, SensitiveKind
from consent import Client, Party, Purpose, find_current
from consent.store.registry import read_epoch
from consent.store.subjects import subjects as read_subjects
from gate import Mode, ReadAnswer, ReadCall
from lineage import Actor, EntryDraft, Kind, Role, append, find_entry
from lineage.content import Json
from vault import (
    Asked,
    RevealApprovalNeededError,
    RevealRefusedError,
    TokenKind,
    TokenScope,
    TokenSpec,
    ask_reveal,
    count_shown,
    find_by_index,
    identifiers,
    refresh_key_ring,
    resolve_tokens,
    subject_keys,
    take_budget,
    use_reveal,
)
from vault.encoding import bind

UNKNOWN: Final = "vault/token_not_found"
OPENED_BY_KEY: Final = frozenset({TokenKind.FORMAT_PRESERVING, TokenKind.REVERSIBLE})
MOVED: Final = "gate/contended"
GONE: Final = "KEY_UNAVAILABLE"
FIRST_THRESHOLD, SECOND_THRESHOLD, THIRD_THRESHOLD = 50, 500, 5000


@dataclass(frozen=True, slots=True)
class RevealCall:
    """What is asked, by whom.

    Attributes:
        made_for: the purpose the tokens were made for, where that is not the purpose of revealing them.
    """

    tenant: str
    client: str
    purpose: str
    product: str
    feature: str
    tokens: tuple[str, ...]
    made_for: str
    request: str | None = None

    @property
    def subject_matter(self) -> bytes:
        """What a request is about: the order of tokens does not count."""
        return bind(self.purpose, self.product, self.feature, self.made_for, *sorted(self.tokens))


@dataclass(frozen=True, slots=True)
class Revealed:
    """What became of one token.

    Attributes:
        read: the ledger entry of the read that justifies it.
    """

    value: str | None = field(repr=False)
    reasons: tuple[str, ...] = ()
    read: int | None = None


@dataclass(frozen=True, slots=True)
class _Ground:
    """What is registered about a call."""

    client: Client
    party: str
    feature: Feature
    name: str
    threshold: int


async def ask_approval(service: Service, call: RevealCall) -> str:
    """Keep a request for many tokens, to be approved by somebody else; returns its id.

    Raises: RevealRefusedError: bulk is off, or the purpose does not allow it; ClientNotFoundError.
    """
    settings = service.settings.reveals
    if not settings.bulk:
        raise RevealRefusedError
    async with service.database.transaction() as tx:
        ground = await _ground(service, tx, call)
        life = timedelta(hours=settings.request_hours)
        request = await ask_reveal(tx.connection, _asked(service, call), by=call.client, now=tx.now, life=life)
        parts: dict[str, Json] = {"field": ground.name, "tokens": len(call.tokens), "bulk": True}
        await append(tx.connection, [_draft(call, ground, request, parts)], now=tx.now, mac=service.keyring.mac)
    return request


async def reveal(service: Service, call: RevealCall) -> list[Revealed]:
    """Reveal tokens, in the order asked.

    Raises: ClientNotFoundError; RevealRefusedError; RevealApprovalNeededError; RevealBudgetError;
        RevealRequestNotFoundError; RevealNotApprovedError; GateError: nothing could be decided or recorded.
    """
    async with service.database.transaction() as tx:
        ground = await _ground(service, tx, call)
        await _take(service, tx, call)
        owners = await _owners(service, tx, call, ground)
        parts: dict[str, Json] = {"field": ground.name, "tokens": len(call.tokens), "found": len(owners), "bulk": False}
        await append(tx.connection, [_draft(call, ground, call.request, parts)], now=tx.now, mac=service.keyring.mac)
    if not owners:
        return [Revealed(None, (UNKNOWN,)) for _ in call.tokens]
    answer = await service.gate.read(
        ReadCall(
            tenant=call.tenant,
            client=call.client,
            purpose=call.purpose,
            product=call.product,
            subjects=tuple(sorted(set(owners.values()))),
            features=(call.feature,),
            mode=Mode.release,
        )
    )
    async with service.database.transaction() as tx:
        shown = await _open(service, tx, ground, answer)
    return [shown[owners[token]] if token in owners else Revealed(None, (UNKNOWN,)) for token in call.tokens]


async def _ground(service: Service, tx: Transaction, call: RevealCall) -> _Ground:
    client = await find_current(tx.connection, call.tenant, Client, call.client)
    party = await find_current(tx.connection, call.tenant, Party, client.party)
    catalog = await service.catalogs.current(tx.connection)
    feature = catalog.feature(call.tenant, call.feature)
    if feature is None or feature.identifier is None or call.purpose not in client.purposes:
        raise RevealRefusedError
    purpose = await find_current(tx.connection, call.tenant, Purpose, call.purpose)
    name = feature.fields[0]
    if name not in purpose.reveals:
        raise RevealRefusedError
    return _Ground(client, party.name, feature, name, threshold_of(catalog, name))


def threshold_of(catalog: Catalog, name: str) -> int:
    """How many items of a field the law counts as grave: 50 of tracks and property, 500 of other sensitive kinds.

    A field that nobody classified counts as the gravest.
    """
    found = catalog.field(name)
    if not found.classified or found.sensitive_kind in {SensitiveKind.TRACK, SensitiveKind.FINANCIAL}:
        return FIRST_THRESHOLD
    return THIRD_THRESHOLD if found.sensitive_kind is None else SECOND_THRESHOLD


async def _take(service: Service, tx: Transaction, call: RevealCall) -> None:
    """Use up the budget of the day, or the approved request."""
    settings = service.settings.reveals
    if call.request is not None:
        if not settings.bulk:
            raise RevealRefusedError
        await use_reveal(tx.connection, call.request, _asked(service, call), tx.now)
        return
    if len(call.tokens) > settings.at_once:
        raise RevealApprovalNeededError(settings.at_once)
    await take_budget(tx.connection, _asked(service, call), limit=settings.daily_budget, now=tx.now)


async def _owners(service: Service, tx: Transaction, call: RevealCall, ground: _Ground) -> dict[str, str]:
    """The subjects behind the tokens that are this recipient's and of this field."""
    found = await resolve_tokens(tx.connection, call.tenant, call.tokens, ground.party, rows=service.keyring.rows)
    owners = {token: owner.subject for token, owner in found.items() if owner.field == ground.name}
    rule = next((rule for rule in ground.client.tokens if rule.field == ground.name), None)
    if rule is None or rule.kind not in OPENED_BY_KEY:
        return owners
    # A token may be of a key version that this process has not read under yet.
    await refresh_key_ring(tx.connection, service.keyring)
    spec = TokenSpec(rule.kind, str(ground.feature.identifier), rule.keep)
    scope = TokenScope(call.tenant, call.made_for, ground.party, ground.name)
    keys = service.keyring
    digests = {
        token: [keys.blind(call.tenant, ground.name, value) for value in keys.tokens.values(scope, spec, token)]
        for token in set(call.tokens) - set(owners)
    }
    wanted = list({digest: None for found in digests.values() for digest in found})
    known = await find_by_index(tx.connection, call.tenant, ground.name, wanted)
    for token, candidates in digests.items():
        people = (known[digest][0] for digest in candidates if len(known.get(digest, ())) == 1)
        if (subject := next(people, None)) is not None:
            owners[token] = subject
    return owners


async def _open(service: Service, tx: Transaction, ground: _Ground, answer: ReadAnswer) -> dict[str, Revealed]:
    """Open what the gate released, record it in each person's stream, and count it."""
    tenant = answer.call.tenant
    released = {each.subject: each for each in answer.subjects if each.rulings[0].released}
    shown = {
        each.subject: Revealed(None, each.rulings[0].reasons, each.entry)
        for each in answer.subjects
        if each.subject not in released
    }
    epoch = await read_epoch(tx.connection, share=True)
    people = await read_subjects(tx.connection, tenant, list(released), lock=True)
    wrapped = await subject_keys(tx.connection, tenant, list(released))
    sealed = await identifiers(tx.connection, tenant, list(released), [ground.name])
    drafts: list[EntryDraft] = []
    for ref, each in released.items():
        decided = (await find_entry(tx.connection, tenant, each.entry)).document
        person = people.get(ref)
        if person is None or (person.version, epoch) != (decided["consent_version"], decided["epoch"]):
            shown[ref] = Revealed(None, (MOVED,), each.entry)
            continue
        blob = sealed.get((ref, ground.name))
        if blob is None or ref not in wrapped:
            shown[ref] = Revealed(None, (GONE,), each.entry)
            continue
        key = service.keyring.open_subject_key(tenant, ref, wrapped[ref])
        shown[ref] = Revealed(key.open(blob, ground.name).decode(), (), each.entry)
        drafts.append(_shown_draft(service, answer, ground, pseudonym=person.pseudonym, version=person.version))
    await _count(service, tx, answer, ground=ground, drafts=drafts)
    return shown


async def _count(
    service: Service, tx: Transaction, answer: ReadAnswer, *, ground: _Ground, drafts: list[EntryDraft]
) -> None:
    """Record what is shown, raise the totals, and tell who passed a threshold."""
    if not drafts:
        return
    call, threshold = answer.call, ground.threshold
    if await count_shown(tx.connection, call.tenant, call.client, threshold=threshold, shown=len(drafts)):
        service.metrics.reveal_threshold(threshold)
        EVENTS.warning("a client was shown identifiers past a threshold", extra={"fields": {"threshold": threshold}})
        parts: dict[str, Json] = {"threshold": threshold, "field": ground.name}
        drafts = [*drafts, _base(Kind.REVEAL_THRESHOLD, answer, ground, parts)]
    await append(tx.connection, drafts, now=tx.now, mac=service.keyring.mac)


def _shown_draft(service: Service, answer: ReadAnswer, ground: _Ground, *, pseudonym: str, version: int) -> EntryDraft:
    parts: dict[str, Json] = {
        "fields": [ground.name],
        "form": "plain",
        "consent_version": version,
        "key": service.keyring.key_version,
    }
    return _base(Kind.IDENTIFIERS_REVEALED, answer, ground, parts, subject=pseudonym)


def _base(
    kind: Kind, answer: ReadAnswer, ground: _Ground, parts: Mapping[str, Json], *, subject: str | None = None
) -> EntryDraft:
    call = answer.call
    return EntryDraft(
        kind,
        call.tenant,
        Actor(Role.SCORER, call.client),
        subject=subject,
        client=call.client,
        party=ground.party,
        purpose=call.purpose,
        parts=parts,
    )


def _draft(call: RevealCall, ground: _Ground, request: str | None, parts: Mapping[str, Json]) -> EntryDraft:
    return EntryDraft(
        Kind.REVEAL_ASKED,
        call.tenant,
        Actor(Role.SCORER, call.client),
        client=call.client,
        party=ground.party,
        purpose=call.purpose,
        about=request,
        parts=parts,
    )


def _asked(service: Service, call: RevealCall) -> Asked:
    digest = service.keyring.blind(call.tenant, "reveal_request", call.subject_matter.hex())
    return Asked(call.tenant, call.client, digest, len(call.tokens))
