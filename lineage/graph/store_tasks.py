"""Deletion tasks in the database."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import Row, Select, func, insert, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from lineage.errors import TaskNotFoundError
from lineage.graph.store_scores import table
from lineage.graph.tables import Task

TASKS = table(Task)


class TaskState(StrEnum):
    """Which tasks: still open, open past their time, acknowledged."""

    OPEN = "open"
    OVERDUE = "overdue"
    DONE = "done"


@dataclass(frozen=True, slots=True)
class TaskFilter:
    """Which tasks; every part that is given must hold. ``subject`` is a pseudonym."""

    party: str | None = None
    subject: str | None = None
    state: TaskState | None = None


async def insert_tasks(connection: AsyncConnection, rows: Sequence[Mapping[str, object]]) -> None:
    """Store new tasks."""
    if rows:
        await connection.execute(insert(TASKS), [dict(row) for row in rows])


async def lock_task(connection: AsyncConnection, tenant: str, task: str, *, party: str) -> Row[Any]:
    """One task of a party, locked. Raises: TaskNotFoundError."""
    wanted = select(TASKS).where(TASKS.c.tenant == tenant, TASKS.c.task == task, TASKS.c.party == party)
    found: Row[Any] | None = (await connection.execute(wanted.with_for_update())).one_or_none()
    if found is None:
        raise TaskNotFoundError(task)
    return found


async def change_task(connection: AsyncConnection, tenant: str, task: str, done: Mapping[str, object]) -> None:
    """Write down what became of a task."""
    await connection.execute(update(TASKS).where(TASKS.c.tenant == tenant, TASKS.c.task == task).values(**done))


async def open_tasks_of(connection: AsyncConnection, tenant: str, subject: str) -> list[str]:
    """The open tasks of a subject, by pseudonym, locked."""
    wanted = select(TASKS.c.task).where(TASKS.c.tenant == tenant, TASKS.c.subject == subject, TASKS.c.done_us.is_(None))
    return list((await connection.execute(wanted.order_by(TASKS.c.task).with_for_update())).scalars())


async def list_tasks(  # noqa: PLR0913 - a page of a question, by name
    connection: AsyncConnection,
    tenant: str,
    asked: TaskFilter,
    *,
    now_us: int,
    after: tuple[int, str] | None,
    limit: int,
) -> list[Row[Any]]:
    """Tasks; open ones by the time they are due, all others by the time they were raised, oldest first."""
    return list((await connection.execute(listing(tenant, asked, now_us=now_us, after=after, limit=limit))).all())


def listing(tenant: str, asked: TaskFilter, *, now_us: int, after: tuple[int, str] | None, limit: int) -> Select[Any]:
    """The statement of `list_tasks`."""
    is_open = asked.state in (TaskState.OPEN, TaskState.OVERDUE) and asked.subject is None
    by = TASKS.c.due_us if is_open else TASKS.c.raised_us
    wanted = select(TASKS).where(TASKS.c.tenant == tenant)
    if asked.party is not None:
        wanted = wanted.where(TASKS.c.party == asked.party)
    if asked.subject is not None:
        wanted = wanted.where(TASKS.c.subject == asked.subject)
    if asked.state is TaskState.DONE:
        wanted = wanted.where(TASKS.c.done_us.is_not(None))
    elif asked.state is not None:
        wanted = wanted.where(TASKS.c.done_us.is_(None))
    if asked.state is TaskState.OVERDUE:
        wanted = wanted.where(TASKS.c.due_us < now_us)
    if after is not None:
        wanted = wanted.where(tuple_(by, TASKS.c.task) > tuple_(*after))
    return wanted.order_by(by, TASKS.c.task).limit(limit)


def place_of(row: Row[Any], asked: TaskFilter) -> tuple[int, str]:
    """Where a page ends: the key of its last row."""
    is_open = asked.state in (TaskState.OPEN, TaskState.OVERDUE) and asked.subject is None
    return (row.due_us if is_open else row.raised_us), row.task


async def count_open(connection: AsyncConnection, tenant: str, now_us: int) -> tuple[int, int]:
    """How many tasks are open, and how many of them overdue."""
    still_open = select(func.count()).select_from(TASKS).where(TASKS.c.tenant == tenant, TASKS.c.done_us.is_(None))
    opened: int = (await connection.execute(still_open)).scalar_one()
    overdue: int = (await connection.execute(still_open.where(TASKS.c.due_us < now_us))).scalar_one()
    return opened, overdue
