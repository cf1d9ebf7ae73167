"""Identifiers in fields that are not declared for them: refused with their row, or held back alone, never repeated."""

import json
from pathlib import Path

import pytest

from catalog import load_views
from gate.loading import GuardPolicy, LoadOptions
from tests.gate.loading.test_bad_rows import COLUMNS, GOOD, VIEWS
from tests.gate.loading.world import load, register, values_of, write
from tests.gate.people import made_up
from tests.world import World

PHONE = "13800138000"


@pytest.fixture
async def refs(lender: World) -> list[str]:
    """Two people of a lender whose view has a text."""
    views = lender.catalog.with_views("lender", [])
    lender.catalog = views.with_views("lender", load_views(VIEWS, "lender", catalog=views))
    return [each.ref for each in await register(lender, [1, 2])]


@pytest.fixture
def guarded(tmp_path: Path) -> Path:
    """A file that has a phone in the tier of the first."""
    bad = [*GOOD[:4], PHONE, *GOOD[5:]]
    return write(tmp_path / "values.csv", [bad, [made_up(2).id_card_no, *GOOD[1:]]], COLUMNS)


def options(tmp_path: Path, guard: GuardPolicy) -> LoadOptions:
    return LoadOptions(report=tmp_path / "report.jsonl", guard=guard)


async def test_a_row_with_a_phone_in_a_tier_is_refused(
    lender: World, refs: list[str], guarded: Path, tmp_path: Path
) -> None:
    summary = await load(lender, guarded, options=options(tmp_path, GuardPolicy.REFUSE))
    assert (summary.rows_done, summary.rows_rejected, dict(summary.codes)) == (2, 1, {"identifier": 1})
    line = json.loads((tmp_path / "report.jsonl").read_text())
    assert (line["row"], line["column"], line["code"]) == (1, "tier", "identifier")
    assert PHONE not in (tmp_path / "report.jsonl").read_text()
    assert len(await values_of(lender, refs[0])) == 0
    assert (await values_of(lender, refs[1]))["tier"] == "金"


async def test_in_quarantine_the_value_is_held_back_and_the_rest_of_its_row_stored(
    lender: World, refs: list[str], guarded: Path, tmp_path: Path
) -> None:
    summary = await load(lender, guarded, options=options(tmp_path, GuardPolicy.QUARANTINE))
    assert (summary.rows_rejected, dict(summary.codes)) == (0, {"held_back": 1})
    stored = await values_of(lender, refs[0])
    assert "tier" not in stored
    assert stored["orders"] == 7


async def test_switched_off_it_lets_everything_in(
    lender: World, refs: list[str], guarded: Path, tmp_path: Path
) -> None:
    summary = await load(lender, guarded, options=options(tmp_path, GuardPolicy.OFF))
    assert summary.rows_rejected == 0
    assert (await values_of(lender, refs[0]))["tier"] == PHONE
