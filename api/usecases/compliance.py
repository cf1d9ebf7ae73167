"""The compliance report: what the system can show for each item of the audit guide, computed from what is there now.

Rules:
- the items are those of the annex of the compliance-audit measures (个人信息保护合规审计指引, items 2 to 20);
- every line is a number or a name read from register, catalogue, ledger or graph at that moment, in both languages;
- every line is a number or a name read from register, catalogue, ledger or graph at that moment, in two languages;
  can show (`outside`); an item with something amiss says `attention`;
- the report judges nothing: an auditor does.

Law: PIPL 54; 个人信息保护合规审计管理办法 (Order 18, in force 2025-05-01), annex.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy.ext.asyncio import AsyncConnection

from api.store_audit import Counted, counted
from api.usecases.audit_items import TITLES
from catalog import Catalog, PiplKind
from consent import Client, Notice, Party, PartyRole, Purpose, PurposeStatus, list_current
from lineage import Moment

HOME = "CN"


class Standing(StrEnum):
    """How much the system can show."""

    SHOWN = "shown"
    PARTLY = "partly"
    OUTSIDE = "outside"
    ATTENTION = "attention"


@dataclass(frozen=True, slots=True)
class Line:
    """One thing shown: its name in both languages, and the value."""

    zh: str
    en: str
    value: int | str


@dataclass(frozen=True, slots=True)
class Item:
    """An item of the guide with what is shown for it."""

    number: int
    zh: str
    en: str
    law: str
    standing: Standing
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Facts:
    """What the lines are computed from."""

    now: datetime
    catalog: Catalog
    parties: Sequence[Party]
    clients: Sequence[Client]
    purposes: Sequence[Purpose]
    notices: Sequence[Notice]
    counts: Counted

    def grants(self, *, state: str | None = None, form: str | None = None, guardian: bool | None = None) -> int:
        """How many grants fit."""
        return sum(
            count
            for found_state, found_form, by_guardian, count in self.counts.grants
            if state in (None, found_state) and form in (None, found_form) and guardian in (None, by_guardian)
        )

    def reads(self, *outcomes: str) -> int:
        """How many reads ended so."""
        return sum(count for outcome, _, count in self.counts.reads if outcome in outcomes)

    def kind(self, *names: str) -> int:
        """How many entries of some kinds the time holds."""
        return sum(self.counts.kinds.get(name, 0) for name in names)

    def parties_of(self, *roles: PartyRole) -> int:
        """How many parties have one of these roles."""
        return sum(party.role in roles for party in self.parties)

    @property
    def active(self) -> list[Purpose]:
        """The purposes in use."""
        return [purpose for purpose in self.purposes if purpose.status is PurposeStatus.ACTIVE]

    @property
    def without_assessment(self) -> list[Purpose]:
        """Purposes in use whose impact assessment is missing or has run out (PIPL 55, 56)."""
        return [p for p in self.active if p.pipia is None or (p.pipia_expires or self.now) <= self.now]

    def sensitive_reach(self) -> list[tuple[str, int]]:
        """Sensitive fields that left, with how many people's."""
        return [
            (field, subjects)
            for field, party, subjects in self.counts.reach
            if not party and self.catalog.field(field).pipl is PiplKind.SENSITIVE
        ]


Shows = Callable[[Facts], tuple[Standing, list[Line]]]


async def compliance(
    connection: AsyncConnection, tenant: str, catalog: Catalog, *, span: tuple[datetime, datetime], now: datetime
) -> list[Item]:
    """Compute the report over a time (from, to)."""
    since, until = (Moment.of(at).us for at in span)
    facts = Facts(
        now,
        catalog,
        (await list_current(connection, tenant, Party, limit=500)).items,
        (await list_current(connection, tenant, Client, limit=500)).items,
        (await list_current(connection, tenant, Purpose, limit=500)).items,
        (await list_current(connection, tenant, Notice, limit=500)).items,
        await counted(connection, tenant, since_us=since, until_us=until, now_us=Moment.of(now).us),
    )
    return [_item(number, facts) for number in TITLES]


def _item(number: int, facts: Facts) -> Item:
    zh, en, law = TITLES[number]
    standing, lines = SHOWS[number](facts)
    return Item(number, zh, en, law, standing, tuple(lines))


def _basis(facts: Facts) -> tuple[Standing, list[Line]]:
    bases = sorted({purpose.basis.value for purpose in facts.active})
    lines = [
        Line("在用目的", "purposes in use", len(facts.active)),
        Line("所依据的合法性基础", "lawful bases they rest on", ", ".join(bases)),
        Line("有效同意", "live grants", facts.grants(state="live")),
        Line("已撤回同意", "withdrawn grants", facts.grants(state="withdrawn")),
        Line("拒绝同意", "refusals on record", facts.grants(state="refused")),
        Line("期内提供的读取", "reads that released data", facts.reads("released", "partial")),
        Line("期内被拒绝的读取", "reads that were denied", facts.reads("denied")),
    ]
    return Standing.SHOWN, lines


def _rules(facts: Facts) -> tuple[Standing, list[Line]]:
    bare = [p.name for p in facts.active if p.name not in {notice.content.purpose for notice in facts.notices}]
    lines = [
        Line("已发布的告知书", "notices published", len(facts.notices)),
        Line("没有告知书的在用目的", "purposes in use without a notice", ", ".join(bare) or "0"),
        Line("目录字段及保存期限", "catalogued fields, each with its retention", len(facts.catalog.fields)),
    ]
    return Standing.ATTENTION if bare else Standing.PARTLY, lines


def _notice(facts: Facts) -> tuple[Standing, list[Line]]:
    lines = [
        Line("告知书版本发布（期内）", "notice versions published in the time", facts.kind("notice.published")),
        Line("书面同意", "written consents", facts.grants(form="written")),
        Line("单独同意", "separate consents", facts.grants(form="separate")),
        Line("每项同意所绑定的告知书", "each grant is bound to the hash of its notice", facts.grants()),
    ]
    return Standing.PARTLY, lines


def _parties(*roles: PartyRole) -> Shows:
    def show(facts: Facts) -> tuple[Standing, list[Line]]:
        found = facts.parties_of(*roles)
        names = {party.name for party in facts.parties if party.role in roles}
        reach = sum(subjects for _, party, subjects in facts.counts.reach if party in names)
        lines = [
            Line("登记的相关方", "parties registered", found),
            Line("其服务", "their clients", sum(client.party in names for client in facts.clients)),
            Line("提供给其的（字段，人）", "(field, person) pairs they received", reach),
        ]
        return Standing.PARTLY, lines

    return show


def _provision(facts: Facts) -> tuple[Standing, list[Line]]:
    holders = {view.handler for view in facts.catalog.views}
    others = {party.name for party in facts.parties} - holders
    reach = [(party, field, subjects) for field, party, subjects in facts.counts.reach if party in others]
    lines = [
        Line("非持有方的接收方", "recipients that are not the holder", len({party for party, _, _ in reach})),
        Line("提供的字段", "fields provided to them", len({field for _, field, _ in reach})),
        Line(
            "单独或书面同意",
            "separate or written consents",
            facts.grants(form="separate") + facts.grants(form="written"),
        ),
    ]
    return Standing.SHOWN, lines


def _automated(facts: Facts) -> tuple[Standing, list[Line]]:
    alone = sum(count for _, automated, count in facts.counts.decisions if automated)
    lines = [
        Line("自动化决策目的", "purposes with automated decisions", sum(p.automated for p in facts.active)),
        Line("期内评分", "scores reported", sum(facts.counts.scores.values())),
        Line("仅由自动化作出的评分", "scores by automation alone", facts.counts.scores.get(True, 0)),
        Line("期内信贷决定", "credit decisions reported", sum(count for _, _, count in facts.counts.decisions)),
        Line("仅由自动化作出的决定", "decisions by automation alone", alone),
        Line("请求人工复核", "reviews by a person asked for", facts.kind("score.review_requested")),
    ]
    return Standing.SHOWN, lines


def _outside(facts: Facts) -> tuple[Standing, list[Line]]:
    del facts
    return Standing.OUTSIDE, []


def _public(facts: Facts) -> tuple[Standing, list[Line]]:
    public = [purpose.name for purpose in facts.active if purpose.basis.value == "public_info"]
    return Standing.PARTLY, [
        Line("以已公开信息为依据的目的", "purposes that rest on public information", ", ".join(public) or "0")
    ]


def _sensitive(facts: Facts) -> tuple[Standing, list[Line]]:
    reach = facts.sensitive_reach()
    lines = [
        Line(
            "目录中的敏感字段",
            "sensitive fields in the catalogue",
            sum(f.pipl is PiplKind.SENSITIVE for f in facts.catalog.fields.values()),
        ),
        Line("已提供的敏感字段", "sensitive fields that were released", len(reach)),
        Line("涉及人数最多的字段", "the most people for one of them", max((count for _, count in reach), default=0)),
        Line("缺少或过期的影响评估", "impact assessments missing or expired", len(facts.without_assessment)),
        Line("去标识化已批准", "de-identifications approved", facts.counts.lowered.get("approved", 0)),
    ]
    return Standing.ATTENTION if facts.without_assessment else Standing.SHOWN, lines


def _minors(facts: Facts) -> tuple[Standing, list[Line]]:
    return Standing.SHOWN, [
        Line("不满十四周岁的主体", "subjects under 14", facts.counts.subjects.get("minor", 0)),
        Line("年龄未知的主体", "subjects of unknown age", facts.counts.subjects.get("unknown", 0)),
        Line("监护人作出的同意", "consents by a guardian", facts.grants(guardian=True)),
    ]


def _export(facts: Facts) -> tuple[Standing, list[Line]]:
    abroad = [client.name for client in facts.clients if client.region != HOME]
    return Standing.PARTLY, [
        Line("境外服务", "clients outside the country", ", ".join(abroad) or "0"),
        Line("登记的服务", "clients registered", len(facts.clients)),
    ]


def _deletion(facts: Facts) -> tuple[Standing, list[Line]]:
    overdue = sum(count for _, _, late, count in facts.counts.tasks if late)
    lines = [
        Line("删除任务", "deletion tasks raised", sum(count for *_, count in facts.counts.tasks)),
        Line("已确认", "acknowledged", sum(count for _, done, _, count in facts.counts.tasks if done)),
        Line("已逾期", "overdue", overdue),
        Line("期内撤回", "withdrawals in the time", facts.kind("consent.withdrawn", "consent.field_withdrawn")),
        Line("保存的加密值", "sealed values kept", facts.counts.values),
    ]
    return Standing.ATTENTION if overdue else Standing.SHOWN, lines


def _rights(facts: Facts) -> tuple[Standing, list[Line]]:
    asked = facts.kind(
        "consent.withdrawn", "consent.field_withdrawn", "consent.paused", "score.review_requested", "subject.copied"
    )
    return Standing.SHOWN, [
        Line("期内由本人或其代表行使的权利", "rights exercised in the time", asked),
        Line("工作人员代为行使", "by staff on evidence", facts.kind("subject.represented")),
    ]


def _answers(facts: Facts) -> tuple[Standing, list[Line]]:
    return Standing.PARTLY, [
        Line("被拒绝并附理由的读取", "denied reads, each with its reasons", facts.reads("denied")),
        Line("可解释的评分", "scores that can be explained", sum(facts.counts.scores.values())),
    ]


def _inside(facts: Facts) -> tuple[Standing, list[Line]]:
    changes = facts.kind("purpose.registered", "purpose.updated", "client.registered", "client.updated")
    return Standing.PARTLY, [
        Line("分级字段", "graded fields", len(facts.catalog.fields)),
        Line("期内配置变更（均有记录）", "changes of configuration, each on record", changes),
        Line("期内审计查询（均有记录）", "auditors' questions, each on record", facts.kind("ledger.queried")),
        Line("期内查看标识", "identifiers revealed in the time", facts.kind("identifiers.revealed")),
    ]


def _technical(facts: Facts) -> tuple[Standing, list[Line]]:
    return Standing.PARTLY, [
        Line("加密保存的值", "values kept sealed", facts.counts.values),
        Line("账本核验（期内）", "ledger checks on record", facts.kind("ledger.checked")),
        Line("导出（期内）", "exports on record", facts.kind("ledger.exported")),
        Line("密钥事件（期内）", "key events on record", facts.kind("key.created", "key.retired")),
    ]


SHOWS: dict[int, Shows] = {
    2: _basis,
    3: _rules,
    4: _notice,
    5: _parties(PartyRole.JOINT_HANDLER),
    6: _parties(PartyRole.PROCESSOR),
    7: _outside,
    8: _provision,
    9: _automated,
    10: _outside,
    11: _outside,
    12: _public,
    13: _sensitive,
    14: _minors,
    15: _export,
    16: _deletion,
    17: _rights,
    18: _answers,
    19: _inside,
    20: _technical,
}
