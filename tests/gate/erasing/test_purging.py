"""Values past their retention leave the database; what a law has kept stays as long as it says."""

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from api.ends import Ends, EndsFile
from api.usecases.ending import Job, purge_values
from api.usecases.ending import Office as Offices
from catalog.retention import Retention, RetentionCode
from consent import SubjectId, find_subject
from gate.erasing import purging
from gate.erasing.purging import lives
from gate.facts import DAY_US
from tests.gate.erasing.world import DPO, Office
from tests.world import TENANT, World


def offices(lender: World, folder: Path) -> Offices:
    return Offices(lender.database, lender.keys, Ends(EndsFile(folder / "ends.jsonl")), DPO)


async def segments(lender: World) -> dict[str, int]:
    async with lender.database.reading() as tx:
        rows = await tx.connection.execute(text("SELECT segment, count(*) FROM gate_values GROUP BY segment"))
        return {row[0]: row[1] for row in rows}


def test_a_segment_lives_as_long_as_its_shortest_field_and_no_shorter_than_a_law_has_it_kept(lender: World) -> None:
    found = {life.us // DAY_US for life in lives(lender.catalog, TENANT).values()}
    for name, life in lives(lender.catalog, TENANT).items():
        view = lender.catalog.view(TENANT, life.view)
        fields = {field for feature in view.features if feature.segment == name for field in feature.fields}
        rules = [lender.catalog.field(field).retention for field in fields]
        assert life.us // DAY_US >= min(rule.days for rule in rules if rule.days is not None)
        assert life.us // DAY_US >= max((rule.hold_days or 0 for rule in rules), default=0)
    assert found
    assert Retention.by(RetentionCode.AML10).hold_days == 3653


async def test_what_is_past_its_retention_goes_and_the_rest_stays(
    office: Office, lender: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(purging, "PAGE", 7)  # several pages, also with few people
    async with lender.database.reading() as tx:
        now = tx.now
    ends = lives(lender.catalog, TENANT)
    shortest = min(ends.values(), key=lambda life: life.us)
    old = await lender.add_subjects(5, observed=now - timedelta(microseconds=shortest.us) - timedelta(hours=1))
    fresh = await lender.add_subjects(3, observed=now - timedelta(days=1))
    due = {name for name, life in ends.items() if life.us == shortest.us}
    before = await segments(lender)
    desk = offices(lender, tmp_path)
    assert dict((await purge_values(desk, Job(TENANT, dry_run=True))).removed) == dict.fromkeys(due, len(old))
    assert await segments(lender) == before
    seen: list[int] = []
    done = await purge_values(desk, Job(TENANT, on_progress=seen.append))
    assert dict(done.removed) == dict.fromkeys(due, len(old))
    assert seen == sorted(seen)
    assert seen[-1] >= 7
    assert await segments(lender) == {name: len(fresh) if name in due else count for name, count in before.items()}
    assert not (await purge_values(desk, Job(TENANT))).removed, "again, there is nothing left"
    async with lender.database.reading() as tx:
        kinds = await tx.connection.execute(text("SELECT about FROM ledger_entries WHERE kind = 'values.purged'"))
        assert set(kinds.scalars()) == {"behaviour"}
        newest = await find_subject(tx.connection, SubjectId(TENANT, fresh[0]))
        left = await find_subject(tx.connection, SubjectId(TENANT, old[0]))
    assert newest.oldest_observed == now - timedelta(days=1)
    assert left.oldest_observed is not None
    assert await office.faults() == []


async def test_a_person_without_values_left_has_no_oldest_one(lender: World, tmp_path: Path) -> None:
    async with lender.database.reading() as tx:
        now = tx.now
    (ref,) = await lender.add_subjects(1, values={"orders": 3}, observed=now - timedelta(days=20_000))
    assert (await purge_values(offices(lender, tmp_path), Job(TENANT))).removed.total() == 1
    async with lender.database.reading() as tx:
        assert (await find_subject(tx.connection, SubjectId(TENANT, ref))).oldest_observed is None
