"""What recipients hold of somebody who is erased, or of values that are purged: a deletion task for each of them.

Rules:
- tasks are raised in the transaction that erases or purges: there is no erasure whose recipients were not told;
- an erased person's tasks stand in the ledger before the entry that ends their stream; tasks still open from before are
  closed off with them;
- such a task names the person by a reference sealed under a key of its own, kept where subjects' keys are kept, so that
  it moves with them to newer key-encryption keys; it is destroyed when the recipient has answered.

Law: PIPL 15, 21, 23, 47.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from consent import Actor, Subject
from lineage import Actor as LedgerActor
from lineage import Role
from lineage.graph import (
    TASK,
    Cause,
    DeletionCause,
    Raising,
    Sealed,
    Task,
    Whom,
    raise_for_many,
    seal_tasks,
)
from vault import Entropy, KeyRing, insert_subject_keys, shred, subject_keys, system_entropy
from vault.encoding import NAME_BYTES, opaque_name

DUE: Final = timedelta(days=15)
_REFERENCE: Final = "reference"


@dataclass(slots=True)
class TaskSealer:
    """Seals the references of erased subjects, each under a new key, and remembers the keys."""

    keys: KeyRing
    tenant: str
    entropy: Entropy = field(repr=False)
    made: dict[str, bytes] = field(default_factory=dict, repr=False)
    refs: list[str] = field(default_factory=list, repr=False)

    def __call__(self, task: str, ref: str) -> Sealed:
        """Seal a reference for a task. Raises: KeyExhaustedError; KeyDisabledError."""
        key, self.made[task] = self.keys.new_subject_key(self.tenant, task, self.entropy)
        self.refs.append(ref)
        name = opaque_name("ps_", self.entropy(NAME_BYTES))
        return Sealed(name, key.seal(ref.encode(), _REFERENCE, self.entropy))


@dataclass(frozen=True, slots=True)
class Recipients:
    """Raises tasks for whoever received what is deleted here.

    Attributes:
        due: how long they have.
    """

    keys: KeyRing
    due: timedelta = DUE
    entropy: Entropy = field(default=system_entropy, repr=False)

    async def told_of_erasure(
        self, connection: AsyncConnection, gone: Mapping[Subject, str], *, by: Actor, now: datetime
    ) -> dict[str, int]:
        """Raise the tasks of subjects of one tenant, locked and about to be erased; says how many are open of each.

        Shape: gone = {subject: certificate} -> {reference: tasks}.
        Raises: KeyMovedError; KeyExhaustedError: roll back.
        """
        if not gone:
            return {}
        tenant = next(iter(gone)).id.tenant
        seal = TaskSealer(self.keys, tenant, self.entropy)
        people = {Whom(tenant, each.pseudonym, each.id.ref): name for each, name in gone.items()}
        for whom in people:
            await seal_tasks(connection, whom, seal)
        causes = {
            whom: DeletionCause(Cause.ERASURE, _actor(by, whom.pseudonym), about=name) for whom, name in people.items()
        }
        await raise_for_many(connection, causes, self._raising(now, seal))
        await insert_subject_keys(connection, tenant, seal.made, now, ring=self.keys)
        return dict(Counter(seal.refs))

    async def told_of_purge(
        self, connection: AsyncConnection, people: Sequence[Subject], purged: DeletionCause, now: datetime
    ) -> int:
        """Raise the tasks of subjects whose values of some features were purged; returns how many."""
        causes = {Whom(each.id.tenant, each.pseudonym, each.id.ref): purged for each in people}
        return len(await raise_for_many(connection, causes, self._raising(now, None)))

    def _raising(self, now: datetime, seal: TaskSealer | None) -> Raising:
        return Raising(now, self.keys.mac, lambda: opaque_name(TASK, self.entropy(NAME_BYTES)), self.due, seal)


async def references_of(
    connection: AsyncConnection, keys: KeyRing, tenant: str, tasks: Sequence[Task]
) -> dict[str, str]:
    """The references that tasks carry, opened; a task that was answered carries none."""
    sealed = {task.id: task.sealed for task in tasks if task.sealed is not None}
    found = {task.id: task.ref for task in tasks if task.ref is not None}
    wrapped = await subject_keys(connection, tenant, sorted(sealed))
    for task, key in wrapped.items():
        found[task] = keys.open_subject_key(tenant, task, key).open(sealed[task], _REFERENCE).decode()
    return found


async def forget_reference(connection: AsyncConnection, tenant: str, task: str) -> None:
    """Destroy the key of a task that was answered."""
    await shred(connection, tenant, [task])


def _actor(by: Actor, pseudonym: str) -> LedgerActor:
    role = Role(by.role)
    return LedgerActor(role, pseudonym if role in {Role.SUBJECT, Role.GUARDIAN} else by.id)
