"""A small lender to test with: one tenant, two parties, a purpose, a notice, views, subjects with sealed values.

All people here are made up. The builder works through the rooms' public functions, in one database.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec

from api.database import Database
from api.journal import LedgerJournal
from api.usecases.catalogs import Authority, Catalogs, put_views
from catalog import Catalog, LawfulBasis, ReleaseForm, load_views
from consent import (
    Actor,
    AgeBand,
    BilingualText,
    CeilingField,
    Channel,
    Client,
    ConsentForm,
    ConsentService,
    GrantRequest,
    Method,
    NewSubject,
    Notice,
    NoticeDraft,
    NoticeRecipient,
    Party,
    PartyRole,
    Purpose,
    Recorded,
    Registrar,
    SubjectId,
    Tenant,
    new_id,
    note_observed,
    store,
)
from gate.store_values import store_values
from vault import FileRootKey, KeyRing, insert_subject_key, open_key_ring, subject_keys

TENANT = "lender"
STEWARD = Actor("steward", "steward_one")
BOTH = BilingualText("测试", "test")
FIELDS = ("credit_limit", "repayment_record", "payment_transactions", "ecom_order_count", "zhima_score", "birth_date")
FEATURES = ("behaviour:orders", "behaviour:limit", "behaviour:score_band", "behaviour:worst_status")
VIEWS = """
views:
  - name: behaviour
    handler: lender
    zh: 行为
    en: Behaviour
    features:
      - {name: orders, zh: 订单数, en: Orders, type: integer, transform: raw, fields: [ecom_order_count], form: bucket,
         shapes: {bucket: {edges: [0, 10, 50]}}}
      - {name: limit, zh: 额度, en: Limit, type: integer, transform: raw, fields: [credit_limit], form: plain}
      - {name: score_band, zh: 芝麻分段, en: Score band, type: integer, transform: raw, fields: [zhima_score],
         form: bucket, shapes: {bucket: {edges: [550, 600, 650, 700]}}}
      - {name: worst_status, zh: 最差状态, en: Worst status, type: integer, transform: derived,
         fields: [repayment_record], form: bucket, shapes: {bucket: {edges: [0, 1, 3]}}}
"""
VALUES = {"orders": 17, "limit": 20000, "score_band": 663, "worst_status": 0}


@dataclass
class World:
    """The lender's database and keys, and shorthands to act in it."""

    database: Database
    keys: KeyRing
    catalog: Catalog
    notice: Notice
    subjects: list[str] = field(default_factory=list)

    @property
    def service(self) -> ConsentService:
        return ConsentService(LedgerJournal(self.keys.mac), rows=self.keys.rows, entropy=os.urandom)

    @property
    def registrar(self) -> Registrar:
        return Registrar(LedgerJournal(self.keys.mac), rows=self.keys.rows)

    async def add_subjects(
        self,
        count: int,
        *,
        values: Mapping[str, Any] | None = None,
        age: AgeBand = AgeBand.ADULT,
        observed: datetime | None = None,
    ) -> list[str]:
        """Create subjects with keys and sealed values of the view ``behaviour``."""
        refs = [new_id("sub", os.urandom) for _ in range(count)]
        view = self.catalog.view(TENANT, "behaviour")
        async with self.database.transaction() as tx:
            new, sealed = [], []
            for ref in refs:
                key, wrapped = self.keys.new_subject_key(TENANT, ref)
                new.append(NewSubject(SubjectId(TENANT, ref), key.pseudonym(), age))
                await insert_subject_key(tx.connection, TENANT, ref, wrapped, tx.now)
                sealed += [
                    (ref, segment, key.seal(msgspec.json.encode(part), segment))
                    for segment, part in _segments(view.features, VALUES if values is None else values).items()
                ]
            await self.service.create_subjects(tx.connection, new, now=tx.now)
            at = observed or tx.now
            await store_values(tx.connection, TENANT, sealed, at)
            await note_observed(tx.connection, TENANT, dict.fromkeys(refs, at), rows=self.keys.rows)
        self.subjects += refs
        return refs

    async def give(
        self, ref: str, fields: Sequence[str] = FIELDS, *, purpose: str = "credit_scoring", **changes: Any
    ) -> Recorded:
        """Give a written consent to the lender for fields; ``changes`` replace parts of the request."""
        async with self.database.transaction() as tx:
            request = self.request(ref, fields, purpose=purpose, **changes)
            return await self.service.give(tx.connection, request, by=Actor("subject", ref), now=tx.now)

    def request(
        self, ref: str, fields: Sequence[str] = FIELDS, *, purpose: str = "credit_scoring", **changes: Any
    ) -> GrantRequest:
        form = changes.get("form", ConsentForm.WRITTEN)
        request = GrantRequest(
            subject=SubjectId(TENANT, ref),
            purpose=purpose,
            recipient="lender",
            notice=self.notice.content.name,
            notice_version=self.notice.version,
            notice_hash=self.notice.hash,
            fields=tuple(sorted(fields)),
            form=form,
            max_form=ReleaseForm.PLAIN,
            channel=Channel.APP,
            evidence="ev_" + "a" * 26 if form is ConsentForm.WRITTEN else None,
        )
        return replace(request, **changes)

    async def act(self, method: str, *arguments: Any) -> Recorded:
        """Call a method of the consent service in a transaction of its own."""
        async with self.database.transaction() as tx:
            who = arguments[0].ref
            done: Recorded = await getattr(self.service, method)(
                tx.connection, *arguments, by=Actor("subject", who), now=tx.now
            )
            return done

    async def rewrite(self, ref: str, **changes: Any) -> None:
        """Change a subject's row as the service could have written it, sealed."""
        async with self.database.transaction() as tx:
            found = await store.subjects.subjects(tx.connection, TENANT, [ref], lock=True)
            await store.subjects.save_subjects(tx.connection, [replace(found[ref], **changes)], self.keys.rows)

    async def touch(self, ref: str) -> None:
        """Raise a subject's consent version, to no other effect."""
        async with self.database.transaction() as tx:
            found = await store.subjects.subjects(tx.connection, TENANT, [ref], lock=True)
            raised = replace(found[ref], version=found[ref].version + 1)
            await store.subjects.save_subjects(tx.connection, [raised], self.keys.rows)

    async def wrapped(self, refs: Sequence[str]) -> dict[str, bytes]:
        async with self.database.reading() as tx:
            return await subject_keys(tx.connection, TENANT, refs)


def _segments(features: Sequence[Any], values: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for feature in features:
        if feature.name in values:
            found.setdefault(feature.segment, {})[feature.name] = values[feature.name]
    return found


async def build(database: Database, folder: Path, views: str = VIEWS) -> World:
    """Register everything on an empty schema."""
    async with database.transaction() as tx:
        keys = await open_key_ring(tx.connection, FileRootKey.open_or_create(folder / "root.key"), now=tx.now)
    registrar = Registrar(LedgerJournal(keys.mac), rows=keys.rows)
    loaded = load_views(views, TENANT, catalog=Catalog.builtin())
    catalog = Catalog.builtin().with_views(TENANT, loaded)
    async with database.transaction() as tx:
        await registrar.register_tenant(tx.connection, Tenant(name=TENANT, title=BOTH), by=STEWARD, now=tx.now)
        authority = Authority(STEWARD, tx.now, keys.mac, keys.rows)
        await put_views(tx.connection, Catalogs(), TENANT, loaded, authority)
        for party in parties():
            await registrar.register_party(tx.connection, party, by=STEWARD, now=tx.now)
        await registrar.register_purpose(tx.connection, purpose(tx.now), by=STEWARD, now=tx.now)
        for client in clients():
            await registrar.register_client(tx.connection, client, by=STEWARD, now=tx.now)
        published = await registrar.publish_notice(tx.connection, notice(), catalog, by=STEWARD, now=tx.now)
    return World(database, keys, catalog, published.notice)


def parties() -> list[Party]:
    return [
        Party(tenant=TENANT, name="lender", title=BOTH, role=PartyRole.LENDER, contact="privacy@lender.example"),
        Party(
            tenant=TENANT,
            name="partner",
            title=BOTH,
            role=PartyRole.INFORMATION_USER,
            contact="privacy@partner.example",
        ),
    ]


def purpose(now: datetime, **changes: Any) -> Purpose:
    made = Purpose(
        tenant=TENANT,
        name="credit_scoring",
        title=BOTH,
        basis=LawfulBasis.CONSENT,
        ceiling=tuple(CeilingField(name, BOTH) for name in FIELDS),
        methods=(Method.COLLECT, Method.USE, Method.AUTOMATED_DECISION),
        max_form=ReleaseForm.PLAIN,
        pipia="pipia_one",
        pipia_expires=now + timedelta(days=365),
        automated=True,
    )
    return replace(made, **changes)


def clients() -> list[Client]:
    return [
        Client(
            tenant=TENANT,
            name="scoring",
            party="lender",
            title=BOTH,
            products=("cash_loan",),
            purposes=("credit_scoring",),
            max_form=ReleaseForm.PLAIN,
        ),
        Client(
            tenant=TENANT,
            name="partner_scoring",
            party="partner",
            title=BOTH,
            products=("cash_loan",),
            purposes=("credit_scoring",),
            max_form=ReleaseForm.PLAIN,
        ),
    ]


def notice(**changes: Any) -> NoticeDraft:
    draft = NoticeDraft(
        tenant=TENANT,
        name="scoring_notice",
        purpose="credit_scoring",
        handler="lender",
        handler_name=BOTH,
        handler_contact="privacy@lender.example",
        text=BOTH,
        purpose_text=BOTH,
        methods=(Method.COLLECT, Method.USE, Method.AUTOMATED_DECISION),
        method_text=BOTH,
        fields=tuple(sorted(FIELDS)),
        retention=BOTH,
        rights=BOTH,
        separate=tuple(sorted(FIELDS)),
        necessity=BOTH,
        impact=BOTH,
        recipients=(
            NoticeRecipient(
                party="partner",
                name=BOTH,
                contact="privacy@partner.example",
                purpose=BOTH,
                method=BOTH,
                fields=tuple(sorted(FIELDS)),
            ),
        ),
    )
    return replace(draft, **changes)
