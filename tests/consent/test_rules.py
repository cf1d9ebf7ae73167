"""What a consent must fit before it is recorded."""

from datetime import datetime, timedelta

import pytest

from catalog import ReleaseForm
from consent import (
    BlanketConsentError,
    BoundExceededError,
    ConsentForm,
    EvidenceMissingError,
    InvalidValueError,
    Method,
    NoticeNotCurrentError,
    NoticeNotFoundError,
    NotInForceError,
    NotShownSeparatelyError,
    PartyNotFoundError,
    PartyRole,
    PurposeNotFoundError,
    PurposeStatus,
    RecipientNotNamedError,
    SeparateConsentNeededError,
    find_subject,
)
from tests.consent.world import FIELDS, ON_SQLITE, STEWARD, World, party, purpose, subject

BLANKET = {"none": (), "star": ("*",), "all": ("all",), "twice": ("zhima_score", "zhima_score")}
SHAPES = {
    "field is no name": {"fields": ("110101199003078515",)},
    "purpose is no name": {"purpose": "Credit scoring!"},
    "evidence could be a person's": {"evidence": "110101199003078515"},
    "guardian could be a person's": {"guardian": "13800138000"},
    "guardian is the subject": {"guardian": subject(0).ref},
    "nothing may leave": {"max_form": ReleaseForm.WITHHELD},
    "time without zone": {"expires": datetime(2027, 1, 1)},  # noqa: DTZ001  # the fault under test
    "ends before it starts": {"expires": datetime.fromisoformat("2020-01-01T00:00:00Z")},
}
REFUSED = {
    "unknown purpose": ({"purpose": "no_such"}, PurposeNotFoundError),
    "unknown recipient": ({"recipient": "no_such"}, PartyNotFoundError),
    "unknown notice": ({"notice": "no_such"}, NoticeNotFoundError),
    "notice of another purpose": ({"purpose": "limit_setting"}, NoticeNotCurrentError),
    "another version": ({"notice_version": 2}, NoticeNotCurrentError),
    "another text": ({"notice_hash": "0" * 64}, NoticeNotCurrentError),
    "field the notice lacks": ({"fields": ("bank_statement",)}, BoundExceededError),
    "milder than the purpose": ({"max_form": ReleaseForm.PLAIN}, BoundExceededError),
    "written without evidence": ({"form": ConsentForm.WRITTEN}, EvidenceMissingError),
    "not shown separately": ({"fields": (FIELDS[3],)}, NotShownSeparatelyError),
    "a third party unnamed": ({"recipient": "shop"}, RecipientNotNamedError),
    "provision to an unnamed one": ({"recipient": "shop", "provision": True}, RecipientNotNamedError),
    "provision of an unnamed field": (
        {"recipient": "bureau", "provision": True, "fields": (FIELDS[2],)},
        RecipientNotNamedError,
    ),
    "provision hidden": ({"recipient": "bureau"}, RecipientNotNamedError),
    "provision by general consent": (
        {"recipient": "bureau", "provision": True, "form": ConsentForm.GENERAL},
        SeparateConsentNeededError,
    ),
}


@ON_SQLITE
@pytest.mark.parametrize("fields", BLANKET.values(), ids=BLANKET.keys())
async def test_a_blanket_consent_is_refused(world: World, fields) -> None:
    with pytest.raises(BlanketConsentError):
        await world.give(fields=fields)


@ON_SQLITE
@pytest.mark.parametrize("parts", SHAPES.values(), ids=SHAPES.keys())
async def test_a_malformed_consent_is_refused_without_repeating_it(world: World, parts) -> None:
    with pytest.raises(InvalidValueError) as caught:
        await world.give(**parts)
    assert "1101" not in str(caught.value)
    assert "138" not in str(caught.value)


@ON_SQLITE
@pytest.mark.parametrize(("parts", "error"), REFUSED.values(), ids=REFUSED.keys())
async def test_a_consent_beyond_its_terms_is_refused(world: World, parts, error) -> None:
    with pytest.raises(error):
        await world.give(**parts)
    assert (await world.ask(find_subject, subject(0))).version == 0


async def test_processors_receive_without_being_another_handler(world: World) -> None:
    assert (await world.give(recipient="helper")).consent_version == 1


async def test_general_consent_may_list_fields_not_shown_separately(world: World) -> None:
    assert (await world.give(fields=FIELDS, form=ConsentForm.GENERAL)).consent_version == 1


async def test_an_inactive_purpose_takes_no_consent(world: World) -> None:
    await update(world, purpose(status=PurposeStatus.INACTIVE))
    with pytest.raises(NotInForceError):
        await world.give()


async def test_a_party_whose_contract_ended_takes_no_consent(world: World, clock) -> None:
    helper = party("helper", PartyRole.PROCESSOR, contract_ends=world.now + timedelta(days=1))
    async with world.database.transaction() as tx:
        await world.registrar.update_party(tx.connection, helper, by=STEWARD, now=world.now)
    await world.give(recipient="helper")
    clock.move(days=1)
    with pytest.raises(NotInForceError):
        await world.give(recipient="helper")


async def test_a_narrowed_ceiling_binds_even_under_an_older_notice(world: World) -> None:
    await update(world, purpose(ceiling=purpose().ceiling[:1]))
    with pytest.raises(BoundExceededError, match="ceiling"):
        await world.give()


@ON_SQLITE
@pytest.mark.parametrize(
    "changed",
    [{"methods": (Method.COLLECT, Method.USE)}, {"revision": 2}, {"automated": True}],
    ids=["method", "meaning", "automation"],
)
async def test_a_purpose_that_changed_needs_a_new_notice(world: World, changed) -> None:
    await update(world, purpose(**changed))
    with pytest.raises(NoticeNotCurrentError):
        await world.give()
    await world.publish(methods=purpose(**changed).methods)
    await world.give()


async def test_a_purpose_may_bound_how_long_consent_runs(world: World) -> None:
    await update(world, purpose(max_grant_days=30))
    with pytest.raises(BoundExceededError):
        await world.give()
    with pytest.raises(BoundExceededError):
        await world.give(expires=world.now + timedelta(days=30, seconds=1))
    await world.give(expires=world.now + timedelta(days=30))


async def update(world: World, changed) -> None:
    async with world.database.transaction() as tx:
        await world.registrar.update_purpose(tx.connection, changed, by=STEWARD, now=world.now)


async def test_a_refusal_needs_no_end_where_a_consent_would(world: World) -> None:
    await update(world, purpose(max_grant_days=30))
    recorded = await world.do("refuse", world.request(form=ConsentForm.SEPARATE))
    assert len(recorded.grants) == 1
