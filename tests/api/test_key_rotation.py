"""Keys change while the service serves: nothing is refused meanwhile, nothing is lost, and old versions end."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from subprocess import PIPE, Popen
from typing import Any

import pytest
from sqlalchemy import text

from api.database import Database
from api.gates import open_gate
from api.usecases.keys import KeyOffice, Pace, Rewrapped
from gate import Gate, Outcome
from gate.engines import EmbeddedEngine
from gate.errors import ContendedError
from lineage import Actor, Role, check
from tests import world
from tests.gate import identified
from tests.gate import test_computed_tokens as computed
from tests.gate.asking import ask
from tests.gate.people import desk_of, made_up, new
from tests.world import STEWARD, TENANT, World
from vault import (
    FileRootKey,
    IdentifierTakenError,
    KeyExhaustedError,
    KeyInUseError,
    KeyMissingError,
    KeyMovedError,
    KeyPurpose,
    KeyRing,
    KeyVersion,
    Suite,
    UnknownKeyError,
    WrongRootKeyError,
    find_by_index,
    insert_subject_key,
    load_key_ring,
    put_identifiers,
    read_identifier,
    seal_identifier,
    sealing_keys,
    subject_keys,
)
from vault.bulk_plans import Recipient
from vault.encoding import opaque_name
from vault.suites import sm3_mac
from vault.token_kinds import TokenOrigin
from vault.uses import MARK_LIMIT, USE_LIMIT

BY = Actor(Role.OPERATOR, "operator_one")
QUIET = lambda _what, _count: None  # noqa: E731  nobody looks on
KEK = KeyVersion(KeyPurpose.KEK, 1)
STEP = Pace(rows=7)


@dataclass
class Replica:
    """A process of its own, as far as keys go."""

    keys: KeyRing
    gate: Gate


@pytest.fixture
async def lender(database: Database, tmp_path: Path) -> World:
    return await world.build(database, tmp_path / "keys")


@pytest.fixture
def root(tmp_path: Path) -> FileRootKey:
    return FileRootKey.open_or_create(tmp_path / "keys" / "root.key")


@asynccontextmanager
async def replica(lender: World, url: str, root: FileRootKey) -> AsyncIterator[Replica]:
    keys = await ring_of(lender, root)
    gate, store = await open_gate(url, lender.database, keys, EmbeddedEngine())
    yield Replica(keys, gate)
    await gate.close()
    await store.close()


async def ring_of(lender: World, root: FileRootKey) -> KeyRing:
    async with lender.database.reading() as tx:
        return await load_key_ring(tx.connection, root)


def office(lender: World) -> KeyOffice:
    return KeyOffice(lender.database, lender.keys, BY)


async def rows(lender: World, statement: str, **values: object) -> list[Any]:
    async with lender.database.transaction() as tx:
        found = await tx.connection.execute(text(statement), values)
        return [tuple(row) for row in found] if found.returns_rows else []


async def register(lender: World, *indexes: int) -> list[str]:
    async with lender.database.transaction() as tx:
        people = [new(index) for index in indexes]
        found = await desk_of(lender).register(tx.connection, TENANT, people, by=STEWARD, now=tx.now)
    return [each.ref for each in found]


async def owner(lender: World, keys: KeyRing, index: int) -> tuple[str, ...]:
    identifier = read_identifier("id_card_no", "resident_id", made_up(index).id_card_no)
    async with lender.database.reading() as tx:
        digest = keys.blind(TENANT, "id_card_no", identifier.text)
        return (await find_by_index(tx.connection, TENANT, "id_card_no", [digest])).get(digest, ())


async def sound(lender: World) -> None:
    async with lender.database.reading() as tx:
        assert (await check(tx.connection, check_mac=lender.keys.check_mac)).is_sound


async def test_keys_rotate_under_load_on_every_replica(lender: World, database_url: str, root: FileRootKey) -> None:
    refs = await lender.add_subjects(40)
    for ref in refs:
        await lender.give(ref)
    done = asyncio.Event()
    outcomes: list[Outcome] = []
    async with replica(lender, database_url, root) as one, replica(lender, database_url, root) as two:

        async def read(each: Replica, mine: list[str]) -> None:
            while not done.is_set():
                try:
                    answer = await each.gate.read(ask(*mine))
                except ContendedError:  # decided again for two seconds, on a slow machine: asked again, as clients do
                    continue
                outcomes.extend(subject.outcome for subject in answer.subjects)

        readers = [asyncio.create_task(read(one, refs[:20])), asyncio.create_task(read(two, refs[20:]))]
        keys = office(lender)
        for number, suite in enumerate([Suite.SM, Suite.AES], start=2):
            assert await keys.rotate(KeyPurpose.KEK, suite) == (KeyPurpose.KEK, number)
            await keys.rotate(KeyPurpose.LEDGER, suite)
            rewrapped = await keys.rewrap(STEP, QUIET)
            assert (rewrapped.subject_keys, rewrapped.unreadable) == (40, 0)
            assert rewrapped.values == 160
            await keys.retire(KeyVersion(KeyPurpose.KEK, number - 1))
            await asyncio.sleep(0.05)
        done.set()
        await asyncio.gather(*readers)
        assert set(one.keys.versions(KeyPurpose.KEK)) == set(two.keys.versions(KeyPurpose.KEK)) == {3}
    assert len(outcomes) > 40
    assert set(outcomes) == {Outcome.released}
    await sound(lender)
    recorded = await rows(lender, "SELECT kind, about FROM ledger_entries WHERE kind LIKE 'key.%' ORDER BY id")
    assert [about for kind, about in recorded if kind == "key.retired"] == ["kek/1", "kek/2"]
    assert [about for kind, about in recorded if kind == "key.created"] == ["kek/2", "ledger/2", "kek/3", "ledger/3"]


async def test_a_dry_run_counts_what_the_run_then_touches(lender: World) -> None:
    await register(lender, *range(6))
    await lender.add_subjects(3)
    keys = office(lender)
    assert await keys.waiting() == Rewrapped()
    await keys.rotate(KeyPurpose.KEK, Suite.SM)
    await keys.rotate(KeyPurpose.INDEX, Suite.AES)
    before = await rows(lender, "SELECT * FROM vault_subject_keys ORDER BY subject")
    waiting = await keys.waiting()
    assert await rows(lender, "SELECT * FROM vault_subject_keys ORDER BY subject") == before
    assert waiting.subject_keys == 9
    assert waiting.index_entries > 0
    assert waiting.values > waiting.index_entries
    assert await keys.rewrap(STEP, QUIET) == waiting
    assert await keys.waiting() == Rewrapped()
    await keys.retire(KeyVersion(KeyPurpose.INDEX, 1))
    assert await keys.waiting() == Rewrapped(swept_entries=waiting.index_entries)
    assert (await keys.rewrap(STEP, QUIET)).swept_entries == waiting.index_entries
    assert await keys.waiting() == Rewrapped()


async def test_a_retired_version_is_refused_and_one_in_use_is_not_retired(lender: World, root: FileRootKey) -> None:
    [ref] = await lender.add_subjects(1)
    wrapped = (await lender.wrapped([ref]))[ref]
    keys = office(lender)
    with pytest.raises(KeyInUseError, match="newest"):
        await keys.retire(KEK)
    await keys.rotate(KeyPurpose.KEK, Suite.AES)
    with pytest.raises(KeyInUseError, match="rewrap"):
        await keys.retire(KEK)
    await keys.rewrap(STEP, QUIET)
    await keys.retire(KEK)
    with pytest.raises(KeyMissingError):
        await keys.retire(KEK)
    with pytest.raises(KeyInUseError, match="kept"):
        await keys.retire(KeyVersion(KeyPurpose.LEDGER, 1))
    for ring in (lender.keys, await ring_of(lender, root)):
        with pytest.raises(UnknownKeyError):
            ring.open_subject_key(TENANT, ref, wrapped)
        ring.open_subject_key(TENANT, ref, (await lender.wrapped([ref]))[ref])


async def test_computed_tokens_change_their_suite_under_a_gate_that_serves(
    database: Database, database_url: str, tmp_path: Path
) -> None:
    lender = await identified.build(database, tmp_path / "keys")
    ref = await computed.person(lender)
    await computed.declare(lender, "scoring", computed.RULES)
    root = FileRootKey.open(tmp_path / "keys" / "root.key")
    async with replica(lender, database_url, root) as one:
        [before] = (await one.gate.read(ask(ref, features=(computed.ID, computed.PHONE)))).subjects
        await office(lender).rotate(KeyPurpose.TOKEN, Suite.SM)
        [after] = (await one.gate.read(ask(ref, features=(computed.ID, computed.PHONE)))).subjects
    scope = Recipient(TENANT, "credit_scoring", "lender").scope
    tokens = lender.keys.tokens
    for version, answer in ((1, before), (2, after)):
        for field, token in zip(computed.SPECS, answer.values, strict=True):
            maker = tokens.maker(scope(field), computed.SPECS[field], version)
            assert token == maker.token({"id_card_no": computed.NUMBER, "mobile_no": computed.MOBILE}[field])
    phone = tokens.maker(scope("mobile_no"), computed.SPECS["mobile_no"])
    assert phone.origin == TokenOrigin(2, Suite.SM)
    assert after.values[1] == opaque_name("dtk_", sm3_mac(phone.key, b"+86" + computed.MOBILE.encode()))
    for answer in (before, after):
        assert computed.NUMBER in tokens.values(
            scope("id_card_no"), computed.SPECS["id_card_no"], str(answer.values[0])
        )


async def test_the_index_is_searchable_throughout_and_complete_at_the_end(lender: World, root: FileRootKey) -> None:
    before = await register(lender, *range(20))
    stale = await ring_of(lender, root)
    keys = office(lender)
    await keys.rotate(KeyPurpose.INDEX, Suite.SM)
    meanwhile = await register(lender, 20)
    for ring in (stale, lender.keys):
        assert await owner(lender, ring, 3) == (before[3],)
        assert await owner(lender, ring, 20) == (meanwhile[0],)
    assert await register(lender, 3) == [before[3]]
    with pytest.raises(KeyInUseError):
        await keys.retire(KeyVersion(KeyPurpose.INDEX, 1))
    done = await keys.rewrap(STEP, QUIET)
    assert done.index_entries == 80
    assert (await keys.rewrap(STEP, QUIET)).index_entries == 0
    await keys.retire(KeyVersion(KeyPurpose.INDEX, 1))
    assert (await keys.rewrap(STEP, QUIET)).swept_entries == 84
    for index, ref in [*enumerate(before), (20, meanwhile[0])]:
        assert await owner(lender, lender.keys, index) == (ref,)
    assert await register(lender, 3, 20) == [before[3], meanwhile[0]]
    heads = {bytes(digest)[:6] for (digest,) in await rows(lender, "SELECT digest FROM vault_index")}
    assert heads == {b"\x01\x02\x00\x00\x00\x02"}


async def test_whoever_has_not_heard_of_a_rotation_writes_nothing_that_would_be_lost(
    lender: World, root: FileRootKey
) -> None:
    [ref] = await register(lender, 1)
    stale = await ring_of(lender, root)
    keys = office(lender)
    await keys.rotate(KeyPurpose.INDEX, Suite.AES)
    await keys.rotate(KeyPurpose.KEK, Suite.AES)
    await keys.rewrap(STEP, QUIET)
    async with lender.database.transaction() as tx:
        key = lender.keys.open_subject_key(TENANT, ref, (await subject_keys(tx.connection, TENANT, [ref]))[ref])
        row = seal_identifier(stale, key, read_identifier("mobile_no", "mobile", "13900139000"))
        with pytest.raises(KeyMovedError):
            await put_identifiers(tx.connection, TENANT, [row], tx.now)
    await keys.retire(KEK)
    _, wrapped = stale.new_subject_key(TENANT, "sub_" + "a" * 26)
    async with lender.database.transaction() as tx:
        with pytest.raises(KeyMovedError):
            await insert_subject_key(tx.connection, TENANT, "sub_" + "a" * 26, wrapped, tx.now, stale)


async def test_an_exclusive_identifier_stays_exclusive_between_two_index_versions(
    lender: World, root: FileRootKey
) -> None:
    await register(lender, 1)
    await office(lender).rotate(KeyPurpose.INDEX, Suite.AES)
    identifier = read_identifier("id_card_no", "resident_id", made_up(1).id_card_no)
    other, wrapped = lender.keys.new_subject_key(TENANT, "sub_" + "b" * 26)
    async with lender.database.transaction() as tx:
        await insert_subject_key(tx.connection, TENANT, other.subject, wrapped, tx.now, lender.keys)
        with pytest.raises(IdentifierTakenError):
            await put_identifiers(tx.connection, TENANT, [seal_identifier(lender.keys, other, identifier)], tx.now)


async def test_names_outlive_every_rotation(lender: World) -> None:
    before = lender.keys.name_for(TENANT, "staff", "someone")
    keys = office(lender)
    for purpose in KeyPurpose:
        if purpose.is_rotatable:
            await keys.rotate(purpose, Suite.SM)
    assert lender.keys.name_for(TENANT, "staff", "someone") == before
    with pytest.raises(KeyInUseError):
        await keys.retire(KeyVersion(KeyPurpose.NAMES, 1))


async def test_a_key_that_has_reached_its_limit_refuses_until_it_is_rotated(lender: World) -> None:
    await lender.add_subjects(1)
    await rows(lender, "UPDATE vault_keys SET uses = :most WHERE purpose = 'kek'", most=USE_LIMIT - 1)
    lender.keys.uses.noted = lender.keys.uses.made
    with pytest.raises(KeyExhaustedError, match="rotate"):
        await register(lender, 1)
    await office(lender).rotate(KeyPurpose.KEK, Suite.AES)
    assert len(await register(lender, 1)) == 1
    assert await rows(lender, "SELECT uses FROM vault_keys WHERE purpose = 'kek' AND version = 2") == [(1024,)]


async def test_a_subjects_key_that_was_used_too_often_seals_no_more(lender: World) -> None:
    one, other = await lender.add_subjects(2)
    await rows(
        lender, "UPDATE vault_subject_keys SET seal_marks = :most WHERE subject = :one", most=MARK_LIMIT, one=one
    )
    async with lender.database.reading() as tx:
        assert set(await sealing_keys(tx.connection, TENANT, [other])) == {other}
        with pytest.raises(KeyExhaustedError):
            await sealing_keys(tx.connection, TENANT, [one, other])


async def test_keys_that_do_not_open_are_left_and_counted(lender: World) -> None:
    refs = await lender.add_subjects(9)
    await rows(lender, "UPDATE vault_subject_keys SET tenant = 'other' WHERE subject = :one", one=refs[4])
    await office(lender).rotate(KeyPurpose.KEK, Suite.AES)
    done = await office(lender).rewrap(STEP, QUIET)
    assert (done.subject_keys, done.unreadable) == (8, 1)
    with pytest.raises(KeyInUseError):
        await office(lender).retire(KEK)


async def test_a_locked_ring_denies_reads_and_opens_again(lender: World, database_url: str, root: FileRootKey) -> None:
    [ref] = await lender.add_subjects(1)
    await lender.give(ref)
    async with replica(lender, database_url, root) as one:
        one.keys.lock()
        answer = await one.gate.read(ask(ref))
        assert answer.subjects[0].outcome is Outcome.denied
        assert {code for each in answer.subjects[0].rulings for code in each.reasons} == {"KEY_UNAVAILABLE"}
        one.keys.lock(locked=False)
        assert (await one.gate.read(ask(ref))).subjects[0].outcome is Outcome.released


async def test_the_root_key_rotates_and_moves_to_another_and_back(
    lender: World, root: FileRootKey, tmp_path: Path
) -> None:
    await lender.add_subjects(1)
    other = FileRootKey.open_or_create(tmp_path / "other" / "root.key", suite=Suite.SM)
    keys = office(lender)
    active = lender.keys.root
    assert active is not None
    active.rotate()
    assert await keys.move(active, QUIET) == len(KeyPurpose)
    assert await keys.move(other, QUIET) == len(KeyPurpose)
    assert await keys.move(other, QUIET) == 0
    with pytest.raises(WrongRootKeyError):
        await ring_of(lender, root)
    there = await ring_of(lender, other)
    assert there.mac(b"entry") == lender.keys.mac(b"entry")
    back = KeyOffice(lender.database, there, BY)
    assert await back.move(FileRootKey.open(tmp_path / "keys" / "root.key"), QUIET) == len(KeyPurpose)
    await ring_of(lender, FileRootKey.open(tmp_path / "keys" / "root.key"))
    await sound(lender)


async def test_a_rewrap_that_was_killed_goes_on_with_what_is_left(
    lender: World, database_url: str, tmp_path: Path
) -> None:
    await lender.add_subjects(60)
    await office(lender).rotate(KeyPurpose.KEK, Suite.AES)
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("YUMEN_")},
        "PYTHONPATH": str(Path(__file__).parents[2]),
        "YUMEN_DATABASE_URL": database_url,
        "YUMEN_DATA_DIR": str(tmp_path / "keys"),
    }
    start = [sys.executable, "-c", "from api.cli import main; main()", "keys", "rewrap", "--rows", "5", "--json"]

    def left() -> Any:
        return rows(lender, "SELECT count(*) FROM vault_subject_keys WHERE kek_version = 1")

    slow = await asyncio.to_thread(Popen, [*start, "--rate", "20"], env=environment, stdout=PIPE, stderr=PIPE)
    while (await left())[0][0] == 60:
        assert slow.poll() is None, slow.communicate()
        await asyncio.sleep(0.05)
    slow.send_signal(signal.SIGKILL)
    await asyncio.to_thread(slow.communicate)
    halfway = (await left())[0][0]
    assert 0 < halfway < 60
    again = await asyncio.to_thread(Popen, start, env=environment, stdout=PIPE, stderr=PIPE)
    out, err = await asyncio.to_thread(again.communicate)
    assert again.returncode == 0, err
    assert f'"subject_keys": {halfway}' in out.decode()
    assert (await left())[0][0] == 0
    for (body,) in await rows(lender, "SELECT body FROM ledger_entries WHERE kind = 'key.rewrapped'"):
        assert '"rows":5' in body
    assert await rows(lender, "SELECT count(*) FROM ledger_entries WHERE kind = 'key.rewrapped'") == [(12,)]
    await office(lender).retire(KEK)
    await sound(lender)
