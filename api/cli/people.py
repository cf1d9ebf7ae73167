"""A lender's people and their values: the few of its story, and the many made for a data set.

Rules: people are known again by their resident ID, so nobody is registered twice; a batch of people and their values is
one transaction, so whoever is registered has values.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import groupby, islice

from sqlalchemy.ext.asyncio import AsyncConnection

from api.cli.acting import BY, desk
from api.cli.parts import Parts
from api.usecases.catalogs import Catalogs
from catalog import Catalog
from examples.credit_clients import VIEW, CreditClient, read_clients
from examples.lender import Lender
from examples.people import Person
from gate.facts import microseconds
from gate.loading import Observation, ValueWriter
from gate.loading.cells import reader
from gate.registering import NewPerson

BATCH = 500
ALL_CLIENTS = 30_000


async def put_people(
    connection: AsyncConnection, parts: Parts, catalog: Catalog, lender: Lender, now: datetime
) -> tuple[dict[str, str], int]:
    """Register the people of the story and store their values; answers references by key and how many were new.

    Raises: PersonRefusedError, CellRefusal: the folder holds what cannot be stored.
    """
    tenant = lender.file.tenant
    found = await desk(parts, catalog).register(connection, tenant, _new(lender.people), by=BY, now=now)
    refs = {one.key: each.ref for one, each in zip(lender.people, found, strict=True)}
    for name, rows in groupby(lender.observations, key=lambda row: row.view):
        view = catalog.view(tenant, name)
        readers = {feature.name: reader(feature.type, is_text=True) for feature in view.features}
        observed = [
            Observation(
                refs[row.person],
                microseconds(now - timedelta(days=row.days_ago)),
                {feature: readers[feature](text) for feature, text in row.values.items()},
            )
            for row in rows
        ]
        await ValueWriter(parts.keys, view, BY).store(connection, observed, now=now)
    return refs, sum(each.created for each in found)


async def put_crowd(parts: Parts, tenant: str, limit: int, progress: Callable[[int], None]) -> int:
    """Register the clients of the data set with their values, in batches; answers how many were new.

    Shape: ``progress`` is told how many are done after each batch.
    """
    done = created = 0
    clients = read_clients(limit)
    while batch := list(islice(clients, BATCH)):
        async with parts.database.transaction() as tx:
            catalog = await Catalogs().current(tx.connection)
            created += await _put_batch(tx.connection, parts, catalog, (tenant, batch), tx.now)
        done += len(batch)
        progress(done)
    return created


async def _put_batch(
    connection: AsyncConnection,
    parts: Parts,
    catalog: Catalog,
    crowd: tuple[str, Sequence[CreditClient]],
    now: datetime,
) -> int:
    tenant, batch = crowd
    people = [client.person for client in batch]
    found = await desk(parts, catalog).register(connection, tenant, _new(people), by=BY, now=now)
    fresh: Iterator[tuple[str, Mapping[str, int]]] = (
        (each.ref, client.values) for client, each in zip(batch, found, strict=True) if each.created
    )
    observed = [Observation(ref, microseconds(now), values) for ref, values in fresh]
    if observed:
        await ValueWriter(parts.keys, catalog.view(tenant, VIEW), BY).store(connection, observed, now=now)
    return len(observed)


def _new(people: Sequence[Person]) -> list[NewPerson]:
    return [NewPerson(one.identifiers, one.birth_date) for one in people]
