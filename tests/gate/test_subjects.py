"""Registering people: the same person is the same subject, sealed, recorded, and of the right age."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from api.database import Database
from api.gates import open_gate
from catalog.fields import IdentifierKind
from consent import AgeBand, SubjectId, find_subject
from examples.people import resident_id
from gate import Gate, Outcome, ReadCall
from gate.engines import EmbeddedEngine
from gate.errors import PeopleContendedError, PersonRefusedError
from gate.registering import NewPerson, RegisteredSubject
from tests import world
from tests.gate.people import born, china_today, desk_of, made_up, new, years_before
from tests.world import STEWARD, TENANT, World
from vault import identifiers, subject_keys


@pytest.fixture
async def lender(database: Database, tmp_path: Path) -> World:
    made = await world.build(database, tmp_path / "keys")
    passport = replace(made.catalog.field("id_card_no"), name="passport_no", identifier=IdentifierKind.PASSPORT)
    made.catalog = made.catalog.with_fields([passport])
    return made


@pytest.fixture
async def gate(lender: World, database_url: str) -> AsyncIterator[Gate]:
    opened, store = await open_gate(database_url, lender.database, lender.keys, EmbeddedEngine())
    yield opened
    await opened.close()
    await store.close()


async def register(lender: World, *people: NewPerson) -> list[RegisteredSubject]:
    async with lender.database.transaction() as tx:
        return await desk_of(lender).register(tx.connection, TENANT, people, by=STEWARD, now=tx.now)


async def stored(lender: World, ref: str, *fields: str) -> dict[str, str]:
    async with lender.database.reading() as tx:
        wrapped = await subject_keys(tx.connection, TENANT, [ref])
        key = lender.keys.open_subject_key(TENANT, ref, wrapped[ref])
        found = await identifiers(tx.connection, TENANT, [ref], fields)
    return {name: key.open(sealed, name).decode() for (_, name), sealed in found.items()}


async def entries(lender: World, kind: str) -> list[Any]:
    async with lender.database.reading() as tx:
        query = text("SELECT subject, body FROM ledger_entries WHERE kind = :kind ORDER BY id")
        return list(await tx.connection.execute(query, {"kind": kind}))


async def test_the_same_person_gets_the_same_subject_again(lender: World) -> None:
    [first, other] = await register(lender, new(1), new(2))
    [again] = await register(lender, new(1, id_card_no=f" {made_up(1).id_card_no.lower()} "))
    assert (first.created, other.created, again.created) == (True, True, False)
    assert first.ref == again.ref != other.ref
    assert again.stored == ()
    assert len(await entries(lender, "subject.registered")) == 2
    assert await entries(lender, "identifiers.stored") == []


async def test_identifiers_are_sealed_in_their_canonical_form_with_the_birth_date(lender: World) -> None:
    one = made_up(3)
    [subject] = await register(lender, new(3, mobile_no="+86 " + one.mobile_no))
    found = await stored(lender, subject.ref, "id_card_no", "mobile_no", "birth_date")
    assert found == {"id_card_no": one.id_card_no, "mobile_no": "+86" + one.mobile_no, "birth_date": one.birth_date}
    assert subject.age_band is AgeBand.ADULT


async def test_the_ledger_names_fields_and_pseudonym_only(lender: World) -> None:
    [subject] = await register(lender, new(4))
    async with lender.database.reading() as tx:
        row = await find_subject(tx.connection, SubjectId(TENANT, subject.ref))
    [(pseudonym, body)] = await entries(lender, "subject.registered")
    assert pseudonym == row.pseudonym
    assert '"fields":["bank_card_no","birth_date","email","full_name","id_card_no","mobile_no"]' in body
    assert made_up(4).id_card_no not in body
    assert subject.ref not in body


async def test_a_changed_identifier_replaces_the_old_one_and_is_recorded(lender: World) -> None:
    [first] = await register(lender, new(5))
    [again] = await register(lender, new(5, mobile_no="15498765432"))
    assert again == RegisteredSubject(first.ref, AgeBand.ADULT, created=False, stored=("mobile_no",))
    assert (await stored(lender, first.ref, "mobile_no")) == {"mobile_no": "+8615498765432"}
    [(_, body)] = await entries(lender, "identifiers.stored")
    assert '"fields":["mobile_no"]' in body


async def test_the_same_person_twice_in_one_call_is_one_subject(lender: World) -> None:
    found = await register(lender, new(6), new(7), new(6, email="six@example.com"))
    assert [each.created for each in found] == [True, True, False]
    assert found[0].ref == found[2].ref
    assert (await stored(lender, found[0].ref, "email")) == {"email": "six@example.com"}


async def test_a_passport_leads_to_the_subject_too_and_tells_two_people_apart(lender: World) -> None:
    [first] = await register(lender, new(8, passport_no="E12345678"))
    [by_passport] = await register(lender, NewPerson({"passport_no": "e1234 5678"}))
    assert by_passport.ref == first.ref
    for wrong in (new(9, passport_no="E12345678"), NewPerson({"passport_no": "E12345678", "birth_date": "1980-01-01"})):
        with pytest.raises(PersonRefusedError, match=r"other_person|birth_date_disagrees"):
            await register(lender, wrong)
    await register(lender, new(9))
    with pytest.raises(PersonRefusedError, match="other_person"):
        await register(lender, new(9, passport_no="E12345678"))


@pytest.mark.parametrize(
    ("given", "fault"),
    [
        ({"id_card_no": "11999919900101001X"}, "id_card_no: check_digit"),
        ({"id_card_no": resident_id(date(2190, 1, 1), 1, "f")}, "future"),
        ({"11010519491231002X": "x"}, "field: unknown_field"),
        ({"credit_limit": "x"}, "credit_limit: unknown_field"),
        ({"birth_date": "1990-01-01"}, "birth_date: no_identifier"),
        ({}, "birth_date: no_identifier"),
        ({"id_card_no": made_up(1).id_card_no, "birth_date": "1990-01-01"}, "birth_date: birth_date_disagrees"),
    ],
    ids=lambda given: given if isinstance(given, str) else None,
)
async def test_a_fault_names_the_field_and_never_the_value(lender: World, given: dict[str, str], fault: str) -> None:
    with pytest.raises(PersonRefusedError, match=fault) as caught:
        await register(lender, new(10), NewPerson(given))
    assert not any(value in str(caught.value) or value in repr(caught.value) for value in given.values())
    assert "11010519491231002X" not in str(caught.value)
    assert await entries(lender, "subject.registered") == []


async def test_two_declared_birth_dates_must_be_one(lender: World) -> None:
    with pytest.raises(PersonRefusedError, match="birth_date_disagrees"):
        await register(lender, NewPerson({"email": "a@example.com", "birth_date": "1990-01-01"}, "1990-01-02"))


async def test_an_old_permit_that_does_not_tell_the_century_needs_a_declared_birth_date(lender: World) -> None:
    found = await register(lender, NewPerson({"id_card_no": "ABC110000000101"}))
    assert found[0].age_band is AgeBand.UNKNOWN
    found = await register(lender, NewPerson({"id_card_no": "ABC110000000202"}, birth_date="1980-01-01"))
    assert found[0].age_band is AgeBand.ADULT


async def test_people_without_an_exclusive_identifier_are_new_subjects(lender: World) -> None:
    found = await register(lender, *[NewPerson({"email": "shared@example.com"})] * 2)
    assert [each.created for each in found] == [True, True]
    assert {each.age_band for each in found} == {AgeBand.UNKNOWN}


async def test_a_birth_date_learned_later_settles_the_age(lender: World) -> None:
    [first] = await register(lender, NewPerson({"passport_no": "E87654321"}))
    assert first.age_band is AgeBand.UNKNOWN
    [again] = await register(lender, NewPerson({"passport_no": "E87654321"}, birth_date="1980-01-01"))
    assert again.age_band is AgeBand.ADULT
    async with lender.database.reading() as tx:
        row = await find_subject(tx.connection, SubjectId(TENANT, first.ref))
    assert (row.age_band, row.version) == (AgeBand.ADULT, 1)


async def test_a_subject_whose_keys_were_destroyed_is_not_made_again(lender: World) -> None:
    await register(lender, new(11))
    async with lender.database.transaction() as tx:
        await tx.connection.execute(text("DELETE FROM vault_subject_keys"))
    with pytest.raises(PersonRefusedError, match="key_missing"):
        await register(lender, new(11))


async def test_thousands_are_registered_in_few_statements(lender: World) -> None:
    found = await register(lender, *(new(index) for index in range(1000, 3200)))
    assert len({each.ref for each in found}) == 2200
    again = await register(lender, *(new(index) for index in range(1000, 3200)))
    assert [each.ref for each in again] == [each.ref for each in found]


async def test_two_writers_of_the_same_people_agree_on_one_subject_each(lender: World) -> None:
    people = [new(index) for index in range(4000, 4040)]

    async def write(order: list[NewPerson]) -> list[RegisteredSubject]:
        while True:
            try:
                return await register(lender, *order)
            except PeopleContendedError:
                await asyncio.sleep(0.01)

    forth, back, again = await asyncio.gather(write(people), write(people[::-1]), write(people))
    assert [each.ref for each in forth] == [each.ref for each in back[::-1]] == [each.ref for each in again]
    assert sum(each.created for each in (*forth, *back, *again)) == 40
    assert len(await entries(lender, "subject.registered")) == 40


@pytest.fixture
def postgres_url(new_postgres: Callable[[], str]) -> str:
    return new_postgres()


async def test_who_waits_too_long_for_the_same_person_is_told_to_try_again_and_stores_nothing(
    postgres_url: str, tmp_path: Path
) -> None:
    """On SQLite writers queue at the beginning of a transaction instead."""
    database = Database.open(postgres_url)
    lender = await world.build(database, tmp_path / "keys")
    async with database.transaction() as holder:
        await desk_of(lender).register(holder.connection, TENANT, [new(12)], by=STEWARD, now=holder.now)
        with pytest.raises(PeopleContendedError):
            await register(lender, new(13), new(12))
    assert len(await entries(lender, "subject.registered")) == 1
    await database.close()


async def test_consent_is_a_guardians_until_the_fourteenth_birthday_itself(lender: World, gate: Gate) -> None:
    async with lender.database.reading() as tx:
        today = china_today(tx.now)
    birthday = years_before(today, 14)
    fourteen, younger = await register(lender, born(birthday), born(birthday + timedelta(days=1)))
    assert {fourteen.age_band, younger.age_band} == {AgeBand.MINOR}
    outcomes = [await _read(lender, gate, each.ref) for each in (fourteen, younger)]
    assert outcomes[0] == (Outcome.released, set())
    assert outcomes[1] == (Outcome.denied, {"NEEDS_GUARDIAN"})


async def test_an_eighteenth_birthday_makes_an_adult_of_a_minor(lender: World, gate: Gate) -> None:
    async with lender.database.reading() as tx:
        today = china_today(tx.now)
    birthday = years_before(today, 18)
    grown, almost = await register(lender, born(birthday), born(birthday + timedelta(days=1)))
    assert (grown.age_band, almost.age_band) == (AgeBand.ADULT, AgeBand.MINOR)
    assert await _read(lender, gate, grown.ref) == (Outcome.released, set())
    for one in (grown, almost):
        await lender.rewrite(one.ref, age_band=AgeBand.MINOR)
    async with lender.database.transaction() as tx:
        refs = [grown.ref, almost.ref]
        raised = await desk_of(lender).raise_age_bands(tx.connection, TENANT, refs, by=STEWARD, now=tx.now)
    assert raised == (grown.ref,)
    assert len(await entries(lender, "subject.age_band_set")) == 1
    assert await _read(lender, gate, grown.ref) == (Outcome.released, set())


async def _read(lender: World, gate: Gate, ref: str) -> tuple[Outcome, set[str]]:
    await lender.give(ref)
    call = ReadCall(TENANT, "scoring", "credit_scoring", "cash_loan", (ref,), ("behaviour:orders",))
    [answer] = (await gate.read(call)).subjects
    return answer.outcome, {code for ruling in answer.rulings for code in ruling.reasons}
