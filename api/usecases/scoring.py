"""Scores reported by scoring services, and what a person or an auditor is told about one.

Rules:
- a client reports scores of subjects it read; their rows are locked first, in one order for everybody;
- the value is sealed before it is stored; it is shown to the person it is about, and to nobody else;
- an explanation says what the score rests on, in both languages, and that a person may refuse a decision by automation
  alone and ask for one by a person.

Law: PIPL 24, 45, 48; 征信业管理条例 22.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from api.identity import Principal
from api.usecases.writing import Work
from consent import Client, Subject, SubjectNotFoundError, find_current
from consent.store.subjects import subjects as read_subjects
from lineage.errors import ScoreNotFoundError
from lineage.graph import (
    DECISION,
    SCORE,
    Batch,
    DecisionOutcome,
    KnownScore,
    NewDecision,
    NewScore,
    Reported,
    Reporter,
    ScoreReason,
    Stamp,
    commitment_payload,
    find_scores,
    report,
    seal_name,
)
from vault import KeyMissingError, KeyRing, SubjectKey, VaultError, subject_keys
from vault.encoding import NAME_BYTES, opaque_name

Value = int | float | str


@dataclass(frozen=True, slots=True)
class DecisionAsked:
    """A decision as a client reports it."""

    outcome: DecisionOutcome
    automated: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreAsked:
    """A score as a client reports it; the value does not show in repr."""

    subject: str
    model: str
    version: str
    purpose: str
    product: str
    automated: bool
    reads: tuple[int, ...]
    reasons: tuple[ScoreReason, ...]
    value: Value = field(repr=False)
    decision: DecisionAsked | None = None


def new_name(prefix: str) -> str:
    """A fresh opaque id."""
    return opaque_name(prefix, os.urandom(NAME_BYTES))


async def reporter_of(connection: AsyncConnection, caller: Principal) -> Reporter:
    """The calling client and its party. Raises: ClientNotFoundError."""
    own = await find_current(connection, caller.tenant, Client, caller.id)
    return Reporter(caller.tenant, own.name, own.party)


async def report_scores(work: Work, asked: Sequence[ScoreAsked]) -> tuple[Batch, Reported]:
    """Seal and record scores.

    Raises: SubjectNotFoundError; KeyMissingError: a subject was erased; ReadUnusableError; ClientNotFoundError.
    """
    reporter = await reporter_of(work.connection, work.caller)
    refs = sorted({score.subject for score in asked})
    people = await read_subjects(work.connection, work.tenant, refs, lock=True)
    if len(people) != len(refs):
        raise SubjectNotFoundError("")
    keys = await _subject_keys(work, refs)
    scores, decisions = [], []
    for score in asked:
        made = _sealed(score, people[score.subject], keys[score.subject], work.service.keyring)
        scores.append(made)
        if score.decision is not None:
            given = score.decision
            name = new_name(DECISION)
            decisions.append(NewDecision(name, made.id, made.subject, made.purpose, given.outcome, given.automated))
    batch = Batch(scores, decisions)
    return batch, await report(work.connection, reporter, batch, _stamp(work))


async def report_decisions(work: Work, asked: Mapping[str, DecisionAsked]) -> tuple[Batch, Reported]:
    """Record decisions on scores that were reported before; `asked` is by score.

    Raises: ScoreNotFoundError: one is not this client's.
    """
    reporter = await reporter_of(work.connection, work.caller)
    known = await find_scores(work.connection, work.tenant, sorted(asked))
    if any(score not in known or known[score].client != reporter.client for score in asked):
        raise ScoreNotFoundError("")
    decisions = [
        NewDecision(
            new_name(DECISION), score, known[score].subject, known[score].purpose, given.outcome, given.automated
        )
        for score, given in asked.items()
    ]
    batch = Batch((), decisions)
    return batch, await report(work.connection, reporter, batch, _stamp(work))


async def open_values(
    connection: AsyncConnection, keys: KeyRing, tenant: str, subject: str, scores: Sequence[KnownScore]
) -> dict[str, Value | None]:
    """The values of a subject's scores; None where the key is gone."""
    wrapped = await subject_keys(connection, tenant, [subject])
    found: dict[str, Value | None] = {score.id: None for score in scores}
    if subject in wrapped:
        key = keys.open_subject_key(tenant, subject, wrapped[subject])
        for score in scores:
            try:
                found[score.id] = msgspec.json.decode(key.open(score.sealed, seal_name(score.id)))
            except VaultError:
                found[score.id] = None
    return found


def _sealed(score: ScoreAsked, person: Subject, key: SubjectKey, keys: KeyRing) -> NewScore:
    name = new_name(SCORE)
    value = msgspec.json.encode(score.value)
    return NewScore(
        id=name,
        subject=person.pseudonym,
        model=score.model,
        version=score.version,
        purpose=score.purpose,
        product=score.product,
        automated=score.automated,
        reads=score.reads,
        reasons=score.reasons,
        sealed=key.seal(value, seal_name(name)),
        commitment=key.commit(commitment_payload(name, value)),
        key=keys.key_version,
    )


async def _subject_keys(work: Work, refs: Sequence[str]) -> dict[str, SubjectKey]:
    wrapped = await subject_keys(work.connection, work.tenant, refs)
    if len(wrapped) != len(refs):
        raise KeyMissingError("the data subject's key is gone")
    open_key = work.service.keyring.open_subject_key
    return {ref: open_key(work.tenant, ref, wrapped[ref]) for ref in refs}


def _stamp(work: Work) -> Stamp:
    return Stamp(work.now, work.service.keyring.mac)
