"""Deletion that travels down: what each recipient has to delete, by when, and whether they said so.

Rules:
- a withdrawal or an erasure raises one task for each party that received what it concerns, in the same transaction: who
  received what is read from the subject's own stream in the ledger, so nothing that was released is missed;
- a task names fields, features, scores and columns outside; never a value;
- a task carries the subject's reference, by which the recipient knows whom to delete, until it is acknowledged;
- of somebody who is erased it carries the reference sealed under a key of the task's own, and a name that stands
  nowhere else instead of the pseudonym: without that key, which goes when the task is done, nothing ties the two;
- raising and acknowledging are ledger entries; what is overdue shows.

Law: PIPL 15, 47; 网络数据安全管理条例 24; obligation of recipients and processors to delete (PIPL 21, 23).
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from catalog.canonical import canonical
from lineage.content import Json
from lineage.entries import Actor, EntryDraft, Mac, Moment
from lineage.errors import TaskDoneError
from lineage.graph.graph import FEATURE, FIELD
from lineage.graph.scores import Stamp
from lineage.graph.store_graph import columns_below
from lineage.graph.store_questions import Received, received_of
from lineage.graph.store_tasks import change_task, insert_tasks, lock_task, open_tasks_of
from lineage.kinds import Kind, Role
from lineage.store import append

TASK = "dt_"
NAMED = 40
"""How many names of a kind an entry lists; the task itself lists all."""


class Cause(StrEnum):
    """Why something has to be deleted."""

    WITHDRAWAL = "withdrawal"
    ERASURE = "erasure"
    PURGE = "purge"
    CORRECTION = "correction"


class TaskOutcome(StrEnum):
    """What a recipient says: deleted, never held, or kept because a law says so (反洗钱法 34, 档案)."""

    DELETED = "deleted"
    NOT_HELD = "not_held"
    KEPT_BY_LAW = "kept_by_law"


@dataclass(frozen=True, slots=True)
class Whom:
    """The person it is about: pseudonym in the ledger, and the reference recipients know."""

    tenant: str
    pseudonym: str
    ref: str


@dataclass(frozen=True, slots=True)
class DeletionCause:
    """Why: `about` is the grant withdrawn, the certificate, or the view; the last three narrow what is concerned."""

    kind: Cause
    by: Actor
    about: str | None = None
    grant: str | None = None
    fields: tuple[str, ...] | None = None
    features: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Sealed:
    """How a task names somebody who is erased: a name that stands nowhere else, and the reference, sealed."""

    name: str
    ref: bytes


Seal = Callable[[str, str], Sealed]
"""(task, reference) -> how that task names who is erased."""


@dataclass(frozen=True, slots=True)
class Raising:
    """When it is raised and due, with which ledger key, and where ids come from (`new_id() -> dt_…`).

    Attributes:
        seal: given when the subject is erased in the same transaction.
    """

    now: datetime
    mac: Mac
    new_id: Callable[[], str]
    due: timedelta = timedelta(days=15)
    seal: Seal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """A task as it stands; `ref` is None once it was acknowledged, and while it is `sealed`."""

    id: str
    party: str
    subject: str
    ref: str | None
    sealed: bytes | None
    cause: Cause
    about: str | None
    fields: tuple[str, ...]
    features: tuple[str, ...]
    scores: tuple[str, ...]
    columns: tuple[tuple[str, str], ...]
    entry: int
    raised_us: int
    due_us: int
    done_us: int | None
    done_by: str | None
    outcome: TaskOutcome | None

    @classmethod
    def of(cls, row: Any) -> "Task":
        """Read a row."""
        targets = json.loads(row.targets)
        return cls(
            id=row.task,
            party=row.party,
            subject=row.subject,
            ref=row.ref,
            sealed=row.sealed,
            cause=Cause(row.cause),
            about=row.about,
            fields=tuple(json.loads(row.fields)),
            features=tuple(targets["features"]),
            scores=tuple(targets["scores"]),
            columns=tuple((node, label) for node, label in targets["columns"]),
            entry=row.entry,
            raised_us=row.raised_us,
            due_us=row.due_us,
            done_us=row.done_us,
            done_by=row.done_by,
            outcome=None if row.outcome is None else TaskOutcome(row.outcome),
        )

    def is_overdue(self, now: datetime) -> bool:
        """Whether it should have been acknowledged."""
        return self.done_us is None and self.due_us < Moment.of(now).us


@dataclass(frozen=True, slots=True)
class ToDelete:
    """What one party has to delete."""

    received: Received
    columns: tuple[tuple[str, str], ...]


async def what_to_delete(connection: AsyncConnection, whom: Whom, cause: DeletionCause) -> list[ToDelete]:
    """What a withdrawal or erasure leaves to delete, by party."""
    return (await _what_to_delete(connection, whom.tenant, [whom.pseudonym], cause)).get(whom.pseudonym, [])


async def raise_deletion_tasks(
    connection: AsyncConnection, whom: Whom, cause: DeletionCause, raising: Raising
) -> list[str]:
    """Raise a task for each party that received what the cause concerns; returns their ids.

    In the caller's transaction, which holds the lock of the subject's row, so that nothing more is released meanwhile.
    """
    return await raise_for_many(connection, {whom: cause}, raising)


async def raise_for_many(
    connection: AsyncConnection, causes: Mapping[Whom, DeletionCause], raising: Raising
) -> list[str]:
    """Raise the tasks of many people of one tenant, whose causes differ in nothing but `about`; returns their ids."""
    if not causes:
        return []
    people = {whom.pseudonym: whom for whom in causes}
    tenant, cause = next(iter(causes)).tenant, next(iter(causes.values()))
    concerned = await _what_to_delete(connection, tenant, sorted(people), cause)
    made = [(raising.new_id(), people[name], each) for name, found in sorted(concerned.items()) for each in found]
    drafts = [_draft(whom, causes[whom], task, each) for task, whom, each in made]
    entries = await append(connection, drafts, now=raising.now, mac=raising.mac)
    rows = [
        _row(whom, causes[whom], raising, (task, entry, each))
        for (task, whom, each), entry in zip(made, entries, strict=True)
    ]
    await insert_tasks(connection, rows)
    return [task for task, _, _ in made]


async def seal_tasks(connection: AsyncConnection, whom: Whom, seal: Seal) -> int:
    """Let the open tasks of somebody who is erased name them sealed from now on; returns how many there are."""
    found = await open_tasks_of(connection, whom.tenant, whom.pseudonym)
    for task in found:
        sealed = seal(task, whom.ref)
        await change_task(connection, whom.tenant, task, {"subject": sealed.name, "ref": None, "sealed": sealed.ref})
    return len(found)


async def _what_to_delete(
    connection: AsyncConnection, tenant: str, names: Sequence[str], cause: DeletionCause
) -> dict[str, list[ToDelete]]:
    found = await received_of(
        connection, tenant, names, grant=cause.grant, fields=cause.fields, features=cause.features
    )
    below: dict[tuple[str, ...], tuple[tuple[str, str], ...]] = {}
    made: dict[str, list[ToDelete]] = {}
    for name, parts in found.items():
        for each in parts:
            sources = (*(FIELD + field for field in each.fields), *(FEATURE + feature for feature in each.features))
            if sources not in below:
                below[sources] = tuple(await columns_below(connection, tenant, sources))
            made.setdefault(name, []).append(ToDelete(each, below[sources]))
    return made


def _row(whom: Whom, cause: DeletionCause, raising: Raising, made: tuple[str, int, ToDelete]) -> dict[str, object]:
    task, entry, each = made
    sealed = None if raising.seal is None else raising.seal(task, whom.ref)
    return {
        "tenant": whom.tenant,
        "task": task,
        "party": each.received.party,
        "subject": whom.pseudonym if sealed is None else sealed.name,
        "ref": whom.ref if sealed is None else None,
        "sealed": None if sealed is None else sealed.ref,
        "cause": cause.kind.value,
        "about": cause.about,
        "fields": canonical(list(each.received.fields)).decode(),
        "targets": canonical(_targets(each)).decode(),
        "entry": entry,
        "raised_us": Moment.of(raising.now).us,
        "due_us": Moment.of(raising.now + raising.due).us,
    }


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """A recipient's answer: the party and client that gives it, and what became of the data."""

    party: str
    client: str
    outcome: TaskOutcome


async def acknowledge(
    connection: AsyncConnection, tenant: str, task: str, given: Acknowledgement, stamp: Stamp
) -> tuple[Task, int]:
    """Record that a recipient did what a task asks; returns it and the ledger entry.

    Raises: TaskNotFoundError: none, or another party's; TaskDoneError.
    """
    before = Task.of(await lock_task(connection, tenant, task, party=given.party))
    if before.done_us is not None:
        raise TaskDoneError(task)
    at_us = Moment.of(stamp.now).us
    done = {"done_us": at_us, "done_by": given.client, "outcome": given.outcome.value, "ref": None, "sealed": None}
    await change_task(connection, tenant, task, done)
    draft = EntryDraft(
        Kind.DELETION_ACKNOWLEDGED,
        tenant,
        Actor(Role.SCORER, given.client),
        subject=None if before.sealed is not None else before.subject,  # an erased subject's stream has ended
        client=given.client,
        party=given.party,
        about=task,
        parts={"late": at_us > before.due_us, "result": given.outcome.value},
    )
    (entry,) = await append(connection, [draft], now=stamp.now, mac=stamp.mac)
    return Task.of(await lock_task(connection, tenant, task, party=given.party)), entry


def _draft(whom: Whom, cause: DeletionCause, task: str, each: ToDelete) -> EntryDraft:
    got = each.received
    parts: dict[str, Json] = {
        "cause": cause.kind.value,
        "columns": len(each.columns),
        "features": list(got.features[:NAMED]),
        "fields": list(got.fields[:NAMED]),
        "of": cause.about,
        "scores": len(got.scores),
    }
    return EntryDraft(
        Kind.DELETION_RAISED,
        whom.tenant,
        cause.by,
        subject=whom.pseudonym,
        party=got.party,
        about=task,
        parts=parts,
    )


def _targets(each: ToDelete) -> dict[str, Sequence[object]]:
    return {
        "columns": [list(column) for column in each.columns],
        "features": list(each.received.features),
        "scores": list(each.received.scores),
    }
