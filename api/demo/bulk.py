"""What no route of the service does: adding tenants, and loading the generated clients in bulk.

Rules: the two files of the bulk load, people with identifiers and values with references, stand in a temporary folder
of their own, never among the service's files, and are removed at once.
"""

from __future__ import annotations

import asyncio
import csv
import tempfile
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from api.cli.acting import BY, desk, registrar
from api.cli.parts import Parts, opened_parts
from api.settings import Settings
from api.usecases.catalogs import Catalogs
from consent import BilingualText, Tenant
from examples.credit_clients import VIEW, CreditClient, read_clients
from examples.lender import LenderFile
from gate.loading import LoadProgress, PeopleLoad, ValuesLoad, load_people, load_values

IDENTIFIERS = ("full_name", "id_card_no")  # the birth date is read from the number
Advance = Callable[[int, int], None]
"""Told after each batch how much of how much is done."""


def add_tenants(settings: Settings, lenders: Iterable[LenderFile]) -> None:
    """Make the database, and a tenant for each lender."""
    asyncio.run(_add_tenants(settings, lenders))


def load_clients(settings: Settings, tenant: str, limit: int | None, advance: Advance) -> tuple[str, ...]:
    """Register the real credit clients under made-up identities and load their values; answers their references."""
    return asyncio.run(_load_clients(settings, tenant, list(read_clients(limit)), advance))


async def _add_tenants(settings: Settings, lenders: Iterable[LenderFile]) -> None:
    async with opened_parts(settings, writing=True) as parts, parts.database.transaction() as tx:
        for file in lenders:
            tenant = Tenant(name=file.tenant, title=BilingualText(file.title.zh, file.title.en))
            await registrar(parts).register_tenant(tx.connection, tenant, by=BY, now=tx.now)


async def _load_clients(
    settings: Settings, tenant: str, clients: Sequence[CreditClient], advance: Advance
) -> tuple[str, ...]:
    async with opened_parts(settings, writing=True) as parts:
        with tempfile.TemporaryDirectory(prefix="yumen-clients-") as folder:
            return await _load_files(parts, tenant, clients, advance, Path(folder))


async def _load_files(
    parts: Parts, tenant: str, clients: Sequence[CreditClient], advance: Advance, folder: Path
) -> tuple[str, ...]:
    people, references, values = (folder / name for name in ("people.csv", "references.csv", "values.csv"))
    total = 2 * len(clients)
    async with parts.database.reading() as tx:
        registering = desk(parts, await Catalogs().current(tx.connection))

    def register(progress: LoadProgress) -> None:
        advance(progress.rows_done, total)

    def observe(progress: LoadProgress) -> None:
        advance(len(clients) + progress.rows_done, total)

    _write(people, IDENTIFIERS, ([getattr(one.person, name) for name in IDENTIFIERS] for one in clients))
    load = PeopleLoad(tenant=tenant, by=BY, output=references)
    await load_people(parts.database, registering, people, load, on_progress=register)
    with references.open(encoding="utf-8", newline="") as file:
        found = tuple(row["subject"] for row in csv.DictReader(file))
    names = sorted({name for one in clients for name in one.values})
    rows = ([ref, *(one.values.get(name, "") for name in names)] for ref, one in zip(found, clients, strict=True))
    _write(values, ("subject", *names), rows)
    given = ValuesLoad(tenant=tenant, view=VIEW, by=BY)
    await load_values(parts.database, registering, values, given, on_progress=observe)
    return found


def _write(path: Path, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(rows)
