"""A small lender with its group, for tests: real service, real tables, a journal that remembers."""

import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from api.database import Database
from catalog import Catalog, LawfulBasis, ReleaseForm
from consent import (
    Actor,
    AgeBand,
    BilingualText,
    CeilingField,
    Channel,
    Client,
    ConsentEvent,
    ConsentForm,
    ConsentService,
    Entropy,
    GrantRequest,
    Method,
    NewSubject,
    Notice,
    NoticeDraft,
    NoticeRecipient,
    Party,
    PartyRole,
    Purpose,
    Registrar,
    SubjectId,
    Tenant,
    new_id,
)
from vault import RowKeys, SecretBytes

T = BilingualText
ON_SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)  # where the database plays no part
STEWARD = Actor("steward", "steward_one")
PERSON = Actor("subject", "sub_of_the_token")
FIELDS = ("zhima_score", "repayment_record", "ecom_spend_12m", "community_engagement")
ROWS = RowKeys({1: SecretBytes(bytes(range(32)))})
START = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)


class MemoryJournal:
    """Keeps the events it is given; numbers them as a ledger would."""

    def __init__(self) -> None:
        self.events: list[ConsentEvent] = []

    async def append(self, connection: AsyncConnection, events: Sequence[ConsentEvent], now: datetime) -> list[int]:
        first = len(self.events) + 1
        self.events.extend(events)
        return list(range(first, len(self.events) + 1))


def party(name: str = "lender", role: PartyRole = PartyRole.LENDER, **parts: Any) -> Party:
    return Party(
        tenant="group", name=name, title=T("某贷", "Some lender"), role=role, contact="dpo@lender.example", **parts
    )


def purpose(**parts: Any) -> Purpose:
    given: dict[str, Any] = {
        "tenant": "group",
        "name": "credit_scoring",
        "title": T("信用评分", "Credit scoring"),
        "basis": LawfulBasis.CONSENT,
        "ceiling": tuple(CeilingField(name, T("评估还款能力", "To assess repayment")) for name in FIELDS),
        "methods": (Method.COLLECT, Method.USE, Method.AUTOMATED_DECISION),
        "max_form": ReleaseForm.BUCKET,
        "pipia": "pia_1",
        "pipia_expires": START + timedelta(days=365),
    }
    return Purpose(**{**given, **parts})


def draft(**parts: Any) -> NoticeDraft:
    given: dict[str, Any] = {
        "tenant": "group",
        "name": "scoring_notice",
        "purpose": "credit_scoring",
        "handler": "lender",
        "handler_name": T("某贷", "Some lender"),
        "handler_contact": "dpo@lender.example",
        "text": T("我们为评分使用以下信息。", "We use the following for scoring."),
        "purpose_text": T("信用评分", "Credit scoring"),
        "methods": (Method.COLLECT, Method.USE, Method.AUTOMATED_DECISION),
        "method_text": T("收集、使用、自动化决策", "Collecting, using, automated decision"),
        "fields": FIELDS,
        "retention": T("180天", "180 days"),
        "rights": T("在应用内撤回", "Withdraw in the app"),
        "separate": FIELDS[:3],
        "necessity": T("评分必需", "Needed for scoring"),
        "impact": T("影响额度", "Affects the limit"),
        "recipients": (recipient(),),
    }
    return NoticeDraft(**{**given, **parts})


def recipient(**parts: Any) -> NoticeRecipient:
    given: dict[str, Any] = {
        "party": "bureau",
        "name": T("某征信", "Some bureau"),
        "contact": "dpo@bureau.example",
        "purpose": T("征信", "Credit reporting"),
        "method": T("提供", "Provision"),
        "fields": ("zhima_score", "repayment_record"),
    }
    return NoticeRecipient(**{**given, **parts})


def seeded(number: int) -> Entropy:
    return random.Random(number).randbytes  # noqa: S311  # repeatable ids


def subject(number: int, tenant: str = "group") -> SubjectId:
    return SubjectId(tenant, new_id("sub", seeded(number)))


class World:
    """A configured tenant with a few subjects on one database."""

    def __init__(self, database: Database, catalog: Catalog) -> None:
        self.database = database
        self.catalog = catalog
        self.journal = MemoryJournal()
        self.registrar = Registrar(self.journal, rows=ROWS)
        self.service = ConsentService(self.journal, rows=ROWS, entropy=seeded(7))
        self.notice: Notice
        self.notices: dict[str, Notice]

    @property
    def now(self) -> datetime:
        """The test's clock, on both databases."""
        return self.database.clock()

    async def build(self, subjects: int = 3) -> "World":
        async with self.database.transaction() as tx:
            connection, now = tx.connection, self.now
            for name in ("group", "other"):
                await self.registrar.register_tenant(
                    connection, Tenant(name=name, title=T("集团", "Group")), by=STEWARD, now=now
                )
            for held in (
                party(),
                party("bureau", PartyRole.CREDIT_BUREAU),
                party("shop", PartyRole.INFORMATION_USER),
                party("helper", PartyRole.PROCESSOR),
            ):
                await self.registrar.register_party(connection, held, by=STEWARD, now=now)
            await self.registrar.register_purpose(connection, purpose(), by=STEWARD, now=now)
            await self.registrar.register_purpose(connection, purpose(name="limit_setting"), by=STEWARD, now=now)
            await self.registrar.register_client(connection, client(), by=STEWARD, now=now)
            self.notice = (await self._publish(tx)).notice
            second = draft(name="limit_notice", purpose="limit_setting")
            limit = await self.registrar.publish_notice(connection, second, self.catalog, by=STEWARD, now=now)
            self.notices = {"credit_scoring": self.notice, "limit_setting": limit.notice}
            new = [
                NewSubject(subject(number), new_id("ps", seeded(number + 1000)), AgeBand.ADULT)
                for number in range(subjects)
            ]
            await self.service.create_subjects(connection, new, now=now)
        return self

    async def publish(self, **parts: Any) -> Notice:
        async with self.database.transaction() as tx:
            self.notice = (await self._publish(tx, **parts)).notice
        return self.notice

    async def _publish(self, tx: Any, **parts: Any) -> Any:
        return await self.registrar.publish_notice(
            tx.connection, draft(**parts), self.catalog, by=STEWARD, now=self.now
        )

    def request(self, **parts: Any) -> GrantRequest:
        given: dict[str, Any] = {
            "subject": subject(0),
            "purpose": "credit_scoring",
            "recipient": "lender",
            "notice": self.notice.content.name,
            "notice_version": self.notice.version,
            "notice_hash": self.notice.hash,
            "fields": ("zhima_score", "repayment_record"),
            "form": ConsentForm.SEPARATE,
            "max_form": ReleaseForm.BUCKET,
            "channel": Channel.APP,
        }
        return GrantRequest(**{**given, **parts})

    async def do(self, operation: str, *arguments: Any, by: Actor = PERSON) -> Any:
        """One operation of the service in a transaction of its own."""
        async with self.database.transaction() as tx:
            return await getattr(self.service, operation)(tx.connection, *arguments, by=by, now=self.now)

    async def give(self, **parts: Any) -> Any:
        return await self.do("give", self.request(**parts))

    async def ask(self, question: Any, *arguments: Any, **options: Any) -> Any:
        """One query in a reading transaction."""
        async with self.database.reading() as tx:
            return await question(tx.connection, *arguments, **options)


def client(**parts: Any) -> Client:
    given: dict[str, Any] = {
        "tenant": "group",
        "name": "scorer",
        "party": "lender",
        "title": T("评分服务", "Scoring service"),
        "products": ("cash_loan",),
        "purposes": ("credit_scoring",),
        "max_form": ReleaseForm.BUCKET,
    }
    return Client(**{**given, **parts})
