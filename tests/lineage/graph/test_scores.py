"""Scores rest on reads of their client about their subject; the ledger says so by itself."""

from dataclasses import replace

import pytest
from sqlalchemy import text

from api.database import Database
from lineage import find_entry
from lineage.errors import ReadUnusableError
from lineage.graph import (
    Batch,
    DecisionOutcome,
    Effect,
    NewDecision,
    NewScore,
    Reporter,
    ScoreFilter,
    ScoreReason,
    Stamp,
    decisions_of,
    feeding_reads,
    find_score,
    list_scores,
    reads_of,
    report,
)
from tests.lineage import world
from tests.lineage.graph.people import FIELDS, read, template
from tests.lineage.world import MAC, NOW

REPORTER = Reporter("bank", "scoring", "bank_main")
STAMP = Stamp(NOW, MAC)


def score(number: int, who: int, reads: tuple[int, ...]) -> NewScore:
    return NewScore(
        id=world._id("sc", number),
        subject=world.subject(who),
        model="limit_model",
        version="3.1",
        purpose="credit_assessment",
        product="cash_loan",
        automated=True,
        reads=reads,
        reasons=(ScoreReason("v:overdue_days", Effect.LOWERS),),
        sealed=b"sealed",
        commitment=b"\x05" * 32,
        key=1,
    )


def decision(number: int, of: NewScore, outcome: DecisionOutcome = DecisionOutcome.LIMIT) -> NewDecision:
    return NewDecision(world._id("cd", number), of.id, of.subject, of.purpose, outcome, automated=True)


async def test_a_score_names_its_reads_by_place_and_digest(database: Database) -> None:
    entries = [await read(database, 1, template()), await read(database, 1, template(FIELDS[:1]))]
    made = score(1, 1, tuple(reversed(entries)))
    async with database.transaction() as tx:
        done = await report(tx.connection, REPORTER, Batch([made], [decision(1, made)]), STAMP)
    async with database.reading() as tx:
        body = (await find_entry(tx.connection, "bank", done.scores[0])).document
        named = [await find_entry(tx.connection, "bank", entry) for entry in entries]
        decided = (await find_entry(tx.connection, "bank", done.decisions[0])).document
    assert body["kind"] == "score.reported"
    assert body["reads"] == [{"digest": each.digest.hex(), "seq": each.document["seq"]} for each in named]
    assert body["stream"] == world.subject(1)
    assert "value" not in body
    assert (decided["kind"], decided["decision"], decided["score"]) == ("credit.decided", "limit", made.id)


async def test_what_fed_a_score_is_answered_with_features_fields_and_grants(database: Database) -> None:
    entry = await read(database, 1, template(FIELDS[:2]), grant=7)
    made = score(1, 1, (entry,))
    async with database.transaction() as tx:
        await report(tx.connection, REPORTER, Batch([made], [decision(1, made)]), STAMP)
    async with database.reading() as tx:
        (fed,) = await feeding_reads(tx.connection, "bank", made.id)
        known = await find_score(tx.connection, "bank", made.id)
        decided = await decisions_of(tx.connection, "bank", [made.id])
        assert await reads_of(tx.connection, "bank", [made.id]) == {made.id: [entry]}
    assert fed.entry.id == entry
    assert fed.entry.document["grants"] == [{"id": world.grant_id(7), "version": 1}]
    assert [(use.feature, use.fields, use.form) for use in fed.features] == [
        ("v:monthly_income", ("monthly_income",), "flag"),
        ("v:overdue_days", ("overdue_days",), "flag"),
    ]
    assert (known.model, known.version, known.reasons) == (made.model, made.version, made.reasons)
    assert [each.outcome for each in decided[made.id]] == [DecisionOutcome.LIMIT]


@pytest.mark.parametrize("fault", ["absent", "of another person", "of another client", "denied", "purpose", "product"])
async def test_an_entry_that_is_no_such_read_is_refused(database: Database, fault: str) -> None:
    good = await read(database, 1, template())
    made = template(() if fault == "denied" else FIELDS, client="other" if fault == "of another client" else "scoring")
    bad = 999 if fault == "absent" else await read(database, 2 if fault == "of another person" else 1, made)
    wanted = score(1, 1, (good, bad))
    if fault in {"purpose", "product"}:
        wanted = replace(score(1, 1, (good,)), **{fault: "other"})
    with pytest.raises(ReadUnusableError) as refused:
        async with database.transaction() as tx:
            await report(tx.connection, REPORTER, Batch([score(0, 1, (good,)), wanted]), STAMP)
    assert refused.value.places == ((1, 0 if fault in {"purpose", "product"} else 1),)
    async with database.reading() as tx:
        left = (await tx.connection.execute(text("SELECT count(*) FROM lineage_scores"))).scalar_one()
    assert left == 0


async def test_scores_are_listed_newest_first_page_by_page(database: Database) -> None:
    entries = {who: await read(database, who, template()) for who in (1, 2)}
    made = [score(number, 1 + number % 2, (entries[1 + number % 2],)) for number in range(9)]
    async with database.transaction() as tx:
        await report(tx.connection, REPORTER, Batch(made), STAMP)
    async with database.reading() as tx:
        for asked in (ScoreFilter(), ScoreFilter(subject=world.subject(2)), ScoreFilter(model="limit_model")):
            seen: list[str] = []
            after = None
            while page := await list_scores(tx.connection, "bank", asked, after=after, limit=2):
                seen += [each.id for each in page]
                after = (page[-1].at_us, page[-1].id)
            wanted = [each.id for each in made if asked.subject in (None, each.subject)]
            assert seen == sorted(wanted, reverse=True)
        assert await list_scores(tx.connection, "other", ScoreFilter(), after=None, limit=5) == []
