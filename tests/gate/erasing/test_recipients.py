"""What was released of an erased person, or of purged values, is deleted by those who received it, too."""

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from api.usecases.ending import Job, purge_values
from consent import ConsentForm, SubjectId, find_subject
from gate import Gate
from gate.erasing import purging
from gate.erasing.desk import Act
from gate.erasing.purging import lives
from gate.erasing.recipients import forget_reference, references_of
from lineage import Actor, Role
from lineage.graph import (
    Acknowledgement,
    Cause,
    DeletionCause,
    Stamp,
    Task,
    TaskFilter,
    TaskOutcome,
    Whom,
    acknowledge,
    list_tasks,
    raise_deletion_tasks,
)
from tests.gate.asking import ask, reasons
from tests.gate.erasing.test_purging import offices
from tests.gate.erasing.world import DPO, Office
from tests.lineage.graph.test_questions import raising
from tests.world import FIELDS, TENANT, World
from vault import subject_keys

BESIDE = ("lineage_tasks", "lineage_scores", "ledger_entries", "gate_certificates", "vault_subject_keys",
          "consent_erasures")  # fmt: skip


async def tasks_of(lender: World) -> list[Task]:
    async with lender.database.reading() as tx:
        rows = await list_tasks(tx.connection, TENANT, TaskFilter(), now_us=0, after=None, limit=99)
        return [Task.of(row) for row in rows]


async def known(lender: World, tasks: list[Task]) -> dict[str, str]:
    async with lender.database.reading() as tx:
        return await references_of(tx.connection, lender.keys, TENANT, tasks)


async def answer(lender: World, task: Task, outcome: TaskOutcome = TaskOutcome.DELETED) -> None:
    async with lender.database.transaction() as tx:
        given = Acknowledgement(task.party, "scoring", outcome)
        await acknowledge(tx.connection, TENANT, task.id, given, Stamp(tx.now, lender.keys.mac))
        await forget_reference(tx.connection, TENANT, task.id)


async def read_by_two(lender: World, gate: Gate, ref: str) -> None:
    """Both parties are released something of a person."""
    await lender.give(ref, FIELDS[:1], recipient="partner", form=ConsentForm.SEPARATE, provision=True)
    for client in ("scoring", "partner_scoring"):
        answered = (await gate.read(ask(ref, client=client))).subjects[0]
        assert any(value is not None for value in answered.values), (client, reasons(answered))


async def rows_holding(lender: World, *names: str) -> list[tuple[str, str]]:
    """(table, row) of every row that holds all of some names."""
    found = []
    async with lender.database.reading() as tx:
        for table in BESIDE:
            rows = await tx.connection.execute(text(f"SELECT * FROM {table}"))  # noqa: S608  # tables named here
            found += [(table, str(row)) for row in rows if all(name in str(row) for name in names)]
    return found


async def test_every_recipient_of_an_erased_person_is_told_whom_to_delete(
    office: Office, lender: World, gate: Gate, person: str
) -> None:
    await read_by_two(lender, gate, person)
    done = (await office.erase(person))[person]
    tasks = await tasks_of(lender)
    assert done.certificate is not None
    assert done.told == len(tasks) == 2
    assert {task.party for task in tasks} == {"lender", "partner"}
    assert {task.cause for task in tasks} == {Cause.ERASURE}
    assert {task.about for task in tasks} == {done.certificate.id}
    assert {task.due_us - task.raised_us for task in tasks} == {15 * 86_400_000_000}
    assert set((await known(lender, tasks)).values()) == {person}
    assert await office.faults() == []


async def test_what_was_never_released_raises_nothing(office: Office, lender: World, person: str) -> None:
    assert (await office.erase(person))[person].told == 0
    assert await tasks_of(lender) == []


async def test_the_tasks_stand_in_the_ledger_before_the_stream_ends(
    office: Office, lender: World, gate: Gate, person: str
) -> None:
    name = (await office.row(person)).pseudonym
    await read_by_two(lender, gate, person)
    await office.erase(person)
    ending = [entry["kind"] for entry in await office.stream(name)][-3:]
    assert ending == ["deletion.raised", "deletion.raised", "subject.erased"]
    for task in await tasks_of(lender):
        await answer(lender, task)
    assert [entry["kind"] for entry in await office.stream(name)][-1] == "subject.erased"
    assert await office.faults() == []


async def test_no_row_ties_the_reference_of_an_erased_person_to_the_pseudonym(
    office: Office, lender: World, gate: Gate, person: str
) -> None:
    name = (await office.row(person)).pseudonym
    await read_by_two(lender, gate, person)
    await office.erase(person)
    assert await rows_holding(lender, person) == []
    assert {table for table, _ in await rows_holding(lender, name)} == {"ledger_entries"}
    assert len({task.subject for task in await tasks_of(lender)}) == 2, "each a name that stands nowhere else"


async def test_a_task_still_open_from_a_withdrawal_names_the_person_sealed_too(
    office: Office, lender: World, gate: Gate, person: str
) -> None:
    name = (await office.row(person)).pseudonym
    await gate.read(ask(person))
    cause = DeletionCause(Cause.WITHDRAWAL, Actor(Role.DPO, "officer_one"), about="gr_" + "a" * 26)
    async with lender.database.transaction() as tx:
        (before,) = await raise_deletion_tasks(
            tx.connection, Whom(TENANT, name, person), cause, replace(raising(), mac=lender.keys.mac)
        )
    assert (await office.erase(person))[person].told == 2
    tasks = await tasks_of(lender)
    assert {task.cause for task in tasks} == {Cause.WITHDRAWAL, Cause.ERASURE}
    assert (await known(lender, tasks))[before] == person
    assert await rows_holding(lender, person) == []
    assert {table for table, _ in await rows_holding(lender, name)} == {"ledger_entries"}
    await answer(lender, next(task for task in tasks if task.id == before))
    assert await office.faults() == [], "the answer takes no place after the end of the stream"


async def test_an_answer_destroys_the_last_way_to_the_person(
    office: Office, lender: World, gate: Gate, person: str
) -> None:
    await gate.read(ask(person))
    await office.erase(person)
    (task,) = await tasks_of(lender)
    assert task.sealed is not None
    async with lender.database.reading() as tx:
        assert set(await subject_keys(tx.connection, TENANT, [task.id, person])) == {task.id}
    await answer(lender, task)
    (after,) = await tasks_of(lender)
    assert (after.sealed, after.ref, after.outcome) == (None, None, TaskOutcome.DELETED)
    async with lender.database.reading() as tx:
        assert await subject_keys(tx.connection, TENANT, [task.id]) == {}
    assert await known(lender, [after]) == {}


async def test_an_erasure_taken_back_tells_nobody(office: Office, lender: World, gate: Gate, person: str) -> None:
    await gate.read(ask(person))

    async def erase_and_fail() -> None:
        async with lender.database.transaction() as tx:
            act = Act(tx.connection, TENANT, DPO, tx.now, decided=True)
            assert (await office.desk.erase(act, [person]))[person].told == 1
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await erase_and_fail()
    assert await tasks_of(lender) == []
    assert reasons((await gate.read(ask(person))).subjects[0]) == set()


async def test_a_purge_tells_those_who_received_what_is_past_its_retention(
    office: Office, lender: World, gate: Gate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(purging, "PAGE", 3)
    refs = await lender.add_subjects(3)
    for ref in refs[:2]:
        await lender.give(ref)
        assert reasons((await gate.read(ask(ref))).subjects[0]) == set()
    ends = lives(lender.catalog, TENANT)
    shortest = min(ends.values(), key=lambda life: life.us)
    due = sorted({name for life in ends.values() if life.us == shortest.us for name in life.features})
    async with lender.database.transaction() as tx:  # time passes
        past = shortest.us + 3_600_000_000
        await tx.connection.execute(text("UPDATE gate_values SET observed_us = observed_us - :past"), {"past": past})
    desk = offices(lender, tmp_path)
    assert (await purge_values(desk, Job(TENANT, dry_run=True))).told == 2
    assert await tasks_of(lender) == []
    done = await purge_values(desk, Job(TENANT))
    tasks = await tasks_of(lender)
    assert done.told == len(tasks) == 2
    assert {task.ref for task in tasks} == set(refs[:2])
    assert {(task.cause, task.party, task.about) for task in tasks} == {(Cause.PURGE, "lender", "behaviour")}
    assert [sorted(task.features) for task in tasks] == [due, due]
    async with lender.database.reading() as tx:
        names = {(await find_subject(tx.connection, SubjectId(TENANT, ref))).pseudonym for ref in refs[:2]}
        bodies = await tx.connection.execute(text("SELECT body FROM ledger_entries WHERE kind = 'deletion.raised'"))
        assert {json.loads(body)["subject"] for (body,) in bodies} == {task.subject for task in tasks} == names
    assert await office.faults() == []


def test_recipients_have_fifteen_days_unless_set_otherwise() -> None:
    assert raising().due == timedelta(days=15)
