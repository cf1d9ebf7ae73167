"""Scores and decisions in the database: every statement works on a whole batch or one page of an index."""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, Select, Table, insert, select, tuple_
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import SQLModel

from catalog.canonical import canonical
from lineage.entries import Moment
from lineage.errors import ReadUnusableError, ScoreNotFoundError
from lineage.graph.batches import batched
from lineage.graph.scores import (
    Batch,
    DecisionOutcome,
    KnownDecision,
    KnownScore,
    NewDecision,
    NewScore,
    Reporter,
    Stamp,
    UsedRead,
    decision_draft,
    reasons_document,
    reasons_of,
    score_draft,
)
from lineage.graph.tables import Decision, ModelShape, Score, ScoreRead
from lineage.kinds import Outcome
from lineage.store import append
from lineage.tables import LedgerEntry

BATCH = 500
_USABLE = (Outcome.RELEASED.value, Outcome.PARTIAL.value)


def table(model: type[SQLModel]) -> Table:
    """The table of a model."""
    found: Table = SQLModel.metadata.tables[str(model.__tablename__)]
    return found


ENTRIES, SCORES, READS = table(LedgerEntry), table(Score), table(ScoreRead)
MODELS, DECISIONS = table(ModelShape), table(Decision)


def upsert(connection: AsyncConnection, into: Table) -> Any:
    """The dialect's INSERT, which knows ON CONFLICT on both databases."""
    return postgresql.insert(into) if connection.dialect.name == "postgresql" else sqlite.insert(into)


@dataclass(frozen=True, slots=True)
class Reported:
    """The ledger entries of a batch: one for each score, one for each decision."""

    scores: tuple[int, ...]
    decisions: tuple[int, ...]


async def report(connection: AsyncConnection, reporter: Reporter, batch: Batch, stamp: Stamp) -> Reported:
    """Record scores and the decisions made on them, in the caller's transaction.

    The caller holds the locks of the subjects' rows.
    Raises: ReadUnusableError: a named entry is no read these scores may rest on; EntryContentError.
    """
    scores, decisions = batch.scores, batch.decisions
    reads = await _usable(connection, reporter, scores)
    drafts = [score_draft(reporter, score, reads[score.id]) for score in scores]
    drafts += [decision_draft(reporter, decision) for decision in decisions]
    entries = await append(connection, drafts, now=stamp.now, mac=stamp.mac)
    at_us = Moment.of(stamp.now).us
    scored, decided = entries[: len(scores)], entries[len(scores) :]
    if scores:
        rows = [_row(reporter, score, entry, at_us) for score, entry in zip(scores, scored, strict=True)]
        await connection.execute(insert(SCORES), rows)
        used = [{"tenant": reporter.tenant, "score": s.id, "entry": r.entry} for s in scores for r in reads[s.id]]
        await connection.execute(insert(READS), used)
        fed = {(read.shape, score.model, score.version) for score in scores for read in reads[score.id]}
        names = ("shape", "model", "version")
        models = [{"tenant": reporter.tenant, **dict(zip(names, each, strict=True))} for each in sorted(fed)]
        await connection.execute(upsert(connection, MODELS).on_conflict_do_nothing(), models)
    if decisions:
        made = [
            _decided(reporter.tenant, decision, entry, at_us)
            for decision, entry in zip(decisions, decided, strict=True)
        ]
        await connection.execute(insert(DECISIONS), made)
    return Reported(tuple(scored), tuple(decided))


async def find_scores(connection: AsyncConnection, tenant: str, ids: Sequence[str]) -> dict[str, KnownScore]:
    """Scores by id; absent ones are left out."""
    found: dict[str, KnownScore] = {}
    for part in batched(ids, BATCH):
        wanted = select(SCORES).where(SCORES.c.tenant == tenant, SCORES.c.score.in_(part))
        found |= {row.score: _known(row) for row in await connection.execute(wanted)}
    return found


async def find_score(connection: AsyncConnection, tenant: str, score: str) -> KnownScore:
    """One score. Raises: ScoreNotFoundError."""
    found = await find_scores(connection, tenant, [score])
    if score not in found:
        raise ScoreNotFoundError(score)
    return found[score]


@dataclass(frozen=True, slots=True)
class ScoreFilter:
    """Which scores: of a subject (pseudonym), a model, a client, or all; at most one of them walks the index."""

    subject: str | None = None
    model: str | None = None
    client: str | None = None


async def list_scores(
    connection: AsyncConnection, tenant: str, asked: ScoreFilter, *, after: tuple[int, str] | None, limit: int
) -> list[KnownScore]:
    """Scores, newest first; `after` is instant and id of the last one seen."""
    rows = await connection.execute(_listing(tenant, asked, after, limit))
    return [_known(row) for row in rows]


async def reads_of(connection: AsyncConnection, tenant: str, scores: Sequence[str]) -> dict[str, list[int]]:
    """The entries each score rests on, ascending."""
    found: dict[str, list[int]] = defaultdict(list)
    for part in batched(scores, BATCH):
        wanted = select(READS.c.score, READS.c.entry).where(READS.c.tenant == tenant, READS.c.score.in_(part))
        for score, entry in await connection.execute(wanted.order_by(READS.c.score, READS.c.entry)):
            found[score].append(entry)
    return found


async def decisions_of(
    connection: AsyncConnection, tenant: str, scores: Sequence[str]
) -> dict[str, list[KnownDecision]]:
    """The decisions on each score, oldest first."""
    found: dict[str, list[KnownDecision]] = defaultdict(list)
    for part in batched(scores, BATCH):
        wanted = select(DECISIONS).where(DECISIONS.c.tenant == tenant, DECISIONS.c.score.in_(part))
        for row in await connection.execute(wanted.order_by(DECISIONS.c.at_us, DECISIONS.c.decision)):
            made = KnownDecision(
                row.decision, row.score, row.entry, DecisionOutcome(row.outcome), row.automated, row.at_us
            )
            found[row.score].append(made)
    return found


def _listing(tenant: str, asked: ScoreFilter, after: tuple[int, str] | None, limit: int) -> Select[Any]:
    wanted = select(SCORES).where(SCORES.c.tenant == tenant)
    for name in ("subject", "model", "client"):
        value = getattr(asked, name)
        if value is not None:
            wanted = wanted.where(SCORES.c[name] == value)
    if after is not None:
        wanted = wanted.where(tuple_(SCORES.c.at_us, SCORES.c.score) < tuple_(*after))
    return wanted.order_by(SCORES.c.at_us.desc(), SCORES.c.score.desc()).limit(limit)


async def _usable(
    connection: AsyncConnection, reporter: Reporter, scores: Sequence[NewScore]
) -> dict[str, list[UsedRead]]:
    """The reads of each score. Raises: ReadUnusableError."""
    wanted = sorted({entry for score in scores for entry in score.reads})
    rows: dict[int, Row[Any]] = {}
    names = ("id", "seq", "kind", "client", "purpose", "subject", "outcome", "shape", "digest", "body")
    for part in batched(wanted, BATCH):
        chosen = select(*(ENTRIES.c[name] for name in names))
        chosen = chosen.where(ENTRIES.c.id.in_(part), ENTRIES.c.tenant == reporter.tenant)
        rows |= {row.id: row for row in await connection.execute(chosen)}
    found: dict[str, list[UsedRead]] = {}
    faults: list[tuple[int, int]] = []
    for number, score in enumerate(scores):
        faults += [
            (number, place) for place, entry in enumerate(score.reads) if not _fits(reporter, score, rows.get(entry))
        ]
        found[score.id] = [
            UsedRead(entry, rows[entry].seq, rows[entry].digest.hex(), rows[entry].shape)
            for entry in score.reads
            if entry in rows
        ]
    if faults:
        raise ReadUnusableError(tuple(faults))
    return found


def _fits(reporter: Reporter, score: NewScore, row: Row[Any] | None) -> bool:
    return (
        row is not None
        and row.kind == "read"
        and row.outcome in _USABLE
        and (row.client, row.subject, row.purpose) == (reporter.client, score.subject, score.purpose)
        and json.loads(row.body)["product"] == score.product
    )


def _row(reporter: Reporter, score: NewScore, entry: int, at_us: int) -> dict[str, object]:
    return {
        "tenant": reporter.tenant,
        "score": score.id,
        "entry": entry,
        "subject": score.subject,
        "client": reporter.client,
        "party": reporter.party,
        "purpose": score.purpose,
        "product": score.product,
        "model": score.model,
        "version": score.version,
        "automated": score.automated,
        "at_us": at_us,
        "reasons": canonical(reasons_document(score.reasons)).decode(),
        "sealed": score.sealed,
    }


def _decided(tenant: str, decision: NewDecision, entry: int, at_us: int) -> Mapping[str, object]:
    return {
        "tenant": tenant,
        "decision": decision.id,
        "score": decision.score,
        "entry": entry,
        "outcome": decision.outcome.value,
        "automated": decision.automated,
        "at_us": at_us,
    }


def _known(row: Row[Any]) -> KnownScore:
    return KnownScore(
        id=row.score,
        entry=row.entry,
        subject=row.subject,
        client=row.client,
        party=row.party,
        purpose=row.purpose,
        product=row.product,
        model=row.model,
        version=row.version,
        automated=row.automated,
        at_us=row.at_us,
        reasons=reasons_of(json.loads(row.reasons)),
        sealed=row.sealed,
    )
