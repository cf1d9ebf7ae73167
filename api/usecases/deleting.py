"""Deletion that travels down after a withdrawal, and what recipients answer.

Rules: tasks are raised in the withdrawal's own transaction (those of an erasure or a purge in theirs,
`gate.erasing.recipients`); a recipient's client sees and acknowledges the tasks of its own party only; all else
counts as absent.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from api.database import Transaction
from api.service import Service
from api.usecases.scoring import new_name, reporter_of
from api.usecases.tracing import read_place, write_place
from api.usecases.writing import Work
from consent import Actor, SubjectId, find_subject
from gate.erasing.recipients import forget_reference, references_of
from lineage import Actor as LedgerActor
from lineage import Moment, Role
from lineage.graph import (
    TASK,
    Acknowledgement,
    Cause,
    DeletionCause,
    Raising,
    Stamp,
    Task,
    TaskFilter,
    TaskOutcome,
    Whom,
    acknowledge,
    list_tasks,
    place_of,
    raise_deletion_tasks,
)


def raising_of(work: Work) -> Raising:
    """When tasks of this write are raised and due."""
    due = timedelta(days=work.service.settings.lineage.deletion_days)
    return Raising(work.now, work.service.keyring.mac, lambda: new_name(TASK), due)


async def whom_of(work: Work, who: SubjectId) -> Whom:
    """A person as tasks name them. Raises: SubjectNotFoundError."""
    subject = await find_subject(work.connection, who)
    return Whom(who.tenant, subject.pseudonym, who.ref)


@dataclass(frozen=True, slots=True)
class Ended:
    """What a withdrawal ended: whole grants, and one field of others."""

    grants: list[str]
    narrowed: list[str]
    field: str | None


async def raise_after_withdrawal(work: Work, who: SubjectId, by: Actor, ended: Ended) -> list[str]:
    """Raise the tasks of what a withdrawal ended; returns their ids."""
    whom = await whom_of(work, who)
    role = Role(by.role)
    actor = LedgerActor(role, whom.pseudonym if role is Role.SUBJECT else by.id)
    raised: list[str] = []
    for grant in (*ended.grants, *ended.narrowed):
        fields = (ended.field,) if grant in ended.narrowed and ended.field is not None else None
        cause = DeletionCause(Cause.WITHDRAWAL, actor, about=grant, grant=grant, fields=fields)
        raised += await raise_deletion_tasks(work.connection, whom, cause, raising_of(work))
    return raised


async def list_for(
    tx: Transaction, tenant: str, asked: TaskFilter, *, cursor: str | None, limit: int
) -> tuple[list[Task], str | None]:
    """A page of tasks, and where to go on. Raises: CursorInvalidError."""
    after = None if cursor is None else read_place(cursor)
    now_us = Moment.of(tx.now).us
    rows = await list_tasks(tx.connection, tenant, asked, now_us=now_us, after=after, limit=limit + 1)
    last = write_place(*place_of(rows[limit - 1], asked)) if len(rows) > limit else None
    return [Task.of(row) for row in rows[:limit]], last


async def references_for(tx: Transaction, service: Service, tenant: str, tasks: Sequence[Task]) -> dict[str, str]:
    """How recipients know the people their tasks concern; what was answered names nobody."""
    return await references_of(tx.connection, service.keyring, tenant, tasks)


async def acknowledge_task(work: Work, task: str, outcome: TaskOutcome) -> tuple[Task, int]:
    """Record a recipient's answer. Raises: TaskNotFoundError; TaskDoneError; ClientNotFoundError."""
    own = await reporter_of(work.connection, work.caller)
    given = Acknowledgement(own.party, own.client, outcome)
    done = await acknowledge(work.connection, work.tenant, task, given, Stamp(work.now, work.service.keyring.mac))
    await forget_reference(work.connection, work.tenant, task)
    return done
