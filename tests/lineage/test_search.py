"""Auditors' questions: the same answers as a plain filter gives, page by page, each by way of an index."""

import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import insert, text

from api.database import Database
from lineage import (
    COLUMNS,
    Actor,
    CursorInvalidError,
    EntryDraft,
    EntryNotFoundError,
    EntryTemplate,
    FeatureOutcome,
    FilterInvalidError,
    Kind,
    LedgerFilter,
    Mode,
    Moment,
    Outcome,
    Role,
    Shape,
    append,
    build_entry,
    ensure_shapes,
    find_entry,
    queried,
    search,
    shape_documents,
)
from lineage.store.search import _Statement
from lineage.tables import LedgerEntry
from tests.lineage import world
from tests.lineage.world import MAC, NOW

ENTRIES = LedgerEntry.metadata.tables["ledger_entries"]
FIELDS = ("overdue_days", "monthly_income", "mobile_model")


def _templates() -> list[EntryTemplate]:
    made = []
    for client in ("scoring", "marketing"):
        for purpose in ("credit_assessment", "collection"):
            for released in (FIELDS, FIELDS[:2], ()):
                outcomes = [
                    FeatureOutcome(
                        f"v:{f}", (f,), "flag" if f in released else None, () if f in released else ("NO_GRANT",)
                    )
                    for f in FIELDS[: 2 if purpose == "collection" else 3]
                ]
                mode = Mode.DRY_RUN if client == "marketing" and released == FIELDS else Mode.RELEASE
                context = replace(world.CONTEXT, client=client, purpose=purpose, mode=mode)
                made.append(EntryTemplate.of(context, Shape.of("bank", outcomes), facts="3" * 64))
    return made


def _drafts(chance: random.Random, count: int, subjects: int) -> Iterator[tuple[EntryDraft, EntryTemplate | None]]:
    templates = _templates()
    for number in range(subjects):
        yield world.given(world.subject(number), number), None
    for _ in range(count):
        number = chance.randrange(subjects)
        kind = chance.random()
        if kind < 0.05:
            yield world.withdrawn(world.subject(number), number), None
        elif kind < 0.08:
            yield chance.choice([world.purpose(), world.party()]), None
        elif kind < 0.12:
            template = chance.choice(templates)
            yield template.draft(None, consent_version=None, grants=(), commitment=None), template
        else:
            template = chance.choice(templates)
            grants = [(world.grant_id(number), 1)]
            yield template.draft(world.subject(number), consent_version=1, grants=grants, commitment=None), template


async def _fill(database: Database, count: int = 600, subjects: int = 20, seed: int = 7) -> list[dict[str, Any]]:
    """Write a mixed ledger of two tenants; returns the bank's bodies with their ids, oldest first."""
    chance = random.Random(seed)  # noqa: S311 - test data
    rows, shapes, heads, us = [], {}, {}, 0
    for draft, template in _drafts(chance, count, subjects):
        if template is not None:
            shapes[template.shape.digest] = template.shape
        us += chance.choice([0, 0, 1, 1_000_000])
        seq = heads[draft.stream] = heads.get(draft.stream, 0) + 1
        entry = build_entry(draft, seq=seq, moment=Moment.of(NOW + timedelta(microseconds=us)), mac=MAC)
        rows.append(dict(zip(COLUMNS, entry.row(), strict=True)))
    async with database.transaction() as tx:
        await tx.connection.execute(insert(ENTRIES), rows)
        await ensure_shapes(tx.connection, shapes.values(), now=NOW + timedelta(days=1), mac=MAC)
        await append(tx.connection, [replace(world.party(), tenant="other")], now=NOW, mac=MAC)
    async with database.reading() as tx:
        found = await tx.connection.execute(
            text("SELECT id, body FROM ledger_entries WHERE tenant = 'bank' ORDER BY at_us, id")
        )
        return [{"id": row[0], **json.loads(row[1])} for row in found]


async def _all_pages(database: Database, asked: LedgerFilter, limit: int) -> list[int]:
    found: list[int] = []
    cursor = None
    while True:
        async with database.reading() as tx:
            page = await search(tx.connection, "bank", asked, cursor=cursor, limit=limit)
        assert len(page.entries) <= limit
        found += [entry.id for entry in page.entries]
        cursor = page.after
        if cursor is None:
            return found


def _fits(entry: dict[str, Any], asked: LedgerFilter) -> bool:
    names = ("subject", "client", "purpose", "kind", "outcome", "about")
    if any(getattr(asked, name) not in (None, entry[name]) for name in names):
        return False
    if asked.grant and asked.grant not in json.dumps(entry):
        return False
    if (asked.since and entry["at"] < Moment.of(asked.since).text) or (
        asked.until and entry["at"] >= Moment.of(asked.until).text
    ):
        return False
    wanted = asked.feature or (f"v:{asked.field}" if asked.field else None)
    if wanted is None:
        return True
    form = entry.get("features", {}).get(wanted)
    return isinstance(form, str) if asked.released_only else form is not None


def _random_filter(chance: random.Random) -> LedgerFilter:
    number = chance.randrange(21)
    parts: dict[str, Any] = {
        "subject": world.subject(number),
        "client": chance.choice(["scoring", "marketing", "nobody"]),
        "purpose": chance.choice(["credit_assessment", "collection", "nothing"]),
        "field": chance.choice([*FIELDS, "unheard_of"]),
        "feature": f"v:{chance.choice(FIELDS)}",
        "grant": world.grant_id(number),
        "about": chance.choice([world.grant_id(number), "bank_main"]),
        "outcome": chance.choice(list(Outcome)),
        "kind": chance.choice([Kind.READ, Kind.CONSENT_GIVEN, Kind.PARTY_REGISTERED, Kind.KEY_CREATED]),
        "since": NOW + timedelta(seconds=chance.randrange(150)),
        "until": NOW + timedelta(seconds=chance.randrange(150)),
    }
    chosen = chance.sample(sorted(parts), chance.choice([0, 1, 1, 1, 2, 2, 3]))
    if {"field", "feature"} <= set(chosen):
        chosen.remove("feature")
    released = bool({"field", "feature"} & set(chosen)) and chance.random() < 0.5
    return LedgerFilter(
        **{name: parts[name] for name in chosen}, released_only=released, newest_first=chance.random() < 0.5
    )


async def test_every_question_is_answered_as_a_plain_filter_would(database: Database) -> None:
    entries = await _fill(database)
    chance = random.Random(11)  # noqa: S311 - test data
    answered = 0
    for _ in range(150):
        asked = _random_filter(chance)
        expected = [entry["id"] for entry in entries if _fits(entry, asked)]
        if asked.subject or asked.grant:  # a stream has an order of its own
            expected.sort()
        found = await _all_pages(database, asked, limit=chance.choice([3, 50, 1000]) if len(expected) < 60 else 97)
        assert found == (expected[::-1] if asked.newest_first else expected), asked
        answered += len(expected) > 0
    assert answered > 50


async def test_pages_stay_put_while_entries_are_written(database: Database) -> None:
    await _fill(database, count=80)
    asked = LedgerFilter(client="scoring")
    before = await _all_pages(database, asked, limit=1000)
    async with database.reading() as tx:
        page = await search(tx.connection, "bank", asked, limit=10)
    async with database.transaction() as tx:
        late = [world.read(world.subject(1)), world.read(world.subject(2))]
        await append(tx.connection, late, now=NOW + timedelta(days=2), mac=MAC)
    seen = [entry.id for entry in page.entries]
    while page.after is not None:
        async with database.reading() as tx:
            page = await search(tx.connection, "bank", asked, cursor=page.after, limit=10)
        seen += [entry.id for entry in page.entries]
    assert seen == before


async def test_a_tampered_or_borrowed_cursor_is_refused(database: Database) -> None:
    await _fill(database, count=60)
    asked = LedgerFilter(kind=Kind.READ)
    async with database.reading() as tx:
        cursor = (await search(tx.connection, "bank", asked, limit=5)).after
        assert cursor is not None
        broken = [cursor[:-2], cursor + "A", "", "!", "é", cursor[::-1], "bnVsbA", "WzEsMl0"]
        broken.append(cursor[:-1] + ALPHABET[ALPHABET.index(cursor[-1]) ^ 1])  # the same bytes, written otherwise
        broken += [cursor[:place] + ("A" if cursor[place] != "A" else "B") + cursor[place + 1 :] for place in range(9)]
        for tampered in broken:
            with pytest.raises(CursorInvalidError):
                await search(tx.connection, "bank", asked, cursor=tampered)
        with pytest.raises(CursorInvalidError):
            await search(tx.connection, "other", asked, cursor=cursor)
        with pytest.raises(CursorInvalidError):
            await search(tx.connection, "bank", replace(asked, client="scoring"), cursor=cursor)


async def test_another_tenants_entries_are_never_found(database: Database) -> None:
    await _fill(database, count=30)
    async with database.reading() as tx:
        (foreign,) = (await search(tx.connection, "other", LedgerFilter())).entries
        for asked in (
            LedgerFilter(subject=world.subject(1)),
            LedgerFilter(grant=world.grant_id(1)),
            LedgerFilter(field=FIELDS[0]),
        ):
            assert (await search(tx.connection, "other", asked)).entries == ()
        with pytest.raises(EntryNotFoundError, match=str(foreign.id)):
            await find_entry(tx.connection, "bank", foreign.id)
        assert (await find_entry(tx.connection, "other", foreign.id)).document["kind"] == "party.registered"


async def test_a_found_entry_names_a_shape_that_can_be_looked_up(database: Database) -> None:
    await _fill(database, count=30)
    async with database.reading() as tx:
        (entry, *_) = (await search(tx.connection, "bank", LedgerFilter(feature="v:overdue_days"))).entries
        shape = entry.document["shape"]
        documents = await shape_documents(tx.connection, "bank", [str(shape), "0" * 64])
    assert json.loads(documents[str(shape)])["features"]["v:overdue_days"]["fields"] == ["overdue_days"]
    assert list(documents) == [shape]


@pytest.mark.parametrize(
    "parts",
    [
        {"subject": "sub_" + "a" * 26},
        {"grant": "%"},
        {"released_only": True},
        {"since": NOW.replace(tzinfo=None)},
    ],
    ids=["subject", "grant", "released_only", "since"],
)
def test_a_question_that_cannot_be_meant_is_refused(parts: dict[str, Any]) -> None:
    with pytest.raises(FilterInvalidError):
        LedgerFilter(**parts)


async def test_a_page_has_a_limit(database: Database) -> None:
    async with database.reading() as tx:
        for limit in (0, 1001):
            with pytest.raises(FilterInvalidError):
                await search(tx.connection, "bank", LedgerFilter(), limit=limit)


def test_asking_is_drafted_as_an_entry_about_the_subject() -> None:
    asked = LedgerFilter(subject=world.subject(3), since=NOW)
    draft = queried("bank", Actor(Role.AUDITOR, "auditor_1"), asked, 12)
    assert (draft.kind, draft.about, draft.stream) == (Kind.LEDGER_QUERIED, world.subject(3), "tenant/bank")
    assert draft.parts["filter"] == {"subject": world.subject(3), "since": world.at(0), "newest_first": True}
    assert draft.parts["found"] == 12


def test_asking_with_a_free_text_is_refused_before_it_is_recorded() -> None:
    with pytest.raises(FilterInvalidError):
        queried("bank", Actor(Role.AUDITOR, "auditor_1"), LedgerFilter(client="13800138000"), 0)


ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
QUESTIONS: list[tuple[dict[str, Any], str]] = [
    ({"subject": world.subject(1)}, "stream_seq"),
    ({"grant": world.grant_id(1)}, "stream_seq"),
    ({"client": "scoring"}, "shape"),
    ({"purpose": "collection"}, "shape"),
    ({"field": "monthly_income"}, "shape"),
    ({"feature": "v:monthly_income", "released_only": True}, "shape"),
    ({"outcome": Outcome.DENIED}, "shape"),
    ({"kind": Kind.READ}, "shape"),
    ({"kind": Kind.PARTY_REGISTERED}, "kind"),
    ({"about": "bank_main"}, "about"),
    ({}, "at"),
]


async def _explain(database: Database, asked: LedgerFilter) -> str:
    stream = world.subject(1) if asked.subject or asked.grant else None
    key = ("seq",) if stream else ("at_us", "id")
    dialect = "sqlite" if database.is_sqlite else "postgresql"
    statement = _Statement(dialect, "bank", asked, stream, key, (5,) * len(key), 101).build()
    async with database.reading() as tx:
        compiled = statement.compile(tx.connection.sync_connection, compile_kwargs={"literal_binds": True})
        prefix = "EXPLAIN QUERY PLAN " if database.is_sqlite else "EXPLAIN "
        rows: Sequence[Any] = (await tx.connection.execute(text(prefix + str(compiled).replace(":", "\\:")))).all()
    return "\n".join(str(row[-1]) for row in rows)


async def test_every_question_walks_an_index(database: Database) -> None:
    await _fill(database, count=20_000, subjects=800)
    if not database.is_sqlite:
        async with database.transaction() as tx:
            await tx.connection.execute(text("ANALYZE"))
    for parts, index in QUESTIONS:
        for newest_first in (True, False):
            window = {"since": NOW, "until": NOW + timedelta(days=400)}
            plan = await _explain(database, LedgerFilter(**parts, **window, newest_first=newest_first))
            assert f"ledger_entries_{index}" in plan or (index == "stream_seq" and "sqlite_autoindex" in plan), plan
            assert "Seq Scan on ledger_entries" not in plan, (parts, plan)
            assert "SCAN ledger_entries" not in plan, (parts, plan)
            assert "SCAN f" not in plan.split("\n"), (parts, plan)
