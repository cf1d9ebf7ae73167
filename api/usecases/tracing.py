"""Whose scores a caller sees, and the record of an auditor's asking.

Rules: a subject sees their own, with the value; an auditor those of the tenant, without values, and each question is a
ledger entry; anything else counts as absent.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from api.database import Transaction
from api.identity import Principal, Role
from api.service import Service
from api.usecases.acting import ledger_actor, whom
from api.usecases.asking import pseudonym_of
from api.usecases.explaining import Explained, Explainer
from api.usecases.scoring import Value, open_values
from api.usecases.telling import Teller
from api.usecases.writing import Work
from consent import SubjectId
from consent.store.subjects import subjects as read_subjects
from lineage import CursorInvalidError, EntryDraft, Kind, append
from lineage.content import Json
from lineage.errors import ScoreNotFoundError
from lineage.graph import KnownScore, ScoreFilter, find_score, list_scores, review_draft


@dataclass(frozen=True, slots=True)
class ScoresAsked:
    """A page of scores; ``subject`` is a reference."""

    subject: str | None
    model: str | None
    client: str | None
    cursor: str | None
    limit: int


@dataclass(frozen=True, slots=True)
class SeenScore:
    """A score as a caller may see it."""

    explained: Explained
    value: Value | None


@dataclass(frozen=True, slots=True)
class SeenPage:
    """Some scores, and where to go on."""

    scores: tuple[SeenScore, ...]
    after: str | None


async def list_visible(tx: Transaction, service: Service, caller: Principal, asked: ScoresAsked) -> SeenPage:
    """A page of the scores a caller sees. Raises: SubjectNotFoundError; CursorInvalidError."""
    subject = None
    if caller.subject is not None or asked.subject is not None:
        subject = await pseudonym_of(tx.connection, whom(caller, asked.subject))
    wanted = ScoreFilter(subject, asked.model, asked.client)
    after = None if asked.cursor is None else read_place(asked.cursor)
    found = await list_scores(tx.connection, caller.tenant, wanted, after=after, limit=asked.limit + 1)
    named: dict[str, Json] = {"client": asked.client, "model": asked.model, "subject": subject}
    given = {name: part for name, part in named.items() if part is not None}
    kept = found[: asked.limit]
    await note_question(tx, service, caller, question={"of": "scores", **given}, found=len(kept))
    last = write_place(kept[-1].at_us, kept[-1].id) if len(found) > asked.limit else None
    return SeenPage(await _seen(tx, service, caller, kept), last)


async def find_visible(tx: Transaction, service: Service, caller: Principal, score: str) -> SeenPage:
    """One score. Raises: ScoreNotFoundError."""
    found = await _own(tx, caller, score)
    await note_question(tx, service, caller, question={"of": "score", "score": score}, found=1)
    return SeenPage(await _seen(tx, service, caller, [found]), None)


async def ask_review(work: Work, score: str) -> int:
    """Record that a subject asks for a person's decision; returns the entry. Raises: ScoreNotFoundError."""
    who = whom(work.caller, None)
    await read_subjects(work.connection, who.tenant, [who.ref], lock=True)
    found = await _own(work.tx, work.caller, score)
    draft = review_draft(work.tenant, found)
    return (await append(work.connection, [draft], now=work.now, mac=work.service.keyring.mac))[0]


async def note_question(
    tx: Transaction, service: Service, caller: Principal, *, question: Mapping[str, Json], found: int
) -> None:
    """Record a question to the lineage graph; a subject's about themself is not recorded."""
    if caller.subject is not None:
        return
    actor = ledger_actor(caller, Role.AUDITOR, Role.DPO, Role.STEWARD)
    about = question.get("subject") or question.get("grant") or question.get("score") or question.get("field")
    draft = EntryDraft(
        Kind.LEDGER_QUERIED,
        caller.tenant,
        actor,
        about=str(about) if about else None,
        parts={"filter": dict(question), "found": found},
    )
    await append(tx.connection, [draft], now=tx.now, mac=service.keyring.mac)


def write_place(number: int, name: str) -> str:
    """A cursor: the last item's number and id."""
    return f"{number}-{name}"


def read_place(cursor: str) -> tuple[int, str]:
    """Read what `write_place` wrote. Raises: CursorInvalidError."""
    number, dash, name = cursor.partition("-")
    if not dash or not number.isascii() or not number.isdecimal() or len(number) > 18:
        raise CursorInvalidError("the cursor is damaged")
    return int(number), name


async def _own(tx: Transaction, caller: Principal, score: str) -> KnownScore:
    found = await find_score(tx.connection, caller.tenant, score)
    if caller.subject is not None:
        own = await pseudonym_of(tx.connection, SubjectId(caller.tenant, caller.subject))
        if found.subject != own:
            raise ScoreNotFoundError(score)
    return found


async def _seen(
    tx: Transaction, service: Service, caller: Principal, scores: Sequence[KnownScore]
) -> tuple[SeenScore, ...]:
    catalog = await service.catalogs.current(tx.connection)
    teller = Teller(tx.connection, caller.tenant, catalog, service.reasons)
    explainer = Explainer(tx.connection, caller.tenant, catalog, teller)
    values: dict[str, Value | None] = {}
    if caller.subject is not None:
        values = await open_values(tx.connection, service.keyring, caller.tenant, caller.subject, scores)
    return tuple([SeenScore(await explainer.explain(score), values.get(score.id)) for score in scores])
