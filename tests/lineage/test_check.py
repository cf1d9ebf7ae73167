"""The check finds every change of a byte, a row, an order, and every release that was not justified."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import insert, text

from api.database import Database
from lineage import (
    CheckReport,
    EntryDraft,
    FaultCode,
    Kind,
    LedgerFilter,
    Mode,
    append,
    check,
    check_bodies,
    check_rows,
    count_entries,
    ensure_shapes,
    queried,
)
from lineage.tables import LedgerEntry, LedgerShape
from tests.lineage import world
from tests.lineage.world import FIELDS, MAC, NOW, at, grant, opening, read

WHO, OTHER = world.subject(1), world.subject(2)
G1, G2 = world.grant_id(1), world.grant_id(2)


def _codes(*drafts: EntryDraft, after_s: float = 1, book: world.Book | None = None) -> list[FaultCode]:
    rows = (book or opening()).write(*drafts, after_s=after_s).rows
    return [fault.code for fault in check_rows(rows, check_mac=world.check_mac).faults]


def test_a_justified_history_is_sound() -> None:
    rows = (
        opening()
        .write(world.given(WHO), world.given(OTHER, 2, max_form="flag"))
        .write(read(WHO), read(OTHER, grants=((G2, 1),), form="flag"), read(None, form=None, grants=()))
        .write(read(WHO, mode=Mode.DRY_RUN, form="plain", grants=()), read(WHO, form=None, grants=()))
        .write(world.withdrawn(WHO), read(WHO, form=None, grants=(), version=2))
        .rows
    )
    report = check_rows(rows, check_mac=world.check_mac)
    # A dry run needs a shape of its own: the outcome is part of it.
    assert [fault.code for fault in report.faults] == [FaultCode.SHAPE_UNKNOWN]
    assert (report.entries, report.reads, report.released, report.shapes, report.grants) == (len(rows), 6, 2, 5, 2)


@pytest.mark.parametrize(
    ("drafts", "code"),
    [
        ([read(WHO)], FaultCode.READ_VERSION),
        ([world.given(WHO), world.withdrawn(WHO), read(WHO, version=2, grants=((G1, 2),))], FaultCode.GRANT_NOT_LIVE),
        ([world.given(WHO), world.withdrawn(WHO), read(WHO, version=2)], FaultCode.GRANT_VERSION),
        ([world.given(WHO), read(WHO, grants=())], FaultCode.UNCOVERED),
        ([world.given(WHO, fields=[FIELDS[0]]), read(WHO)], FaultCode.UNCOVERED),
        ([world.given(WHO, max_form="flag"), read(WHO)], FaultCode.UNCOVERED),
        ([world.given(OTHER), world.given(WHO, 2), read(WHO)], FaultCode.GRANT_UNKNOWN),
        ([world.given(WHO, starts=at(2)), read(WHO)], FaultCode.GRANT_NOT_LIVE),
        ([world.given(WHO, expires=at(1)), read(WHO)], FaultCode.GRANT_NOT_LIVE),
        ([world.given(WHO, purpose="collection"), read(WHO)], FaultCode.GRANT_OTHER),
        ([world.given(WHO, recipient="bureau"), read(WHO)], FaultCode.GRANT_OTHER),
        ([world.given(WHO, material="sha256:" + "9" * 64), read(WHO)], FaultCode.GRANT_STALE),
        ([world.purpose(is_new=False, revision=2), world.given(WHO), read(WHO)], FaultCode.GRANT_STALE),
        ([world.notice(material="sha256:" + "9" * 64), world.given(WHO), read(WHO)], FaultCode.GRANT_STALE),
        ([world.purpose(is_new=False, status="inactive"), world.given(WHO), read(WHO)], FaultCode.BASIS),
        ([world.given(WHO), read(WHO, basis="contract")], FaultCode.BASIS),
        ([world.given(WHO), read(WHO, purpose="collection")], FaultCode.BASIS),
        ([world.purpose(is_new=False, fields=[FIELDS[0]]), world.given(WHO), read(WHO)], FaultCode.CEILING),
        ([world.purpose(is_new=False, max_form="flag"), world.given(WHO), read(WHO)], FaultCode.CEILING),
        ([world.client(max_form="flag"), world.given(WHO), read(WHO)], FaultCode.CEILING),
        ([world.client(status="suspended"), world.given(WHO), read(WHO)], FaultCode.CLIENT),
        ([world.client(purposes=[]), world.given(WHO), read(WHO)], FaultCode.CLIENT),
        ([world.given(WHO, recipient="bureau"), read(WHO, party="bureau")], FaultCode.CLIENT),
        ([world.given(WHO), read(WHO, client="unregistered")], FaultCode.SHAPE_UNKNOWN),
        ([read(None)], FaultCode.NO_SUBJECT),
    ],
)
def test_an_unjustified_release_is_found(drafts: list[EntryDraft], code: FaultCode) -> None:
    assert code in _codes(*drafts) or code in _codes(*_shapes(drafts), *drafts)


def _shapes(drafts: list[EntryDraft]) -> list[EntryDraft]:
    """Record the shapes of reads that are not of the opening, so that the read itself is judged."""
    asked = [(str(draft.client), str(draft.purpose)) for draft in drafts if draft.kind is Kind.READ]
    made = [replace(world.shape(), digest="").bound(*pair, world.Outcome.RELEASED) for pair in asked]
    known = world.shape().digest
    return world.recorded(*(shape for shape in made if shape.digest != known))


def test_an_outcome_that_does_not_follow_is_found() -> None:
    said = read(WHO)
    lying = replace(said, parts={**said.parts, "unknown_features": 2})
    assert _codes(world.given(WHO), lying) == [FaultCode.OUTCOME]
    assert _codes(world.given(WHO), replace(said, parts={**said.parts, "mode": "stealth"})) == [FaultCode.OUTCOME]


def test_an_entry_without_a_stream_or_a_place_is_found() -> None:
    entry = json.loads(str(STORY[0][13]))
    for changed in ({**entry, "stream": None}, {**entry, "seq": "1"}):
        body = json.dumps(changed, sort_keys=True, separators=(",", ":")).encode()
        assert [fault.code for fault in check_bodies([body]).faults] == [FaultCode.MALFORMED]


@pytest.mark.parametrize(
    "instant",
    ["2026-11-23 02:00:00.000000Z", "2026-W48-1T02:00:00.000000Z", "2026-11-31T02:00:00.000000Z", "now", None],
)
def test_an_instant_written_otherwise_is_found(instant: object) -> None:
    for row in (STORY[0], STORY[-2]):
        entry = {**json.loads(str(row[13])), "at": instant, "seq": 1}
        body = json.dumps(entry, sort_keys=True, separators=(",", ":")).encode()
        assert FaultCode.MALFORMED in {fault.code for fault in check_bodies([body]).faults}


def test_another_lawful_basis_needs_no_grant_but_its_registration() -> None:
    contract = world.purpose(is_new=False, basis="contract")
    assert _codes(contract, read(WHO, basis="contract", grants=(), version=0)) == []


def test_two_grants_cover_together() -> None:
    first, second = world.given(WHO, 1, fields=[FIELDS[0]]), world.given(WHO, 2, fields=[FIELDS[1]])
    second = replace(second, parts={**second.parts, "consent_version": 2})
    assert _codes(first, second, read(WHO, version=2, grants=((G1, 1), (G2, 1)))) == []


@pytest.mark.parametrize(
    ("drafts", "code"),
    [
        ([world.withdrawn(WHO)], FaultCode.CONSENT_VERSION),
        ([world.given(WHO), world.withdrawn(WHO), world.withdrawn(WHO, version=3)], FaultCode.CONSENT_TRANSITION),
        ([world.given(WHO), world.withdrawn(WHO, version=3)], FaultCode.CONSENT_TRANSITION),
        ([world.given(WHO), world.withdrawn(WHO, max_form="bucket")], FaultCode.CONSENT_TRANSITION),
        ([world.given(WHO), world.withdrawn(WHO, fields=[])], FaultCode.CONSENT_TRANSITION),
        ([world.given(WHO), world.given(WHO)], FaultCode.CONSENT_TRANSITION),
        ([world.given(WHO, version=2)], FaultCode.CONSENT_TRANSITION),
        ([world.given(WHO, max_form="naked")], FaultCode.CONSENT_MALFORMED),
        ([replace(world.given(WHO), parts={"consent_version": 1})], FaultCode.CONSENT_MALFORMED),
        ([replace(world.given(WHO), about=G2)], FaultCode.CONSENT_TRANSITION),
        ([replace(world.purpose(), parts={"name": "credit_assessment"})], FaultCode.CONFIG_MALFORMED),
        ([replace(world.recorded(world.shape())[0], about="0" * 64)], FaultCode.SHAPE_MALFORMED),
        ([replace(world.recorded(world.shape())[0], parts={})], FaultCode.SHAPE_MALFORMED),
    ],
)
def test_a_broken_history_is_found(drafts: list[EntryDraft], code: FaultCode) -> None:
    assert code in _codes(*drafts)


def test_the_life_of_a_grant_is_legal_step_by_step() -> None:
    steps = [
        (Kind.CONSENT_PAUSED, {}),
        (Kind.CONSENT_RESUMED, {}),
        (Kind.CONSENT_FIELD_WITHDRAWN, {"fields": [FIELDS[0]]}),
        (Kind.CONSENT_EXPIRED, {"fields": [FIELDS[0]]}),
    ]
    drafts = [world.given(WHO)]
    for version, (kind, changes) in enumerate(steps, 2):
        drafts.append(world.consent(kind, WHO, grant(version=version, **changes), version))
    band = EntryDraft(Kind.SUBJECT_AGE_BAND_SET, "bank", world.STEWARD, subject=WHO, parts={"consent_version": 6})
    refused = world.consent(Kind.CONSENT_REFUSED, WHO, grant(2), 7)
    assert _codes(*drafts, band, refused) == []


def _story() -> world.Book:
    book = opening().write(world.given(WHO), world.given(OTHER, 2))
    book.write(*(read(WHO) if number % 3 else read(OTHER, grants=((G2, 1),)) for number in range(9)), after_s=1)
    book.write(world.withdrawn(WHO), read(WHO, form=None, grants=(), version=2), read(None, form=None, grants=()))
    return book.write(queried("bank", world.DPO, LedgerFilter(client="scoring", kind=Kind.READ), 3))


STORY = _story().rows


@given(st.data())
@settings(max_examples=300, deadline=None)
def test_any_changed_byte_of_a_body_is_found(data: st.DataObject) -> None:
    row = data.draw(st.integers(0, len(STORY) - 1))
    body = str(STORY[row][13])
    place = data.draw(st.integers(0, len(body) - 1))
    byte = data.draw(st.characters(min_codepoint=1, max_codepoint=0x4E8C).filter(lambda c: c != body[place]))
    tampered = [*STORY]
    tampered[row] = (*STORY[row][:13], body[:place] + byte + body[place + 1 :], *STORY[row][14:])
    found = check_rows(tampered, check_mac=world.check_mac)
    assert any(fault.entry == STORY[row][0] for fault in found.faults)


@given(st.integers(0, len(STORY) - 1), st.integers(0, 15), st.sampled_from([None, "x", 7, b"x" * 32, 7.5]))
@settings(max_examples=200, deadline=None)
def test_any_changed_column_is_found(row: int, column: int, value: object) -> None:
    if STORY[row][column] == value:
        return
    tampered = [*STORY]
    tampered[row] = (*STORY[row][:column], value, *STORY[row][column + 1 :])
    assert not check_rows(tampered, check_mac=world.check_mac).is_sound


@given(st.integers(0, len(STORY) - 2))
def test_a_deleted_row_in_the_middle_of_its_stream_is_found(row: int) -> None:
    later = {entry[2] for entry in STORY[row + 1 :]}
    if STORY[row][2] in later:
        assert not check_rows(STORY[:row] + STORY[row + 1 :], check_mac=world.check_mac).is_sound


@given(st.integers(0, len(STORY) - 2), st.integers(0, len(STORY) - 1))
def test_swapped_and_repeated_rows_are_found(first: int, second: int) -> None:
    if first == second:
        return
    swapped = [*STORY]
    swapped[first], swapped[second] = (
        (STORY[first][0], *STORY[second][1:]),
        (STORY[second][0], *STORY[first][1:]),
    )
    same_stream = STORY[first][2] == STORY[second][2]
    report = check_rows(swapped, check_mac=world.check_mac)
    assert not (same_stream and report.is_sound)
    assert not check_rows([*STORY, (len(STORY) + 1, *STORY[first][1:])], check_mac=world.check_mac).is_sound


def test_a_rewritten_entry_with_its_digest_made_anew_is_found_by_its_mac() -> None:
    book = _story()
    forged = world.Book().write(world.party()).rows[0]
    rows = [(1, *forged[1:15], b"\x00" * 32), *book.rows[1:]]
    assert [fault.code for fault in check_rows(rows, check_mac=world.check_mac).faults] == [FaultCode.MAC]
    assert check_rows(rows).is_sound


@pytest.mark.parametrize(
    "change",
    [
        lambda body: {**body, "note": "x"},
        lambda body: {**body, "epoch": 3.0},
        lambda body: {**body, "v": 2},
        lambda body: {name: part for name, part in body.items() if name != "mode"},
        lambda body: {**body, "party": "银行"},
    ],
    ids=["extra", "float", "version", "missing", "chinese"],
)
def test_a_read_of_another_form_is_refused(change: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    rows = [*STORY]
    body = json.dumps(change(json.loads(str(rows[-2][13]))), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    report = check_bodies([*(str(row[13]).encode() for row in rows[:-2]), body.encode()])
    assert {fault.code for fault in report.faults} & {FaultCode.MALFORMED, FaultCode.NOT_CANONICAL}


def test_bodies_alone_are_checked_as_rows_are() -> None:
    assert check_bodies(str(row[13]).encode() for row in STORY).is_sound
    assert not check_bodies(str(row[13]).encode() for row in reversed(STORY)).is_sound


@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b"\xff", b'{"v":1}', b'{"a":1,"kind":"read","v":1}'])
def test_what_is_no_entry_is_named(body: bytes) -> None:
    assert [fault.code for fault in check_bodies([body]).faults] == [FaultCode.MALFORMED]


def test_progress_is_told_and_faults_are_bounded() -> None:
    told: list[int] = []
    rows = [(number, *STORY[0][1:]) for number in range(1, 9001)]
    report = check_rows(rows, progress=told.append)
    assert told == [4096, 8192, 9000]
    assert (report.fault_count, len(report.faults)) == (8999, 1000)


async def _write(database: Database) -> None:
    drafts = [world.party(), world.purpose(), world.client(), world.notice()]
    async with database.transaction() as tx:
        await append(tx.connection, drafts, now=NOW, mac=MAC)
        await ensure_shapes(tx.connection, [world.shape(), world.shape(None)], now=NOW, mac=MAC)
        await append(tx.connection, [world.given(WHO), read(WHO), read(WHO)], now=NOW, mac=MAC)


async def _check(database: Database, **options: Any) -> CheckReport:
    async with database.reading() as tx:
        return await check(tx.connection, check_mac=world.check_mac, **options)


async def test_a_database_is_checked_in_one_pass(database: Database) -> None:
    await _write(database)
    told: list[int] = []
    report = await _check(database, progress=told.append)
    assert report.is_sound, report.faults
    assert (report.entries, report.released, told) == (9, 2, [9])
    async with database.reading() as tx:
        assert await count_entries(tx.connection) == await count_entries(tx.connection, "bank") == 9
        assert await count_entries(tx.connection, "other") == 0
    assert (await _check(database, tenant="bank")).is_sound
    assert (await _check(database, tenant="other")).entries == 0


async def test_a_row_changed_behind_the_triggers_is_found(database: Database) -> None:
    await _write(database)
    async with database.transaction() as tx:
        drop = ["DROP TRIGGER ledger_entries_no_update"]
        if not database.is_sqlite:
            drop = ["ALTER TABLE ledger_entries DISABLE TRIGGER ledger_entries_append_only"]
        for statement in [*drop, "UPDATE ledger_entries SET client = 'nobody' WHERE kind = 'read' AND seq = 2"]:
            await tx.connection.execute(text(statement))
    faults = (await _check(database)).faults
    assert [fault.code for fault in faults] == [FaultCode.COLUMNS]


async def test_a_shape_that_was_never_recorded_is_found(database: Database) -> None:
    await _write(database)
    made = world.shape("flag")
    values = {
        "tenant": "bank", "shape": made.digest, "client": "scoring", "purpose": "collection",
        "outcome": "released", "body": "{}",
    }  # fmt: skip
    async with database.transaction() as tx:
        await tx.connection.execute(insert(LedgerShape.metadata.tables["ledger_shapes"]), values)
    assert [fault.code for fault in (await _check(database)).faults] == [FaultCode.SHAPE_INDEX]


async def test_a_row_with_no_body_is_named(tmp_path: object) -> None:
    report = check_rows([(1, *STORY[0][1:13], None, *STORY[0][14:])])
    assert [fault.code for fault in report.faults] == [FaultCode.MALFORMED]
    assert LedgerEntry.metadata.tables["ledger_entries"].c.body.nullable is False
