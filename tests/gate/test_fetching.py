"""What was denied is never asked for, and what was opened is not kept."""

import gc

import pytest

from consent import ConsentForm, SubjectId, WithdrawField
from gate import Gate, Mode
from gate.fetching import Item
from tests.gate.asking import WatchedStore, ask
from tests.world import TENANT, World
from vault import SubjectKey

FIELD_OF = {"orders": "ecom_order_count", "limit": "credit_limit", "score_band": "zhima_score"}


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    return sqlite_url


def segments_asked(store: WatchedStore) -> set[str]:
    return {segment for _, _, segments in store.of("fetch") for segment in segments}


def segment_of(lender: World, feature: str) -> str:
    found = lender.catalog.feature(TENANT, f"behaviour:{feature}")
    assert found is not None
    return found.segment


async def test_a_wholly_denied_subject_is_not_fetched(lender: World, gate: Gate, store: WatchedStore) -> None:
    asked_for = await lender.add_subjects(3)
    await lender.give(asked_for[0])
    await gate.read(ask(*asked_for))
    assert [refs for _, refs, _ in store.of("fetch")] == [[asked_for[0]]]


@pytest.mark.parametrize("feature", FIELD_OF)
async def test_a_denied_field_is_never_read_from_its_source(
    lender: World, gate: Gate, store: WatchedStore, feature: str
) -> None:
    [ref] = await lender.add_subjects(1)
    await lender.give(ref)
    await lender.act("withdraw", SubjectId(TENANT, ref), WithdrawField(FIELD_OF[feature], None))
    await gate.read(ask(ref))
    assert segment_of(lender, feature) not in segments_asked(store)
    assert len(segments_asked(store)) == 3


async def test_a_field_that_needs_more_than_a_general_consent_is_not_read(
    lender: World, gate: Gate, store: WatchedStore
) -> None:
    [ref] = await lender.add_subjects(1)
    await lender.give(ref, form=ConsentForm.GENERAL)
    await gate.read(ask(ref))
    assert segments_asked(store) == {segment_of(lender, "limit")}


async def test_only_what_was_asked_is_fetched(lender: World, gate: Gate, store: WatchedStore) -> None:
    [ref] = await lender.add_subjects(1)
    await lender.give(ref)
    await gate.read(ask(ref, features=("behaviour:orders",)))
    assert segments_asked(store) == {segment_of(lender, "orders")}


async def test_an_explanation_fetches_nothing(lender: World, gate: Gate, store: WatchedStore) -> None:
    [ref] = await lender.add_subjects(1)
    await lender.give(ref)
    await gate.read(ask(ref, mode=Mode.dry_run))
    assert store.of("fetch") == []


async def test_subjects_with_unequal_rulings_are_fetched_apart(lender: World, gate: Gate, store: WatchedStore) -> None:
    """One look for both would read the denied field of one of them."""
    one, two = await lender.add_subjects(2)
    await lender.give(one, fields=["credit_limit"])
    await lender.give(two, fields=["ecom_order_count"])
    await gate.read(ask(one, two))
    asked = {(tuple(refs), tuple(segments)) for _, refs, segments in store.of("fetch")}
    assert asked == {((one,), (segment_of(lender, "limit"),)), ((two,), (segment_of(lender, "orders"),))}


async def test_round_trips_do_not_grow_with_the_number_of_subjects(
    lender: World, gate: Gate, store: WatchedStore
) -> None:
    refs = await lender.add_subjects(40)
    for ref in refs:
        await lender.give(ref)
    await gate.read(ask(*refs[:2]))
    few = [step for step, _ in store.asked]
    store.asked.clear()
    await gate.read(ask(*refs))
    assert [step for step, _ in store.asked] == few == ["gather", "fetch", "record"]


async def test_opened_values_and_data_keys_do_not_outlive_their_group(lender: World, gate: Gate) -> None:
    [ref] = await lender.add_subjects(1, values={"limit": 7_000_001})
    await lender.give(ref)
    assert 7_000_001 in (await gate.read(ask(ref))).subjects[0].values
    gc.collect()
    kept = [each for each in gc.get_objects() if isinstance(each, Item) and each.ref == ref]
    keys = [each for each in gc.get_objects() if isinstance(each, SubjectKey) and each.subject == ref]
    assert (kept, keys) == ([], [])
