"""Results of audits, kept where auditors find them: one row for each run, beside its ledger entry.

Rules:
- a result names rows as auditors know them: people by pseudonym, tokens by a keyed digest;
- a result belongs to the tenant that was audited, or to the deployment (``*``); what is in it never changes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from api.auditing.running import AuditReport
from api.auditing.store_kept import insert_audit, list_audits, pseudonyms_of
from api.database import Transaction
from catalog import canonical
from consent.auditing import Difference
from lineage import DEPLOYMENT, Actor, CheckReport, EntryDraft, Kind, Moment, append
from lineage.content import Json
from vault import KeyRing

KEPT_RUNS = 1000
_REF, _REF_CHARACTERS = "sub_", 30


@dataclass(frozen=True, slots=True)
class KeptAudit:
    """A result: the entry that says it was run, whose it is, and what was found."""

    entry: int
    tenant: str
    at_us: int
    agrees: bool
    document: dict[str, Any]

    @property
    def of_deployment(self) -> bool:
        """Whether it is about every tenant."""
        return self.tenant == DEPLOYMENT


def document_of(report: AuditReport, checked: CheckReport | None, differences: Sequence[Difference]) -> dict[str, Any]:
    """A result for programs."""
    return {
        "subjects": report.subjects,
        "grants": report.grants,
        "tokens": report.tokens,
        "registered": report.registered,
        "difference_count": report.count,
        "differences": [{"table": each.table, "row": each.id, "what": each.what} for each in differences],
        "ledger": None if checked is None else ledger_of(checked),
    }


def ledger_of(checked: CheckReport) -> dict[str, Any]:
    """What the check of the ledger found."""
    return {
        "sound": checked.is_sound,
        "entries": checked.entries,
        "last_entry": checked.last_entry,
        "fault_count": checked.fault_count,
        "faults": [{"entry": fault.entry, "code": fault.code.value} for fault in checked.faults],
    }


async def record_audit(
    tx: Transaction, keys: KeyRing, by: Actor, tenant: str | None, found: tuple[AuditReport, CheckReport | None]
) -> int:
    """Put on record that an audit was run, and keep its result beside; returns the ledger entry.

    Shape: of each tenant, and of the deployment, the newest thousand results are kept.
    """
    report, checked = found
    connection, scope = tx.connection, tenant or DEPLOYMENT
    counts = {name: getattr(report, name) for name in ("subjects", "grants", "tokens", "registered")}
    parts: dict[str, Json] = {
        **counts,
        "differences": report.count,
        "last_entry": 0 if checked is None else checked.last_entry,
        "faults": 0 if checked is None else checked.fault_count,
    }
    (entry,) = await append(
        connection, [EntryDraft(Kind.STATE_AUDITED, scope, by, parts=parts)], now=tx.now, mac=keys.mac
    )
    named = await _for_auditors(connection, keys, report.differences)
    row = {
        "tenant": scope,
        "entry": entry,
        "at_us": Moment.of(tx.now).us,
        "agrees": report.agrees and (checked is None or checked.is_sound),
        "document": canonical(document_of(report, checked, named)).decode(),
    }
    await insert_audit(connection, row, most=KEPT_RUNS)
    return entry


async def kept_audits(connection: AsyncConnection, tenant: str, *, before: int | None, limit: int) -> list[KeptAudit]:
    """The results of a tenant and of the deployment, newest first."""
    rows = await list_audits(connection, [tenant, DEPLOYMENT], before=before, limit=limit)
    return [KeptAudit(row.entry, row.tenant, row.at_us, row.agrees, msgspec.json.decode(row.document)) for row in rows]


async def _for_auditors(connection: AsyncConnection, keys: KeyRing, found: Sequence[Difference]) -> list[Difference]:
    refs = sorted({each.id[:_REF_CHARACTERS] for each in found if each.id.startswith(_REF)})
    names = await pseudonyms_of(connection, refs)
    return [Difference(each.table, _name(each, keys, names), each.what) for each in found]


def _name(each: Difference, keys: KeyRing, names: dict[str, str]) -> str:
    if each.table == "vault_tokens":
        return keys.name_for(DEPLOYMENT, "audit/token", each.id).hex()[:16]
    if each.id.startswith(_REF):
        return names.get(each.id[:_REF_CHARACTERS], "nobody") + each.id[_REF_CHARACTERS:]
    return each.id
