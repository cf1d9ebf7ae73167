"""A recorded decision can be made again from what was kept; whatever keeps it from coming out the same is flagged."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest
from sqlalchemy import text

from api.cli.candidates import candidate
from api.gates import open_gate
from consent import SubjectId, WithdrawAll, WithdrawField
from gate import Gate, Mode, PolicyUnavailableError
from gate.engines import Bundle, EmbeddedEngine, load_bundle
from gate.replaying import Replayed, Replayer, Verdict, recorded
from gate.replaying.previewing import Preview, preview
from gate.tables import CALLS, FACTS, POLICIES
from lineage import Window, read_page
from lineage.store.reads import _inside
from tests.gate.asking import ask, watched_gate
from tests.gate.engines_amiss import FailingEngine
from tests.owner import Owner
from tests.world import TENANT, World

SOURCES = Path(__file__).parents[2] / "policies"


@pytest.fixture
def owner(database_url: str) -> Owner:
    return Owner(database_url)


@pytest.fixture
async def real(database_url: str, lender: World, engine: EmbeddedEngine) -> AsyncIterator[Gate]:
    gate, store = await open_gate(database_url, lender.database, lender.keys, engine)
    yield gate
    await gate.close()
    await store.close()


async def lived(lender: World, gate: Gate) -> None:
    """Reads of every outcome: released, partial, denied, explained, of strangers, of unknown features."""
    full, part, none = await lender.add_subjects(3)
    await lender.give(full)
    await lender.give(part)
    await lender.act("withdraw", SubjectId(TENANT, part), WithdrawField("zhima_score", None))
    stranger = "sub_" + "x" * 26
    await gate.read(ask(full, part, none, stranger))
    await gate.read(ask(full, part, mode=Mode.dry_run))
    await gate.read(ask(full, features=("behaviour:orders", "behaviour:nothing")))
    await gate.read(ask(full, client="partner_scoring"))
    await lender.act("withdraw", SubjectId(TENANT, full), WithdrawAll())
    await gate.read(ask(full))


async def replay(lender: World, window: Window | None = None) -> list[Replayed]:
    replayer = Replayer()
    async with lender.database.snapshot() as tx:
        page = await read_page(tx.connection, window or Window())
        found = await replayer.replay(tx.connection, [recorded(row[1], msgspec.json.decode(row[2])) for row in page])
    await replayer.close()
    return found


async def test_every_decision_comes_out_as_it_was_recorded(lender: World, real: Gate) -> None:
    await lived(lender, real)
    found = await replay(lender)
    assert len(found) == 9
    assert Counter(each.verdict for each in found) == {Verdict.SAME: 9}
    assert all(feature.agrees and feature.after == feature.before for each in found for feature in each.features)


async def test_facts_are_kept_once_for_each_situation(lender: World, real: Gate, owner: Owner) -> None:
    refs = await lender.add_subjects(20)
    for ref in refs:
        await lender.give(ref)
    for _ in range(3):
        await real.read(ask(*refs))
    assert await owner.run("SELECT count(*) FROM gate_facts") == [(1,)]
    assert await owner.run("SELECT count(*) FROM gate_calls") == [(1,)]
    assert await owner.run("SELECT count(*) FROM gate_policies") == [(1,)]
    documents = str(
        await owner.run("SELECT subject FROM gate_facts") + await owner.run("SELECT document FROM gate_calls")
    )
    assert not any(ref in documents for ref in refs)
    assert "gr_" not in documents


@pytest.mark.parametrize(
    ("statement", "verdict"),
    [
        ("DELETE FROM gate_facts", Verdict.FACTS_MISSING),
        ("DELETE FROM gate_policies", Verdict.POLICY_MISSING),
        ("DELETE FROM catalog_current", Verdict.SAME),
    ],
)
async def test_what_is_not_kept_any_more_is_flagged(
    lender: World, real: Gate, owner: Owner, statement: str, verdict: Verdict
) -> None:
    await lived(lender, real)
    await owner.run(statement)
    assert {each.verdict for each in await replay(lender)} == {verdict}


async def test_what_was_exchanged_is_flagged_and_not_used(lender: World, real: Gate, owner: Owner) -> None:
    await lived(lender, real)
    for table, name, verdict in (
        (FACTS, "subject", Verdict.FACTS_TAMPERED),
        (FACTS, "call", Verdict.FACTS_TAMPERED),
        (CALLS, "document", Verdict.FACTS_TAMPERED),
        (POLICIES, "module", Verdict.POLICY_TAMPERED),
        (POLICIES, "data", Verdict.POLICY_TAMPERED),
    ):
        before = await owner.copy(table, "1 = 1")
        key = next(iter(table.primary_key.columns)).name
        smallest = f"{key} = (SELECT min({key}) FROM {table.name})"  # noqa: S608
        await owner.change(table.c[name], smallest)
        assert verdict in {each.verdict for each in await replay(lender)}, name
        await owner.put_back(table, "1 = 1", before)
    # Facts that are whole, under the digest of others: the digest gives them away.
    await owner.run("UPDATE gate_facts SET subject = (SELECT max(subject) FROM gate_facts)")
    assert Verdict.FACTS_TAMPERED in {each.verdict for each in await replay(lender)}


async def test_an_entry_that_says_something_else_is_different(lender: World, real: Gate) -> None:
    await lived(lender, real)
    async with lender.database.snapshot() as tx:
        rows = await read_page(tx.connection, Window())
        bodies = [(row[1], msgspec.json.decode(row[2])) for row in rows]
    released = next((entry, body) for entry, body in bodies if body["outcome"] == "released")
    denied = next((entry, body) for entry, body in bodies if body["outcome"] == "denied")
    forged = {**released[1], "facts": denied[1]["facts"]}
    fewer = {**released[1], "grants": []}
    shape = {**released[1], "features": {**released[1]["features"], "behaviour:limit": "flag"}}
    replayer = Replayer()
    async with lender.database.snapshot() as tx:
        found = await replayer.replay(
            tx.connection, [recorded(released[0], each) for each in (forged, fewer, shape, released[1])]
        )
    await replayer.close()
    assert [each.verdict for each in found] == [
        Verdict.DIFFERENT,
        Verdict.DIFFERENT,
        Verdict.SHAPE_DIFFERS,
        Verdict.SAME,
    ]


async def test_what_the_service_withheld_is_told_from_what_the_policy_did(
    lender: World, real: Gate, owner: Owner, database_url: str, engine: EmbeddedEngine
) -> None:
    keyless, tampered, undecided = await lender.add_subjects(3)
    for ref in (keyless, tampered, undecided):
        await lender.give(ref)
    await owner.run("DELETE FROM vault_subject_keys WHERE subject = $1", keyless)
    await owner.run("UPDATE consent_grants SET state = 'paused' WHERE subject = $1", tampered)
    await real.read(ask(keyless))
    await real.read(ask(tampered))
    async with watched_gate(database_url, lender, FailingEngine(engine)) as (gate, _):
        with pytest.raises(PolicyUnavailableError):
            await gate.read(ask(undecided))
    found = await replay(lender)
    assert len(found) == 3
    assert all(feature.by_host for each in found for feature in each.features)
    assert [each.verdict for each in found[:2]] == [Verdict.SAME, Verdict.SAME]
    assert {feature.after for feature in found[0].features} == {"plain", "bucket"}


def changed(tmp_path: Path, old: str, new: str) -> Bundle:
    """The policy with one line of the consent rules changed."""
    folder = tmp_path / "policies"
    shutil.copytree(SOURCES, folder, ignore=shutil.ignore_patterns("compiled"))
    file = folder / "yumen" / "consent" / "consent.rego"
    source = file.read_text()
    assert old in source
    file.write_text(source.replace(old, new))
    return candidate(folder)


@pytest.fixture
def with_opa(opa: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("YUMEN_OPA", str(opa))


async def previewed(lender: World, bundle: Bundle, window: Window | None = None) -> Preview:
    async with lender.database.snapshot() as tx:
        return await preview(tx.connection, bundle, window or Window())


@pytest.mark.usefixtures("with_opa")
async def test_the_same_policy_would_change_nothing(lender: World, real: Gate, tmp_path: Path) -> None:
    await lived(lender, real)
    same = changed(tmp_path, 'grant.state == "live"', 'grant.state == "live"')
    assert same.revision == load_bundle().revision
    found = await previewed(lender, same)
    assert (found.reads, found.skipped, found.changes) == (9, 0, [])


@pytest.mark.usefixtures("with_opa")
async def test_a_stricter_policy_shows_what_would_no_longer_leave(lender: World, real: Gate, tmp_path: Path) -> None:
    await lived(lender, real)
    await lender.give(lender.subjects[0])
    await real.read(ask(lender.subjects[0]))
    strict = changed(tmp_path, 'grant.state == "live"', 'grant.state == "never"')
    found = await previewed(lender, strict)
    assert found.widenings == []
    row = next(
        each
        for each in found.changes
        if (each.change.feature, each.change.client) == ("behaviour:limit", "scoring") and each.change.before == "plain"
    )
    assert row.change.after.startswith("withheld (")
    assert row.change.purpose == "credit_scoring"
    assert row.reads == 5  # two subjects released and explained, and one again later
    assert row.subjects == 2
    assert found.changed_subjects == 2


@pytest.mark.usefixtures("with_opa")
async def test_a_wider_policy_shows_its_widenings_first(lender: World, real: Gate, tmp_path: Path) -> None:
    await lived(lender, real)
    wide = changed(tmp_path, 'grant.state == "live"', 'grant.state != "refused"')
    found = await previewed(lender, wide)
    assert found.changes[0].change.widens
    assert found.changes[0].change.before == "withheld (GRANT_WITHDRAWN)"
    assert {each.change.after for each in found.widenings} == {"plain", "bucket"}
    assert {each.subjects for each in found.widenings} == {1}
    nobody = await previewed(lender, wide, Window(TENANT, until_us=1))
    assert (nobody.reads, nobody.changes) == (0, [])
    elsewhere = await previewed(lender, wide, Window("other"))
    assert elsewhere.reads == 0


async def test_the_weighing_is_one_aggregate_that_walks_an_index(lender: World) -> None:
    window = Window(TENANT, 1, 2)
    async with lender.database.reading() as tx:
        if not lender.database.is_sqlite:
            await tx.connection.execute(text("SET LOCAL enable_seqscan = off"))
        compiled = [str(each.compile(compile_kwargs={"literal_binds": True})) for each in _inside(window)]
        condition = " AND ".join(compiled)
        prefix = "EXPLAIN QUERY PLAN" if lender.database.is_sqlite else "EXPLAIN"
        statement = f"{prefix} SELECT shape, count(*) FROM ledger_entries WHERE {condition} GROUP BY shape"  # noqa: S608
        plan = str((await tx.connection.execute(text(statement))).all())
    assert "ledger_entries_at" in plan or "ledger_entries_shape" in plan
