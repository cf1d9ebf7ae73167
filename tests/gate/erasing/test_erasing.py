"""A person is erased: nothing is left that opens, resolves, finds or links; the ledger stays sound."""

import json
from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from consent import ErasureState, Refusal, SubjectNotFoundError, SubjectRestrictedError, WithdrawAll, find_subject
from consent.subjects import SubjectId
from gate import Gate
from gate.erasing import CertificateMalformedError, Outcome, check_certificate, read_certificate
from gate.erasing.desk import Reason
from tests.conftest import TickingClock
from tests.gate.asking import ask, reasons, run_sql
from tests.gate.erasing.world import DPO, TABLES, Office, register
from tests.gate.people import made_up
from tests.world import TENANT, World
from vault import KeyMissingError, TokenScope, find_by_index, issue_tokens

BESIDE = ("consent_holds", "consent_erasures", "gate_certificates", "gate_loads", "ledger_entries", "ledger_shapes")


async def test_nothing_is_left_but_a_tombstone(office: Office, person: str) -> None:
    before, row = await office.counts(person), await office.row(person)
    assert all(before.values())
    done = (await office.erase(person))[person]
    assert done.outcome is Outcome.ERASED
    assert await office.counts(person) == dict.fromkeys(TABLES, 0)
    after = await office.row(person)
    assert (after.ref, after.status, after.version, after.age_band) == (person, "erased", -1, "unknown")
    assert (after.oldest_observed_us, after.created_us) == (None, 0)
    assert after.pseudonym != row.pseudonym
    assert await office.stream(after.pseudonym) == []


async def test_the_ledger_stays_sound_and_says_what_was_done(office: Office, gate: Gate, person: str) -> None:
    await gate.read(ask(person))
    name = (await office.row(person)).pseudonym
    before = await office.stream(name)
    done = (await office.erase(person))[person]
    entries = await office.stream(name)
    assert entries[: len(before)] == before
    assert [entry["kind"] for entry in entries[len(before) :]] == ["deletion.raised", "subject.erased"]
    body = json.loads(entries[-1]["body"])
    assert done.certificate is not None
    assert (body["about"], body["certificate"]) == (done.certificate.id, done.certificate.digest)
    assert body["counts"] == {
        "events": 1, "grants": 1, "identifiers": 6, "index": 4, "keys": 1, "tokens": 1, "values": 4,
    }  # fmt: skip
    assert person not in entries[-1]["body"]
    assert await office.faults() == []


async def test_reads_are_denied_with_a_code_and_stand_in_the_client_s_stream(
    office: Office, gate: Gate, person: str
) -> None:
    released = await gate.read(ask(person))
    assert reasons(released.subjects[0]) == set()
    await office.erase(person)
    answer = (await gate.read(ask(person))).subjects[0]
    assert reasons(answer) == {"SUBJECT_ERASED"}
    assert set(answer.values) == {None}
    (entry,) = await office.stream(f"client/{TENANT}/scoring")
    assert (json.loads(entry["body"])["subject"], person in entry["body"]) == (None, False)
    assert await office.faults() == []


async def test_a_read_decided_before_is_not_recorded_after(
    office: Office, watched: tuple[Gate, object], person: str
) -> None:
    gate, store = watched
    erased = []

    async def once() -> None:
        if not erased:
            erased.append(await office.erase(person))

    store.before["record"] = once  # type: ignore[attr-defined]  # the watched store of the fixture
    answer = (await gate.read(ask(person))).subjects[0]
    assert reasons(answer) == {"SUBJECT_ERASED"}
    assert await office.faults() == []


async def test_the_person_is_found_by_nothing_any_more(office: Office, lender: World, person: str) -> None:
    one = made_up(1)
    async with lender.database.reading() as tx:
        tokens = list((await tx.connection.execute(text("SELECT token FROM vault_tokens"))).scalars())
    assert len(tokens) == 1
    await office.erase(person)
    async with lender.database.reading() as tx:
        for name in ("id_card_no", "mobile_no", "email", "bank_card_no"):
            digest = lender.keys.blind(TENANT, name, getattr(one, name))
            assert await find_by_index(tx.connection, TENANT, name, [digest]) == {}
        with pytest.raises(SubjectNotFoundError):
            await find_subject(tx.connection, SubjectId(TENANT, person))
        scope = TokenScope(TENANT, "credit_scoring", "lender", "email")
        with pytest.raises(KeyMissingError):
            await issue_tokens(tx.connection, scope, [person], now=tx.now, rows=lender.keys.rows)
    again = await register(lender)
    assert again != person, "the same person registered again is somebody new"


async def test_no_row_but_the_tombstone_holds_the_reference_and_none_both_names(
    office: Office, lender: World, person: str
) -> None:
    name = (await office.row(person)).pseudonym
    await office.erase(person)
    async with lender.database.reading() as tx:
        tables = ("consent_subjects", *TABLES, *BESIDE)
        found = {}
        for table in tables:
            rows = await tx.connection.execute(text(f"SELECT * FROM {table}"))  # noqa: S608  # tables named here
            found[table] = [str(row) for row in rows]
    holding = [(table, row) for table, rows in found.items() for row in rows if person in row]
    assert [table for table, _ in holding] == ["consent_subjects"]
    assert not any(name in row for table, rows in found.items() for row in rows if table != "ledger_entries")


async def test_asked_again_it_says_so_and_does_nothing(office: Office, person: str) -> None:
    stranger = "sub_" + "z" * 26
    await office.erase(person)
    entries = len(await office.faults()), await office.row(person)
    again = await office.erase(person, stranger)
    assert {ref: result.outcome for ref, result in again.items()} == {
        person: Outcome.GONE, stranger: Outcome.UNKNOWN,
    }  # fmt: skip
    assert (len(await office.faults()), await office.row(person)) == entries


async def test_a_tombstone_can_be_neither_changed_nor_removed_nor_events_without_one(
    office: Office, lender: World, person: str
) -> None:
    other = await register(lender, 2)
    await office.erase(person)
    for statement in (
        "UPDATE consent_subjects SET status = 'known' WHERE ref = :ref",
        "DELETE FROM consent_subjects WHERE ref = :ref",
    ):
        with pytest.raises(DBAPIError):
            await run_sql(lender, statement, ref=person)
    with pytest.raises(DBAPIError):
        await run_sql(lender, "DELETE FROM consent_events WHERE subject = :ref", ref=other)


async def test_the_certificate_checks_and_a_changed_one_does_not(office: Office, lender: World, person: str) -> None:
    done = (await office.erase(person, reason=Reason.REQUEST))[person]
    assert done.certificate is not None
    async with lender.database.reading() as tx:
        stored = await read_certificate(tx.connection, TENANT, done.certificate.id)
    assert stored == done.certificate
    file = stored.file(lender.keys.certificate_key.public)
    said = check_certificate(file, lender.keys.certificate_keys)
    assert said["reason"] == "request"
    assert said["destroyed"]["key"] == {"data_key": 1, "kek": 1}
    assert {trial["sort"]: (trial["before"], trial["after"]) for trial in said["trials"]} == {
        "identifier": ("opened", "vault/key_missing"),
        "index": ("found", "nothing"),
        "token": ("resolved", "vault/token_not_found"),
        "value": ("opened", "vault/key_missing"),
    }
    text_of = json.dumps(said)
    assert person not in text_of
    assert (await office.row(person)).pseudonym not in text_of
    for wrong in (
        {**file, "certificate": file["certificate"].replace('"request"', '"restore"')},
        {**file, "signature": file["signature"][::-1]},
        {**file, "certificate": file["certificate"] + " "},
        {"certificate": 1},
    ):
        with pytest.raises(CertificateMalformedError):
            check_certificate(wrong, lender.keys.certificate_keys)
    with pytest.raises(CertificateMalformedError):
        check_certificate(file, {})


async def test_what_is_held_is_kept_and_used_for_nothing_until_the_hold_ends(
    office: Office, lender: World, gate: Gate, person: str, clock: TickingClock
) -> None:
    await office.hold(person, days=10)
    assert reasons((await gate.read(ask(person))).subjects[0]) == set(), "a hold alone keeps, and lets use"
    done = (await office.erase(person, reason=Reason.REQUEST))[person]
    assert done.outcome is Outcome.HELD
    assert done.request is not None
    assert done.request.state is ErasureState.HELD
    assert reasons((await gate.read(ask(person))).subjects[0]) == {"RESTRICTED_HOLD"}
    with pytest.raises(SubjectRestrictedError):
        await lender.give(person)
    assert (await office.counts(person))["vault_subject_keys"] == 1
    await lender.act("withdraw", SubjectId(TENANT, person), WithdrawAll())
    again = (await office.erase(person))[person]
    assert again.request == done.request
    clock.move(days=11)
    if lender.database.is_sqlite:  # PostgreSQL keeps its own time
        assert (await office.erase(person, reason=Reason.HOLD_ENDED))[person].outcome is Outcome.ERASED
        assert reasons((await gate.read(ask(person))).subjects[0]) == {"SUBJECT_ERASED"}
    assert await office.faults() == []


async def test_a_lifted_hold_stands_no_longer(office: Office, lender: World, person: str) -> None:
    hold = await office.hold(person, then_erase=True)
    assert (await office.row(person)).status == "restricted"
    async with lender.database.transaction() as tx:
        await office.keeper.release(tx.connection, TENANT, hold, by=DPO, now=tx.now)
    done = (await office.erase(person, reason=Reason.HOLD_ENDED))[person]
    assert done.outcome is Outcome.ERASED
    async with lender.database.reading() as tx:
        rows = (await tx.connection.execute(text("SELECT state, subject, certificate FROM consent_erasures"))).all()
    assert done.certificate is not None
    assert [tuple(row) for row in rows] == [("done", None, done.certificate.id)]
    assert await office.faults() == []


async def test_where_a_law_may_want_it_kept_an_officer_decides(
    office: Office, lender: World, gate: Gate, person: str
) -> None:
    done = (await office.erase(person, reason=Reason.REQUEST, decided=False))[person]
    assert done.outcome is Outcome.WAITING
    assert done.request is not None
    assert done.request.due - done.request.asked == timedelta(days=15)
    assert reasons((await gate.read(ask(person))).subjects[0]) == {"RESTRICTED_HOLD"}
    (plain,) = await lender.add_subjects(1, values={"orders": 3})
    assert (await office.erase(plain, decided=False))[plain].outcome is Outcome.ERASED
    async with lender.database.transaction() as tx:
        request = await office.keeper.find(tx.connection, TENANT, done.request.id, lock=True)
        await office.keeper.refuse(tx.connection, request, Refusal.CONTRACT_RUNS, by=DPO, now=tx.now)
    assert reasons((await gate.read(ask(person))).subjects[0]) == set()
    assert await office.faults() == []


async def test_many_are_erased_in_one_transaction(office: Office, lender: World) -> None:
    people = await lender.add_subjects(50)
    done = await office.erase(*people)
    assert {result.outcome for result in done.values()} == {Outcome.ERASED}
    assert len({result.certificate.id for result in done.values() if result.certificate}) == len(people)
    assert await office.faults() == []
