"""Deletion tasks: what recipients must delete after a withdrawal or an erasure.

Rules: a recipient's client sees the tasks of its own party, with the reference by which it knows the person until the
task is acknowledged; auditors and the data protection officer see all, by pseudonym; what is overdue says so.

Law: PIPL 15, 21, 23, 47.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import Depends, Query, Request
from starlette.responses import Response

from api.access import Holds, Scorer
from api.identity import Principal, Role
from api.routes.wire import KEYED, Answer, CursorText, Name, Shown, SubjectRef, pattern, routes
from api.service import service_of
from api.strictroute import FROM_TEXT, Body
from api.usecases.asking import pseudonym_of
from api.usecases.deleting import acknowledge_task, list_for, references_for
from api.usecases.explaining import instant
from api.usecases.scoring import reporter_of
from api.usecases.tracing import note_question
from api.usecases.writing import writing
from consent import SubjectId
from lineage.graph import Cause, Task, TaskFilter, TaskOutcome, TaskState

ROUTER = routes()
Watcher = Annotated[Principal, Depends(Holds(Role.SCORER, Role.AUDITOR, Role.DPO))]
TaskId = Annotated[str, *pattern("^dt_[a-z2-7]{26}$")]


class ColumnShown(Answer):
    """A column of a dataset outside that derives from what must be deleted."""

    node: str
    label: str


class TaskShown(Answer):
    """A task. ``subject`` is a reference for the recipient (null once done), a pseudonym for auditors."""

    task: str
    party: str
    subject: str | None
    cause: Cause
    about: str | None
    fields: list[str]
    features: list[str]
    scores: list[str]
    columns: list[ColumnShown]
    raised_at: Shown
    due_at: Shown
    overdue: bool
    done_at: Shown | None
    done_by: str | None
    outcome: TaskOutcome | None
    entry: str

    @classmethod
    def of(cls, task: Task, now: datetime, *, subject: str | None) -> TaskShown:
        """Show a task; ``subject`` is how the reader knows the person."""
        document: dict[str, Any] = {
            "task": task.id,
            "party": task.party,
            "subject": subject,
            "cause": task.cause,
            "about": task.about,
            "fields": list(task.fields),
            "features": list(task.features),
            "scores": list(task.scores),
            "columns": [{"node": node, "label": label} for node, label in task.columns],
            "raised_at": instant(task.raised_us),
            "due_at": instant(task.due_us),
            "overdue": task.is_overdue(now),
            "done_at": None if task.done_us is None else instant(task.done_us),
            "done_by": task.done_by,
            "outcome": task.outcome,
            "entry": str(task.entry),
        }
        return cls.model_validate(document)


class TaskPage(Answer):
    """A page of tasks: open ones by the time they are due, others by the time they were raised."""

    tasks: list[TaskShown]
    next: str | None


class DoneBody(Body):
    """What became of the data."""

    outcome: Annotated[TaskOutcome, FROM_TEXT]


class DoneAnswer(Answer):
    """The task as it stands now, and the ledger entry."""

    task: TaskShown
    entry: str


@ROUTER.get("/v1/tasks", tags=["lineage"], summary="List deletion tasks")
async def list_all(  # noqa: PLR0913, PLR0917  parts of a query
    request: Request,
    caller: Watcher,
    state: TaskState | None = None,
    party: Name | None = None,
    subject: SubjectRef | None = None,
    cursor: CursorText | None = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> TaskPage:
    """Answer the tasks of the caller's party, or for an auditor those of a `party` or a `subject`."""
    service = service_of(request.app.state)
    async with service.database.transaction() as tx:
        own = caller.client is not None
        if own:
            party = (await reporter_of(tx.connection, caller)).party
        about = None if subject is None else await pseudonym_of(tx.connection, SubjectId(caller.tenant, subject))
        tasks, after = await list_for(tx, caller.tenant, TaskFilter(party, about, state), cursor=cursor, limit=limit)
        if not own:
            question = {"of": "tasks", "state": state, "party": party, "subject": about}
            given = {name: str(part) for name, part in question.items() if part is not None}
            await note_question(tx, service, caller, question=given, found=len(tasks))
        known = {task.id: task.subject for task in tasks}
        if own:
            known = await references_for(tx, service, caller.tenant, tasks)
        shown = [TaskShown.of(task, tx.now, subject=known.get(task.id)) for task in tasks]
        return TaskPage(tasks=shown, next=after)


@ROUTER.post(
    "/v1/tasks/{task}/acknowledge",
    tags=["lineage"],
    summary="Acknowledge a deletion task",
    response_model=DoneAnswer,
    openapi_extra=KEYED,
)
async def acknowledge(request: Request, task: TaskId, body: DoneBody, caller: Scorer) -> Response:
    """Say what became of the data; the task is closed and the person's reference taken out of it."""
    async with writing(request, caller) as work:
        if work.replay is not None:
            return work.replay
        done, entry = await acknowledge_task(work, task, body.outcome)
        return work.answer(DoneAnswer(task=TaskShown.of(done, work.now, subject=None), entry=str(entry)))
