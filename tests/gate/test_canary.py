"""A made-up person's identifiers go through the gate in every way; they stand nowhere but where they were asked for."""

import base64
import logging
import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import msgspec
import pytest
from sqlalchemy import text

from api.database import Database
from gate import Gate, GateError, Mode, SubjectAnswer
from gate.engines import EmbeddedEngine, EngineError
from gate.registering import NewPerson
from gate.store_values import store_values
from tests.gate import identified
from tests.gate.asking import WatchedStore, ask, run_sql, watched_gate
from tests.gate.engines_amiss import FailingEngine
from tests.gate.identified import ALL, FEATURES, segment_of
from tests.gate.people import desk_of, made_up
from tests.world import STEWARD, TENANT, World

PERSON = made_up(7)
CANARIES = {
    "resident id": PERSON.id_card_no,
    "phone": PERSON.mobile_no,
    "card": PERSON.bank_card_no,
    "name": "欧阳金丝雀",
}


def spellings(canary: str) -> Iterator[tuple[str, bytes]]:
    """Every way in which it could have been written down."""
    raw = canary.encode()
    yield "raw", raw
    yield "reversed", canary[::-1].encode()
    for encoding in ("utf-16-le", "utf-16-be", "gb18030"):
        yield encoding, canary.encode(encoding)
    yield "hex", raw.hex().encode()
    yield "HEX", raw.hex().upper().encode()
    yield "escaped", canary.encode("unicode_escape")
    for shift in range(3):
        coded = base64.b64encode(b"\0" * shift + raw).rstrip(b"=")
        inner = coded[-(-8 * shift // 6) : len(coded) - 1]
        yield f"base64+{shift}", inner
        yield f"base64url+{shift}", inner.replace(b"+", b"-").replace(b"/", b"_")


def found_in(data: bytes) -> set[str]:
    return {f"{name} {way}" for name, canary in CANARIES.items() for way, spelt in spellings(canary) if spelt in data}


@pytest.fixture
async def lender(database: Database, tmp_path: Path) -> World:
    return await identified.build(database, tmp_path / "keys")


@pytest.fixture
async def subject(lender: World) -> str:
    """The person, registered by every identifier, with the same texts as values of features, and consent to all."""
    names = ("id_card_no", "mobile_no", "bank_card_no")
    person = NewPerson({name: getattr(PERSON, name) for name in names} | {"full_name": CANARIES["name"]})
    async with lender.database.transaction() as tx:
        [registered] = await desk_of(lender).register(tx.connection, TENANT, [person], by=STEWARD, now=tx.now)
    await put(lender, registered.ref, "identity:shown_name", {"shown_name": CANARIES["name"]})
    await put(lender, registered.ref, "identity:tier", {"tier": " ".join(CANARIES.values())})
    await put(lender, registered.ref, "behaviour:limit", {"limit": 20000})
    await lender.give(registered.ref, [name for name in ALL if name != "zhima_score"])
    return registered.ref


async def put(lender: World, ref: str, feature: str, values: dict[str, object]) -> None:
    key = lender.keys.open_subject_key(TENANT, ref, (await lender.wrapped([ref]))[ref])
    segment = segment_of(lender, feature)
    sealed = key.seal(msgspec.json.encode(values), segment)
    async with lender.database.transaction() as tx:
        await store_values(tx.connection, TENANT, [(ref, segment, sealed)], tx.now)


@pytest.fixture
async def amiss(
    database_url: str, lender: World, engine: EmbeddedEngine
) -> AsyncIterator[tuple[Gate, WatchedStore, FailingEngine]]:
    failing = FailingEngine(engine)
    failing.fault = None
    async with watched_gate(database_url, lender, failing, memo=0) as (gate, store):
        yield gate, store, failing


async def read_one(gate: Gate, ref: str, **changes: object) -> SubjectAnswer:
    return (await gate.read(ask(ref, **changes))).subjects[0]


async def read_in_every_way(
    lender: World, subject: str, amiss: tuple[Gate, WatchedStore, FailingEngine]
) -> list[BaseException]:
    """Released, explained, denied, undecided, unrecorded, unreadable; returns the errors on the way."""
    gate, store, engine = amiss
    everything = (*FEATURES, "behaviour:limit", "behaviour:score_band")
    answer = await read_one(gate, subject, features=everything)
    assert answer.values[3] == " ".join(CANARIES.values()), "the one place where it was asked for"
    await read_one(gate, subject, features=everything, mode=Mode.dry_run)
    await read_one(gate, subject, features=everything, client="partner_scoring")
    await read_one(gate, subject, features=("behaviour:nothing",))
    engine.fault = EngineError("down")
    errors: list[BaseException] = [await failing_read(gate, subject)]
    engine.fault = None
    for step in ("gather", "fetch", "record"):
        store.before[step] = fail
        errors.append(await failing_read(gate, subject))
        store.before.clear()
    await put(lender, subject, "identity:shown_name", {"shown_name": [CANARIES["name"]]})
    await read_one(gate, subject, features=everything)
    await put(lender, subject, "identity:shown_name", {"shown_name": CANARIES["phone"]})
    await read_one(gate, subject, features=everything)
    return errors


async def failing_read(gate: Gate, ref: str) -> BaseException:
    with pytest.raises(GateError) as failure:
        await gate.read(ask(ref, features=FEATURES))
    return failure.value


async def fail() -> None:
    raise OSError("gone")


async def database_bytes(lender: World, folder: Path) -> bytes:
    """Everything the database keeps on disk: tables, indexes, logs."""
    if lender.database.is_sqlite:
        return b"".join(read_all(folder / name) for name in ("yumen.db", "yumen.db-wal", "yumen.db-shm"))
    await run_sql(lender, "SELECT pg_switch_wal()")
    async with lender.database.engine.connect() as connection:
        await (await connection.execution_options(isolation_level="AUTOCOMMIT")).execute(text("CHECKPOINT"))
        where = Path((await connection.execute(text("SHOW data_directory"))).scalar_one())
        name = (
            await connection.execute(text("SELECT oid FROM pg_database WHERE datname = current_database()"))
        ).scalar_one()
    folders = (where / "base" / str(name), where / "pg_wal", where / "log")
    return b"".join(read_all(each) for each in folders)


def read_all(folder: Path) -> bytes:
    if folder.is_file():
        return folder.read_bytes()
    return b"".join(Path(place, name).read_bytes() for place, _, names in os.walk(folder) for name in names)


async def test_identifiers_stand_nowhere_in_clear(
    lender: World,
    subject: str,
    amiss: tuple[Gate, WatchedStore, FailingEngine],
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.DEBUG):
        errors = await read_in_every_way(lender, subject, amiss)
    told = "\n".join([caplog.text, *map(repr, errors), *map(str, errors), *(repr(vars(each)) for each in errors)])
    assert len(errors) == 4
    assert found_in(told.encode()) == set()
    assert found_in(await database_bytes(lender, tmp_path)) == set()
    assert subject.encode() in await database_bytes(lender, tmp_path), "the files looked into are those in use"


@pytest.mark.parametrize("canary", CANARIES)
def test_the_search_finds_every_spelling(canary: str) -> None:
    raw = CANARIES[canary].encode()
    texts = [raw, raw.hex().encode(), CANARIES[canary].encode("utf-16-le")]
    texts += [base64.b64encode(b"x" * pad + raw + b"tail") for pad in range(6)]
    assert all(found_in(b"..." + each + b"...") for each in texts)
