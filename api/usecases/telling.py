"""A read in plain words, for the person who was read (PIPL 7, 44, 48).

Rules: a sentence says when, who, for what, what was given in which form, on which ground, and what was refused and why,
in Chinese and English; names come from the register and the catalogue as they are now, and stand for themselves where
nothing is registered under them any more.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, TypeVar
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncConnection

from catalog import Catalog
from consent import BilingualText, Client, Party, Purpose, find_current
from consent.errors import NotFoundError
from gate.engines import Reason

CHINA: Final = ZoneInfo("Asia/Shanghai")
FORMS: Final[Mapping[str, tuple[str, str]]] = {
    "flag": ("是或否", "as yes or no"),
    "bucket": ("区间", "as a range"),
    "token": ("令牌", "as a token"),
    "masked": ("部分遮盖", "masked"),
    "plain": ("原值", "as it is"),
}
BASES: Final[Mapping[str, tuple[str, str]]] = {
    "consent": ("您的同意", "your consent"),
    "contract": ("与您的合同", "the contract with you"),
    "hr": ("人力资源管理", "employment"),
    "statutory_duty": ("法定职责", "a statutory duty"),
    "emergency": ("紧急情况", "an emergency"),
    "news_supervision": ("新闻与舆论监督", "news and public supervision"),
    "public_info": ("已公开的信息", "information already public"),
    "other_law": ("法律、行政法规的规定", "another provision of law"),
}
Named = TypeVar("Named", Party, Client, Purpose)


@dataclass(frozen=True, slots=True)
class Told:
    """One feature of a read.

    Attributes:
        form: None if it was refused; ``reasons``: the codes of the refusal.
    """

    name: str
    title: BilingualText
    form: str | None
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ToldRead:
    """A read as it is told."""

    client: BilingualText
    party: BilingualText
    purpose: BilingualText
    features: tuple[Told, ...]
    text: BilingualText


class Teller:
    """Tells the reads of one tenant; looks every name up once."""

    def __init__(
        self, connection: AsyncConnection, tenant: str, catalog: Catalog, reasons: Mapping[str, Reason]
    ) -> None:
        self._connection = connection
        self._tenant = tenant
        self._catalog = catalog
        self._reasons = reasons
        self._titles: dict[tuple[type[Any], str | None], BilingualText] = {}

    async def tell(self, read: Mapping[str, Any]) -> ToldRead:
        """Tell one read; ``read`` is the body of its ledger entry."""
        client = await self._title(Client, read["client"])
        party = await self._title(Party, read["party"])
        purpose = await self._title(Purpose, read["purpose"])
        features = tuple(self._feature(name, outcome) for name, outcome in sorted(read["features"].items()))
        text = BilingualText(
            self._zh(read, (party.zh, client.zh, purpose.zh), features),
            self._en(read, (party.en, client.en, purpose.en), features),
        )
        return ToldRead(client, party, purpose, features, text)

    async def names(self, *, client: str | None, party: str | None, purpose: str | None) -> dict[str, BilingualText]:
        """What a client, a party and a purpose are called."""
        return {
            "client": await self._title(Client, client),
            "party": await self._title(Party, party),
            "purpose": await self._title(Purpose, purpose),
        }

    async def _title(self, kind: type[Named], name: str | None) -> BilingualText:
        key = (kind, name)
        if key not in self._titles:
            known = BilingualText(name or "未登记", name or "not registered")
            if name is not None:
                with suppress(NotFoundError):  # then the name stands for itself
                    known = (await find_current(self._connection, self._tenant, kind, name)).title
            self._titles[key] = known
        return self._titles[key]

    def _feature(self, name: str, outcome: str | Sequence[str]) -> Told:
        feature = self._catalog.feature(self._tenant, name)
        title = BilingualText(name, name) if feature is None else BilingualText(feature.zh, feature.en)
        if isinstance(outcome, str):
            return Told(name, title, outcome, ())
        return Told(name, title, None, tuple(outcome))

    def _zh(self, read: Mapping[str, Any], who: tuple[str, str, str], features: Sequence[Told]) -> str:
        party, client, purpose = who
        given = [f"{told.title.zh}（{FORMS[told.form][0]}）" for told in features if told.form]
        head = f"{_at(read):%Y年%m月%d日 %H:%M:%S}（北京时间），{party}的{client}为“{purpose}”"
        refused = "；".join(
            f"{'、'.join(names)}（{'；'.join(self._reason(code).zh for code in codes)}）"
            for codes, names in _grouped(features, "zh")
        )
        if read["mode"] == "dry_run":
            return f"{head}试问能读到什么，没有给出任何信息。"
        if not given:
            return f"{head}请求读取您的信息，全部被拒绝，什么也没有给出：{refused or '无可读取的信息'}。"
        ground = BASES.get(read["basis"], (read["basis"],))[0]
        done = f"{head}读取了您的 {len(given)} 项信息：{'、'.join(given)}。依据：{ground}{_grants(read)}。"
        return f"{done}未给出：{refused}。" if refused else done

    def _en(self, read: Mapping[str, Any], who: tuple[str, str, str], features: Sequence[Told]) -> str:
        party, client, purpose = who
        given = [f"{told.title.en} ({FORMS[told.form][1]})" for told in features if told.form]
        head = f"On {_at(read):%d %B %Y at %H:%M:%S} (Beijing time) {client} of {party}"
        refused = "; ".join(
            f"{', '.join(names)} ({'; '.join(self._reason(code).en for code in codes)})"
            for codes, names in _grouped(features, "en")
        )
        if read["mode"] == "dry_run":
            return f"{head} asked what it could read for “{purpose}”; nothing was given."
        if not given:
            why = refused or "there was nothing to read"
            return f"{head} asked to read your data for “{purpose}” and was refused; nothing was given: {why}."
        ground = BASES.get(read["basis"], ("", read["basis"]))[1]
        done = f"{head} read {len(given)} of your data for “{purpose}”: {', '.join(given)}."
        done += f" Ground: {ground}{_grants(read)}."
        return f"{done} Not given: {refused}." if refused else done

    def _reason(self, code: str) -> BilingualText:
        reason = self._reasons.get(code)
        if reason is None:
            return BilingualText(code, code)
        return BilingualText(reason.zh.rstrip("。"), reason.en.rstrip("."))


def _at(read: Mapping[str, Any]) -> datetime:
    return datetime.fromisoformat(read["at"]).astimezone(CHINA)


def _grants(read: Mapping[str, Any]) -> str:
    cited = ", ".join(grant["id"] for grant in read["grants"])
    return f" ({cited})" if cited else ""


def _grouped(features: Sequence[Told], language: str) -> list[tuple[tuple[str, ...], list[str]]]:
    """The titles of refused features by their reasons."""
    groups: dict[tuple[str, ...], list[str]] = {}
    for told in features:
        if told.form is None:
            groups.setdefault(told.reasons, []).append(getattr(told.title, language))
    return sorted(groups.items())
