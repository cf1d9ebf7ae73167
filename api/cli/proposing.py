"""Scans and the columns under review, for the command line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rich.console import RenderableType

from api.cli.acting import BY
from api.cli.language import both, told
from api.cli.parts import opened_database, opened_parts
from api.cli.terminal import Terminal
from api.settings import Settings
from api.usecases.catalogs import Authority, Catalogs
from api.usecases.columns import Scanned, collected_in_vain, note_scan
from catalog.classify.drift import Drift, Drifts, drift_document, drifts
from catalog.classify.reviewing import ReviewedColumn
from catalog.classify.store_reviews import columns_of
from consent import Tenant, find_current


@dataclass(slots=True)
class Comparison:
    """A scan beside what was reviewed; `vain` says what is collected and never used.

    Attributes:
        known: the columns under review before the scan, by id.
    """

    drifts: Drifts
    vain: dict[str, Any]
    known: Mapping[str, ReviewedColumn]

    def document(self) -> dict[str, Any]:
        """The comparison for programs."""
        return {**drift_document(self.drifts), **self.vain}

    def lines(self, term: Terminal) -> list[RenderableType]:
        """The comparison for people."""
        named = (
            (both("new", "新增"), self.drifts.new),
            (both("changed", "变化"), self.drifts.changed),
            (both("gone", "消失"), self.drifts.gone),
            (both("holding higher data", "含更高级别内容"), self.drifts.leaks),
        )
        rows = [_row(name, each) for name, listed in named for each in listed]
        parts: list[RenderableType] = []
        if rows:
            columns = (
                "",
                both("table", "表"),
                both("column", "列"),
                both("was", "原为"),
                both("is", "现为"),
                both("holds", "含有"),
            )
            parts.append(
                term.table(columns, rows, title=both("Compared with the reviewed columns", "与已审核的列比较"))
            )
        if self.vain.get("never_read"):
            names = ", ".join(self.vain["never_read"])
            parts.append(term.say(f"never read: {names}", f"从未被读取：{names}"))
        for each in self.vain.get("beyond_ceiling", ()):
            fields = ", ".join(each["fields"])
            parts.append(
                term.say(
                    f"{each['feature']} needs {fields}, beyond the purpose {each['purpose']}",
                    f"{each['feature']} 需要 {fields}，超出目的 {each['purpose']} 的上限",
                )
            )
        return parts


def _row(name: str, drift: Drift) -> tuple[str, ...]:
    was, found = drift.was, drift.found
    return (
        told(name),
        drift.place.table,
        drift.place.column,
        "" if was is None else f"{was.kind} ({was.grade})",
        "" if found is None else f"{found.kind} ({found.grade})",
        ", ".join(drift.held),
    )


async def known_columns(settings: Settings, tenant: str, source: str) -> Mapping[str, ReviewedColumn]:
    """The columns of a source under review. Raises: TenantNotFoundError."""
    async with opened_database(settings, writing=True) as database, database.reading() as tx:
        await find_current(tx.connection, tenant, Tenant, tenant)
        return await columns_of(tx.connection, tenant, source)


def compare(document: Mapping[str, Any], known: Mapping[str, ReviewedColumn]) -> Comparison:
    """Compare a result with what was reviewed."""
    return Comparison(drifts(document["source"], document, known), {}, known)


async def write_proposals(
    settings: Settings, document: Mapping[str, Any], where: tuple[str, str], found: Comparison, *, propose: bool
) -> None:
    """Record the scan, put new columns up for review, and see what is collected in vain."""
    async with opened_parts(settings, writing=True) as parts, parts.database.transaction() as tx:
        authority = Authority(BY, tx.now, parts.keys.mac, parts.keys.rows)
        catalog = await Catalogs().current(tx.connection)
        found.vain = await collected_in_vain(tx.connection, where[0], catalog)
        scanned = Scanned(*where, document, found.drifts, propose, found.vain)
        await note_scan(tx.connection, scanned, authority)
