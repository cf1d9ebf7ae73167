"""The gate answers: what is released, what is denied and why, and what the ledger says of it."""

import asyncio

from consent import SubjectId, WithdrawAll, WithdrawField
from gate import Gate, Mode, Outcome
from tests.gate.asking import ask, reasons
from tests.world import FEATURES, TENANT, World


async def test_without_a_grant_nothing_is_released(lender: World, gate: Gate) -> None:
    [ref] = await lender.add_subjects(1)
    [answer] = (await gate.read(ask(ref))).subjects
    assert answer.outcome is Outcome.denied
    assert answer.values == (None,) * len(FEATURES)
    assert "NO_GRANT" in reasons(answer)


async def test_a_grant_releases_each_feature_in_its_form(lender: World, gate: Gate) -> None:
    [ref] = await lender.add_subjects(1)
    await lender.give(ref)
    [answer] = (await gate.read(ask(ref))).subjects
    assert [ruling.reasons for ruling in answer.rulings] == [()] * 4
    assert answer.values == ("[10,50)", 20000, "[650,700)", "[0,1)")
    assert answer.outcome is Outcome.released
    assert answer.entry > 0


async def test_the_read_after_a_withdrawal_is_denied(lender: World, gate: Gate) -> None:
    [ref] = await lender.add_subjects(1)
    await lender.give(ref)
    assert (await gate.read(ask(ref))).subjects[0].outcome is Outcome.released
    await lender.act("withdraw", SubjectId(TENANT, ref), WithdrawAll())
    [answer] = (await gate.read(ask(ref))).subjects
    assert answer.outcome is Outcome.denied
    assert "GRANT_WITHDRAWN" in reasons(answer)


async def test_a_withdrawn_field_takes_only_its_features_away(lender: World, gate: Gate) -> None:
    [ref] = await lender.add_subjects(1)
    await lender.give(ref)
    await lender.act("withdraw", SubjectId(TENANT, ref), WithdrawField("zhima_score", None))
    [answer] = (await gate.read(ask(ref))).subjects
    assert answer.outcome is Outcome.partial
    assert [ruling.name for ruling in answer.rulings if not ruling.released] == ["behaviour:score_band"]


async def test_unknown_subjects_features_purposes_and_products_are_denied_by_name(lender: World, gate: Gate) -> None:
    [ref] = await lender.add_subjects(1)
    await lender.give(ref)
    stranger = "sub_" + "a" * 26
    answer = await gate.read(ask(ref, stranger, features=("behaviour:orders", "behaviour:nothing")))
    known, unknown = answer.subjects
    assert [set(ruling.reasons) for ruling in known.rulings] == [set(), {"UNCLASSIFIED"}]
    assert "SUBJECT_UNKNOWN" in reasons(unknown)
    assert "PURPOSE_UNKNOWN" in reasons((await gate.read(ask(ref, purpose="other"))).subjects[0])
    assert "PRODUCT_UNKNOWN" in reasons((await gate.read(ask(ref, product="other"))).subjects[0])
    assert "CLIENT_SUSPENDED" in reasons((await gate.read(ask(ref, client="nobody"))).subjects[0])


async def test_another_handler_needs_consent_that_names_it(lender: World, gate: Gate) -> None:
    [ref] = await lender.add_subjects(1)
    await lender.give(ref)
    [answer] = (await gate.read(ask(ref, client="partner_scoring"))).subjects
    assert "NEEDS_SEPARATE_PROVISION" in reasons(answer) or "NO_GRANT" in reasons(answer)
    await lender.give(ref, recipient="partner", provision=True)
    [answer] = (await gate.read(ask(ref, client="partner_scoring"))).subjects
    assert answer.outcome in {Outcome.released, Outcome.partial}


async def test_an_explanation_releases_no_value(lender: World, gate: Gate) -> None:
    [ref] = await lender.add_subjects(1)
    await lender.give(ref)
    [answer] = (await gate.read(ask(ref, mode=Mode.dry_run))).subjects
    assert answer.outcome is Outcome.dry_run
    assert answer.values == (None,) * len(FEATURES)
    assert reasons(answer) == set()


async def test_reads_that_come_together_are_all_answered_and_recorded_once(lender: World, gate: Gate) -> None:
    refs = await lender.add_subjects(20)
    for ref in refs[:10]:
        await lender.give(ref)
    answers = await asyncio.gather(*(gate.read(ask(ref)) for ref in refs * 3))
    entries = [answer.subjects[0].entry for answer in answers]
    assert len(set(entries)) == len(refs) * 3
    released = [answer.subjects[0].outcome is Outcome.released for answer in answers]
    assert released == ([True] * 10 + [False] * 10) * 3
