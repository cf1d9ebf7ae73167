"""The questions that the graph's tables answer, each by way of an index.

1. what fed a score: its reads by number, their shapes, the fields of these;
2. what a field reaches: its shapes, the models fed with them, the counts of recipients;
3. what a withdrawal or an erasure leaves to delete: the subject's own stream, the scores and columns that came of it.

Questions about who read whom, what a grant was used for and what a client read are `lineage.search`'s.
"""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, exists, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from lineage.graph.batches import batched
from lineage.graph.store_follow import position
from lineage.graph.store_scores import BATCH, ENTRIES, MODELS, READS, SCORES, reads_of, table
from lineage.graph.tables import ReachCount
from lineage.queries import FoundEntry
from lineage.shapes import DENIED
from lineage.tables import LedgerShape, LedgerShapeField

_COUNTS = table(ReachCount)
_SHAPES, _LINES = table(LedgerShape), table(LedgerShapeField)
_RELEASING = ("released", "partial")


@dataclass(frozen=True, slots=True)
class FeatureUse:
    """A feature of a read: its fields and the form it was released in."""

    feature: str
    fields: tuple[str, ...]
    form: str


@dataclass(frozen=True, slots=True)
class FeedingRead:
    """A read that fed a score: the entry, and what it released."""

    entry: FoundEntry
    features: tuple[FeatureUse, ...]


@dataclass(frozen=True, slots=True)
class FieldReach:
    """All that a field reaches.

    Attributes:
        features: features that were asked for and derive from it; released: those that were released.
        clients: (client, purpose) that got it; models: (name, version) fed with it.
        recipients: distinct subjects by party; subjects: over all parties, each once.
        upto: the last entry the counts hold.
    """

    field: str
    features: tuple[str, ...]
    released: tuple[str, ...]
    clients: tuple[tuple[str, str], ...]
    models: tuple[tuple[str, str], ...]
    recipients: tuple[tuple[str, int], ...]
    subjects: int
    upto: int


@dataclass(frozen=True, slots=True)
class Received:
    """What one party received of a subject: fields, features, and the scores it made of them."""

    party: str
    fields: tuple[str, ...]
    features: tuple[str, ...]
    scores: tuple[str, ...]


async def feeding_reads(connection: AsyncConnection, tenant: str, score: str) -> list[FeedingRead]:
    """The reads that fed a score, oldest first."""
    names = ("id", "body", "digest", "mac")
    wanted = (
        select(*(ENTRIES.c[name] for name in names))
        .select_from(READS.join(ENTRIES, ENTRIES.c.id == READS.c.entry))
        .where(READS.c.tenant == tenant, READS.c.score == score)
        .order_by(READS.c.entry)
    )
    rows = (await connection.execute(wanted)).all()
    found = [FoundEntry(row[0], row[1].encode(), row[2], row[3]) for row in rows]
    shapes = await released_features(connection, tenant, sorted({str(entry.document["shape"]) for entry in found}))
    return [FeedingRead(entry, shapes.get(str(entry.document["shape"]), ())) for entry in found]


async def released_features(
    connection: AsyncConnection, tenant: str, shapes: Sequence[str]
) -> dict[str, tuple[FeatureUse, ...]]:
    """What each shape releases."""
    found: dict[str, tuple[FeatureUse, ...]] = {}
    for part in batched(shapes, BATCH):
        wanted = select(_SHAPES.c.shape, _SHAPES.c.body).where(_SHAPES.c.tenant == tenant, _SHAPES.c.shape.in_(part))
        for shape, body in await connection.execute(wanted):
            features = json.loads(body)["features"]
            found[shape] = tuple(
                FeatureUse(name, tuple(each["fields"]), each["form"])
                for name, each in sorted(features.items())
                if "form" in each
            )
    return found


async def field_reach(connection: AsyncConnection, tenant: str, field: str) -> FieldReach:
    """All that a field reaches; empty for one that nothing asked for."""
    of_field = and_(_LINES.c.tenant == tenant, _LINES.c.field == field)
    rows = await connection.execute(select(_LINES.c.feature, _LINES.c.outcome).where(of_field).distinct())
    lines = [tuple(row) for row in rows]
    given = and_(of_field, _LINES.c.outcome != DENIED, _LINES.c.shape == _SHAPES.c.shape)
    clients = select(_SHAPES.c.client, _SHAPES.c.purpose).where(
        _SHAPES.c.tenant == tenant, _SHAPES.c.outcome.in_(_RELEASING), exists().where(given)
    )
    models = (
        select(MODELS.c.model, MODELS.c.version)
        .select_from(_LINES.join(MODELS, and_(MODELS.c.tenant == _LINES.c.tenant, MODELS.c.shape == _LINES.c.shape)))
        .where(of_field, _LINES.c.outcome != DENIED)
    )
    counts = select(_COUNTS.c.party, _COUNTS.c.subjects).where(_COUNTS.c.tenant == tenant, _COUNTS.c.field == field)
    upto = await position(connection)
    counted = {row.party: row.subjects for row in await connection.execute(counts)}
    return FieldReach(
        field,
        features=tuple(sorted({feature for feature, _ in lines})),
        released=tuple(sorted({feature for feature, outcome in lines if outcome != DENIED})),
        clients=tuple(sorted({(row[0], row[1]) for row in await connection.execute(clients)})),
        models=tuple(sorted({(row[0], row[1]) for row in await connection.execute(models.distinct())})),
        recipients=tuple(sorted((party, subjects) for party, subjects in counted.items() if party)),
        subjects=counted.get("", 0),
        upto=upto,
    )


async def received(
    connection: AsyncConnection,
    tenant: str,
    subject: str,
    *,
    grant: str | None = None,
    fields: Sequence[str] | None = None,
) -> list[Received]:
    """What each party received of a subject, under one grant and of some fields if given.

    Shape: subject is a pseudonym; parties in order. The subject's stream is walked, not the ledger.
    """
    return (await received_of(connection, tenant, [subject], grant=grant, fields=fields)).get(subject, [])


async def received_of(  # noqa: PLR0913 - a question and what narrows it, by name
    connection: AsyncConnection,
    tenant: str,
    subjects: Sequence[str],
    *,
    grant: str | None = None,
    fields: Sequence[str] | None = None,
    features: Sequence[str] | None = None,
) -> dict[str, list[Received]]:
    """What each party received of many subjects, by pseudonym; who gave nothing to anybody is left out."""
    dialect = connection.dialect.name
    given: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for part in batched(subjects, BATCH):
        for subject, party, shape in await connection.execute(received_statement(dialect, tenant, part, grant)):
            given[subject].append((party, shape))
    made = await _scored(connection, tenant, sorted(given), grant)
    shapes = {shape for pairs in given.values() for _, shape in pairs}
    shapes |= {shape for scores in made.values() for _, _, shape in scores}
    uses = await released_features(connection, tenant, sorted(shapes))
    kept = {shape: tuple(use for use in found if _concerns(use, fields, features)) for shape, found in uses.items()}
    found = {
        subject: [
            each
            for party in sorted({party for party, _ in pairs})
            if (each := _received(party, pairs, made.get(subject, ()), kept, fields)).fields
        ]
        for subject, pairs in given.items()
    }
    return {subject: parts for subject, parts in found.items() if parts}


def received_statement(dialect: str, tenant: str, subjects: Sequence[str], grant: str | None) -> Select[Any]:
    """(subject, party, shape) of all that was released of some subjects, from their streams."""
    wanted = (
        select(ENTRIES.c.stream, ENTRIES.c.party, ENTRIES.c.shape)
        .where(
            ENTRIES.c.stream.in_(subjects),
            # Not to be found by an index: a subject's few entries are each looked at, never a tenant's many.
            ENTRIES.c.tenant.concat("") == tenant,
            ENTRIES.c.kind == "read",
            ENTRIES.c.outcome.in_(_RELEASING),
            ENTRIES.c.party.is_not(None),
        )
        .distinct()
    )
    return wanted.where(*_citing(dialect, grant))


def _concerns(use: FeatureUse, fields: Sequence[str] | None, features: Sequence[str] | None) -> bool:
    return (fields is None or not set(use.fields).isdisjoint(fields)) and (features is None or use.feature in features)


def _received(
    party: str,
    pairs: Sequence[tuple[str, str]],
    made: Sequence[tuple[str, str, str]],
    kept: Mapping[str, tuple[FeatureUse, ...]],
    fields: Sequence[str] | None,
) -> Received:
    """What one party received, of `pairs` (party, shape), and the scores it `made` (score, party, shape) of that."""
    got = [use for of, shape in pairs if of == party for use in kept.get(shape, ())]
    names = {name for use in got for name in use.fields if fields is None or name in fields}
    scores = {
        score
        for score, of, shape in made
        if of == party and any(names & set(use.fields) for use in kept.get(shape, ()))
    }
    features = {use.feature for use in got}
    return Received(party, *(tuple(sorted(each)) for each in (names, features, scores)))


async def _scored(
    connection: AsyncConnection, tenant: str, subjects: Sequence[str], grant: str | None
) -> dict[str, list[tuple[str, str, str]]]:
    """(score, party, shape of a read it rests on) of subjects' scores, under one grant if given; by subject."""
    about: dict[str, tuple[str, str]] = {}
    for part in batched(subjects, BATCH):
        wanted = select(SCORES.c.score, SCORES.c.subject, SCORES.c.party)
        wanted = wanted.where(SCORES.c.tenant == tenant, SCORES.c.subject.in_(part))
        about |= {row.score: (row.subject, row.party) for row in await connection.execute(wanted)}
    reads = await reads_of(connection, tenant, sorted(about))
    entries = sorted({entry for found in reads.values() for entry in found})
    shapes: dict[int, str] = {}
    for some in batched(entries, BATCH):
        chosen = select(ENTRIES.c.id, ENTRIES.c.shape).where(ENTRIES.c.id.in_(some))
        chosen = chosen.where(*_citing(connection.dialect.name, grant))
        shapes |= {row.id: row.shape for row in await connection.execute(chosen)}
    scored: dict[str, list[tuple[str, str, str]]] = defaultdict(list)
    for score, found in reads.items():
        subject, party = about[score]
        scored[subject] += [(score, party, shapes[each]) for each in found if each in shapes]
    return scored


def _citing(dialect: str, grant: str | None) -> list[ColumnElement[bool]]:
    if grant is None:
        return []
    inside = func.strpos if dialect == "postgresql" else func.instr
    return [inside(ENTRIES.c.body, f'"{grant}"') > 0]
