"""A table de-identified for a recipient: may it be, does it still name anybody, and the record of it.

Rules:
- recipient and purpose are registered and in force, and the purpose's ceiling holds every field named (PIPL 6, 23);
- texts that stay are looked through for identifiers of people, whatever role the plan gave their column;
- the entry is in the ledger before the result has its name: counts, risks and digests, no value and no name of
  a file or column;
- the report's digest stands in the entry, and is the evidence of a proposal to grade the result lower (design rule:
  nothing lowers a grade but an approved de-identification).

Law: PIPL 51(3), 73(3). Standard: GB/T 37964-2019, GB/T 42460-2023.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncConnection

from catalog.classify.guarding import identifier_in
from lineage import Actor, EntryDraft, Kind, Mac, append
from lineage.content import MAX_INT, Json
from vault import DeidDataError
from vault.bulk_plans import Recipient
from vault.deid_plans import DeidPlan

METHOD: Final = "k_anonymity"
PPM: Final = 10**6


@dataclass(frozen=True, slots=True)
class DeidRecord:
    """What the ledger is told.

    Attributes:
        dataset: what the table is called where budgets and grades are kept.
        document: the report.
        key: version of the keys its tokens were made under; None without tokens.
    """

    recipient: Recipient
    dataset: str
    plan: DeidPlan
    document: Mapping[str, Any]
    key: int | None


def report_bytes(document: Mapping[str, Any]) -> bytes:
    """The report as it is written, in bytes that are always the same."""
    return (json.dumps(document, indent=1, sort_keys=True, ensure_ascii=True) + "\n").encode()


def report_digest(document: Mapping[str, Any]) -> str:
    """What names a report as evidence: `sha256:` and the digest of its bytes."""
    return f"sha256:{hashlib.sha256(report_bytes(document)).hexdigest()}"


def check_texts(table: Any, plan: DeidPlan, today: date) -> None:
    """Check that no text that comes out is, or holds, a direct identifier; tokens are not looked at.

    Raises: DeidDataError: cells that do, with their column and how many.
    """
    made = {each.column for each in plan.tokens}
    for name in table.column_names:
        column = table.column(name)
        if name in made or str(column.type) not in {"string", "large_string", "string_view"}:
            continue
        counts = column.value_counts()
        cells = sum(
            each["counts"].as_py()
            for each in counts
            if (value := each["values"].as_py()) is not None and identifier_in(value, today) is not None
        )
        if cells:
            raise DeidDataError(name, "identifiers of people", cells)


async def record_deid(connection: AsyncConnection, record: DeidRecord, *, by: Actor, now: datetime, mac: Mac) -> int:
    """Put a de-identified table into the ledger; returns the entry's id."""
    draft = EntryDraft(
        kind=Kind.DATA_DEIDENTIFIED,
        tenant=record.recipient.tenant,
        actor=by,
        party=record.recipient.party,
        purpose=record.recipient.purpose,
        about=record.dataset,
        parts=_parts(record),
    )
    return (await append(connection, [draft], now=now, mac=mac))[0]


def _parts(record: DeidRecord) -> dict[str, Json]:
    document, plan = record.document, record.plan
    risk: dict[str, Json] = {
        who: {name: _ppm(share) for name, share in document["risk"][who].items()}
        for who in ("prosecutor", "journalist")
    }
    counts = {"rows": document["rows"], "kept": document["kept"], "suppressed": document["suppressed"]}
    return {
        "dataset": record.dataset,
        "method": METHOD,
        "plan": plan.digest(),
        "report": report_digest(document),
        "fields": sorted(set(plan.fields.values())),
        "asked": {"k": plan.k, "l": plan.l, "t": None if plan.t is None else _ppm(plan.t)},
        "k": document["k"]["measured"],
        "counts": {
            **{name: min(count, MAX_INT) for name, count in counts.items()},
            "classes": document["classes"]["count"],
        },
        "risk": {**risk, "marketer": _ppm(document["risk"]["marketer"]), "threshold": _ppm(plan.risk_threshold)},
        "degree": document["degree"]["degree"],
        "key": record.key,
    }


def _ppm(share: float) -> int:
    """A share in millionths: an entry holds no fractions."""
    return round(share * PPM)
