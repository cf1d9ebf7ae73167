"""A made-up person pushed through both loads appears nowhere in clear: database files, report, log, errors."""

import logging
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlmodel import SQLModel

from api.gates import open_gate
from gate import Outcome, ReadCall
from gate.engines import EmbeddedEngine
from tests.gate.loading.world import load, load_persons, register, row, write
from tests.gate.people import FIELDS, made_up
from tests.world import TENANT, World


def canaries() -> set[bytes]:
    one = made_up(7)
    texts = {getattr(one, name) for name in FIELDS} | {one.birth_date, one.birth_date.replace("-", "")}
    return {text.encode() for text in texts} | {b"876543210123"}


def database_files(folder: Path) -> bytes:
    return b"".join(each.read_bytes() for each in folder.glob("yumen.db*"))


async def test_identifiers_and_values_stand_nowhere_in_clear(
    lender: World, tmp_path: Path, database_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    one = made_up(7)
    people = tmp_path / "input" / "people.csv"
    people.parent.mkdir()
    good = [getattr(one, name) for name in FIELDS]
    write(people, [good, [good[0], good[1], "not a phone", *good[3:]]], FIELDS)
    output, report = tmp_path / "subjects.csv", tmp_path / "people.jsonl"
    await load_persons(lender, people, output, report=report)
    values = write(people.with_name("values.csv"), [[*row(7)[:3], 876543210123, 600, 1], [one.mobile_no, *row(7)[1:]]])
    await load(lender, values)
    said = caplog.text.encode() + output.read_bytes() + report.read_bytes()
    kept = said + database_files(tmp_path)
    if not lender.database.is_sqlite:
        kept += await dump(lender)
    assert len(kept) > 10_000
    assert [canary for canary in canaries() if canary in kept] == []


async def test_what_was_loaded_is_read_through_the_gate(lender: World, tmp_path: Path, database_url: str) -> None:
    [subject] = await register(lender, [1])
    await lender.give(subject.ref)
    await load(lender, write(tmp_path / "values.csv", [row(1)]))
    gate, store = await open_gate(database_url, lender.database, lender.keys, EmbeddedEngine())
    call = ReadCall(
        TENANT, "scoring", "credit_scoring", "cash_loan", (subject.ref,), ("behaviour:limit", "behaviour:orders")
    )
    [answer] = (await gate.read(call)).subjects
    await gate.close()
    await store.close()
    assert answer.outcome is Outcome.released
    assert answer.values == (1001, "[0,10)")


async def dump(lender: World) -> bytes:
    """Every row of every table, bytes as they are."""
    parts: list[bytes] = []
    async with lender.database.reading() as tx:
        for table in SQLModel.metadata.sorted_tables:
            for found in await tx.connection.execute(select(table)):
                parts += [cell if isinstance(cell, bytes) else str(cell).encode() for cell in found]
    return b"\n".join(parts)
