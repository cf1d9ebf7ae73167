"""Files to load, and what stands in the database afterwards."""

import csv
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import text

from gate.loading import LoadOptions, LoadSummary, PeopleLoad, ValuesLoad, load_people, load_values
from gate.registering import RegisteredSubject
from tests.gate.people import desk_of, made_up, new
from tests.world import STEWARD, TENANT, World
from vault import subject_keys

VIEW = "behaviour"
HEADER = ("id_card_no", "observed_at", "orders", "limit", "score_band", "worst_status")


async def register(lender: World, indexes: Sequence[int]) -> list[RegisteredSubject]:
    async with lender.database.transaction() as tx:
        people = [new(index) for index in indexes]
        return await desk_of(lender).register(tx.connection, TENANT, people, by=STEWARD, now=tx.now)


def write(path: Path, rows: Sequence[Sequence[object]], header: Sequence[str] = HEADER) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([header, *rows])
    return path


def row(index: int, *, day: int = 1) -> list[object]:
    return [made_up(index).id_card_no, f"2026-03-{day:02d}", index % 90, 1000 + index, 500 + index % 300, index % 4]


async def load(lender: World, path: Path, *, options: LoadOptions | None = None, **changes: Any) -> LoadSummary:
    given = {"tenant": TENANT, "view": VIEW, "by": STEWARD, "key_column": "id_card_no", **changes}
    what = ValuesLoad(**given, options=options or LoadOptions())
    return await load_values(lender.database, desk_of(lender), path, what)


async def load_persons(lender: World, path: Path, output: Path | None = None, **options: Any) -> LoadSummary:
    what = PeopleLoad(tenant=TENANT, by=STEWARD, output=output, options=LoadOptions(**options))
    return await load_people(lender.database, desk_of(lender), path, what)


async def opened(lender: World) -> dict[str, dict[str, Any]]:
    """Every stored value in clear, by subject; with the time of each segment under its id."""
    found: dict[str, dict[str, Any]] = {}
    query = text("SELECT subject, segment, observed_us, sealed FROM gate_values WHERE tenant = :tenant")
    async with lender.database.reading() as tx:
        rows = list(await tx.connection.execute(query, {"tenant": TENANT}))
        wrapped = await subject_keys(tx.connection, TENANT, sorted({each.subject for each in rows}))
    for each in rows:
        key = lender.keys.open_subject_key(TENANT, each.subject, wrapped[each.subject])
        values = json.loads(key.open(each.sealed, each.segment))
        found.setdefault(each.subject, {}).update(values | {each.segment: each.observed_us})
    return found


async def values_of(lender: World, ref: str) -> Mapping[str, Any]:
    known = (await opened(lender)).get(ref, {})
    return {name: value for name, value in known.items() if "/" not in name and name != "@observed"}


async def loaded_entries(lender: World) -> list[dict[str, Any]]:
    async with lender.database.reading() as tx:
        query = text("SELECT body FROM ledger_entries WHERE kind = 'values.loaded' ORDER BY id")
        return [json.loads(body) for body in (await tx.connection.execute(query)).scalars()]


def faults(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]
