"""Sealed identifiers and their blind index in the database."""

import asyncio

import pytest

from api.database import Database
from tests.vault.support import OTHER, SUBJECT, TENANT, ring
from vault import (
    IdentifierTakenError,
    SealedIdentifier,
    SubjectKey,
    canonical_form,
    find_by_index,
    identifiers,
    put_identifiers,
    read_identifier,
    seal_identifier,
)

RING = ring()
ID_CARD = "11000019900307001X"


def key(subject: str = SUBJECT, tenant: str = TENANT) -> SubjectKey:
    return SubjectKey(bytes(range(64)), tenant, subject, 1)


def sealed(field: str, kind: str, value: str, subject: str = SUBJECT) -> SealedIdentifier:
    return seal_identifier(RING, key(subject), read_identifier(field, kind, value))


def digest(field: str, kind: str, value: str) -> bytes:
    return RING.blind(TENANT, field, canonical_form(kind, value))


async def put(database: Database, *rows: SealedIdentifier) -> None:
    async with database.transaction() as tx:
        await put_identifiers(tx.connection, TENANT, rows, tx.now)


async def subjects_with(database: Database, field: str, kind: str, value: str) -> tuple[str, ...]:
    wanted = digest(field, kind, value)
    async with database.reading() as tx:
        return (await find_by_index(tx.connection, TENANT, field, [wanted])).get(wanted, ())


async def test_identifiers_are_stored_and_open_in_canonical_form(database: Database) -> None:
    await put(database, sealed("mobile_no", "mobile", "138 0013 8000"), sealed("full_name", "name", "李 小明"))
    async with database.reading() as tx:
        stored = await identifiers(tx.connection, TENANT, [SUBJECT, OTHER], ["mobile_no", "full_name", "email"])
        elsewhere = await identifiers(tx.connection, "dusk_group", [SUBJECT], ["mobile_no"])
    opened = {place: key().open(blob, place[1]).decode() for place, blob in stored.items()}
    assert opened == {(SUBJECT, "mobile_no"): "+8613800138000", (SUBJECT, "full_name"): "李小明"}
    assert elsewhere == {}


@pytest.mark.parametrize(
    "written", [ID_CARD.lower(), "１１００００１９９００３０７００１Ｘ", "110000 19900307 001x", "110000900307001"]
)
async def test_any_writing_of_an_identifier_finds_its_subject(database: Database, written: str) -> None:
    await put(database, sealed("id_card_no", "resident_id", ID_CARD))
    assert await subjects_with(database, "id_card_no", "resident_id", written) == (SUBJECT,)


async def test_shared_devices_find_every_subject_and_names_are_not_indexed(database: Database) -> None:
    for subject in (OTHER, SUBJECT):
        await put(
            database,
            sealed("imei", "device", "490154203237518", subject),
            sealed("full_name", "name", "李小明", subject),
        )
    assert await subjects_with(database, "imei", "device", "49-015420-323751-8") == (SUBJECT, OTHER)
    assert await subjects_with(database, "full_name", "name", "李小明") == ()


async def test_a_subject_with_a_name_only_is_stored(database: Database) -> None:
    await put(database, sealed("full_name", "name", "李小明"))
    async with database.reading() as tx:
        assert list(await identifiers(tx.connection, TENANT, [SUBJECT], ["full_name"])) == [(SUBJECT, "full_name")]


async def test_a_new_value_replaces_the_old_one_in_the_index_too(database: Database) -> None:
    await put(database, sealed("mobile_no", "mobile", "13800138000"))
    await put(database, sealed("mobile_no", "mobile", "13900139000"))
    await put(database, sealed("mobile_no", "mobile", "13900139000"))
    assert await subjects_with(database, "mobile_no", "mobile", "13800138000") == ()
    assert await subjects_with(database, "mobile_no", "mobile", "13900139000") == (SUBJECT,)
    async with database.reading() as tx:
        stored = await identifiers(tx.connection, TENANT, [SUBJECT], ["mobile_no"])
    assert key().open(stored[SUBJECT, "mobile_no"], "mobile_no") == b"+8613900139000"


async def test_a_resident_id_has_one_owner(database: Database) -> None:
    await put(database, sealed("id_card_no", "resident_id", ID_CARD))
    with pytest.raises(IdentifierTakenError) as refusal:
        await put(database, sealed("id_card_no", "resident_id", "110000900307001", OTHER))
    assert refusal.value.field == "id_card_no"
    assert await subjects_with(database, "id_card_no", "resident_id", ID_CARD) == (SUBJECT,)
    await put(database, sealed("id_card_no", "resident_id", ID_CARD))


async def test_of_two_claims_in_one_batch_none_is_stored(database: Database) -> None:
    rows = [sealed("id_card_no", "resident_id", ID_CARD, subject) for subject in (SUBJECT, OTHER)]
    with pytest.raises(IdentifierTakenError):
        await put(database, *rows)
    assert await subjects_with(database, "id_card_no", "resident_id", ID_CARD) == ()


async def test_of_two_claims_at_once_one_wins(database_url: str) -> None:
    databases = [Database.open(database_url) for _ in range(4)]
    subjects = [f"sub_{letter * 26}" for letter in "abcd"]
    claims = [
        put(database, sealed("id_card_no", "resident_id", ID_CARD, subject))
        for database, subject in zip(databases, subjects, strict=True)
    ]
    outcomes = await asyncio.gather(*claims, return_exceptions=True)
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["IdentifierTakenError"] * 3 + ["NoneType"]
    winner = subjects[[outcome is None for outcome in outcomes].index(True)]
    assert await subjects_with(databases[0], "id_card_no", "resident_id", ID_CARD) == (winner,)
    for database in databases:
        await database.close()


async def test_two_tenants_may_know_the_same_person(database: Database) -> None:
    await put(database, sealed("id_card_no", "resident_id", ID_CARD))
    there = seal_identifier(RING, key(OTHER, "dusk_group"), read_identifier("id_card_no", "resident_id", ID_CARD))
    async with database.transaction() as tx:
        await put_identifiers(tx.connection, "dusk_group", [there], tx.now)
        found = await find_by_index(tx.connection, "dusk_group", "id_card_no", [there.digest or b""])
    assert list(found.values()) == [(OTHER,)]


async def test_many_subjects_are_stored_in_batches(database: Database) -> None:
    subjects = [f"sub_{number:026}" for number in range(1500)]
    rows = [sealed("mobile_no", "mobile", f"138{number:08}", subject) for number, subject in enumerate(subjects)]
    await put(database, *rows)
    async with database.reading() as tx:
        assert len(await identifiers(tx.connection, TENANT, subjects, ["mobile_no"])) == 1500
        found = await find_by_index(tx.connection, TENANT, "mobile_no", [row.digest or b"" for row in rows])
    assert [found[row.digest or b""] for row in rows] == [(subject,) for subject in subjects]
