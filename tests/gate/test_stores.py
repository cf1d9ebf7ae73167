"""Both hot stores answer the same: what is old, who is young, what is stored."""

from datetime import timedelta

from consent import AgeBand
from gate import Gate, Outcome
from tests.gate.asking import WatchedStore, ask, reasons, run_sql
from tests.world import FEATURES, TENANT, World

PUT_BIRTH = "INSERT INTO vault_identifiers (tenant, subject, field, sealed, updated_us) VALUES (:t, :s, :f, :b, 0)"


async def test_old_values_young_people_and_missing_parts_are_found(
    lender: World, gate: Gate, store: WatchedStore
) -> None:
    async with lender.database.reading() as tx:
        now = tx.now
    [old] = await lender.add_subjects(1, observed=now - timedelta(days=181))
    [young, nameless] = await lender.add_subjects(2, age=AgeBand.MINOR)
    [bare] = await lender.add_subjects(1, values={})
    for ref in (old, young, nameless, bare):
        await lender.give(ref)
    key = lender.keys.open_subject_key(TENANT, young, (await lender.wrapped([young]))[young])
    birth = (now - timedelta(days=365 * 10)).date().isoformat()
    await run_sql(lender, PUT_BIRTH, t=TENANT, s=young, f="birth_date", b=key.seal(birth.encode(), "birth_date"))
    answers = (await gate.read(ask(old, young, nameless, bare, "sub_" + "a" * 26))).subjects
    assert [reasons(answer) for answer in answers] == [
        {"RETENTION_EXPIRED"},
        {"NEEDS_GUARDIAN"},
        {"AGE_UNKNOWN"},
        set(),
        {"SUBJECT_UNKNOWN"},
    ]
    assert answers[0].outcome is Outcome.partial
    assert answers[3].values == (None,) * len(FEATURES)
    assert [len(refs) for _, refs in store.of("births")] == [2]
    assert [refs for _, refs, _ in store.of("observed")] == [[old]]


async def test_a_shape_is_recorded_once_however_often_it_is_forgotten(lender: World, gate: Gate) -> None:
    """A recorder forgets which shapes it kept when they grow too many; the ledger does not."""
    [ref] = await lender.add_subjects(1)
    for _ in range(2):
        await gate.read(ask(ref))
        kept = gate._recorder._kept
        kept |= {(TENANT, f"{number}") for number in range(65_537)}
        kept -= {each for each in kept if len(each[1]) == 64}
    await gate.read(ask(ref))
    assert [tenant for tenant, _ in gate._recorder._kept if tenant == TENANT] == [TENANT]
    async with lender.database.reading() as tx:
        counted = await tx.connection.exec_driver_sql("SELECT count(*) FROM ledger_shapes")
        assert counted.scalar_one() == 1


async def test_the_policy_that_decides_is_named(gate: Gate, lender: World) -> None:
    [ref] = await lender.add_subjects(1)
    assert (await gate.read(ask(ref))).policy == gate.policy
