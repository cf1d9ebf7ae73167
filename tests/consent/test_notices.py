"""What a notice must say, and when a change of it makes older consents stale."""

from dataclasses import replace

import pytest

from consent import (
    BilingualText,
    BoundExceededError,
    InvalidValueError,
    Method,
    Notice,
    NoticeItemMissingError,
    NoticeMismatchError,
    NoticeNotFoundError,
    PartyNotFoundError,
    PurposeNotFoundError,
    UnknownFieldError,
    find_current,
    find_grant,
    find_notice_version,
    list_versions,
    load_registry,
)
from tests.consent.test_rules import update
from tests.consent.world import FIELDS, ON_SQLITE, ROWS, World, draft, purpose, recipient, subject

EMPTY = BilingualText("", "")
HALF = BilingualText("只有中文", " ")
MISSING = {
    "handler name": ({"handler_name": EMPTY}, "PIPL 17(1)"),
    "handler contact": ({"handler_contact": ""}, "PIPL 17(1)"),
    "purpose": ({"purpose_text": HALF}, "PIPL 17(2)"),
    "method": ({"method_text": EMPTY}, "PIPL 17(2)"),
    "kinds": ({"fields": (), "separate": (), "recipients": ()}, "PIPL 17(2)"),
    "retention period": ({"retention": EMPTY}, "PIPL 17(2)"),
    "how to exercise rights": ({"rights": EMPTY}, "PIPL 17(3)"),
    "text": ({"text": HALF}, "PIPL 17"),
    "necessity": ({"necessity": None}, "PIPL 30"),
    "impact": ({"impact": HALF}, "PIPL 30"),
    "recipient name": ({"recipients": (recipient(name=EMPTY),)}, "PIPL 23"),
    "recipient contact": ({"recipients": (recipient(contact=""),)}, "PIPL 23"),
    "recipient purpose": ({"recipients": (recipient(purpose=HALF),)}, "PIPL 23"),
    "recipient method": ({"recipients": (recipient(method=EMPTY),)}, "PIPL 23"),
    "recipient kinds": ({"recipients": (recipient(fields=()),)}, "PIPL 23"),
}
MATERIAL = {
    "another kind": {"fields": FIELDS[:3]},
    "another recipient": {"recipients": (recipient(), recipient(party="shop"))},
    "no recipient": {"recipients": ()},
    "a recipient's kinds": {"recipients": (recipient(fields=("zhima_score",)),)},
    "another handler": {"handler": "shop"},
}
WORDING = {
    "text": {"text": BilingualText("改写的文字。", "Reworded.")},
    "retention text": {"retention": BilingualText("九十天", "90 days")},
    "order of kinds": {"fields": FIELDS[::-1]},
    "shown separately": {"separate": FIELDS[:2]},
}


@ON_SQLITE
@pytest.mark.parametrize("item", MISSING)
async def test_a_notice_without_an_item_is_refused_by_name(world: World, item: str) -> None:
    parts, article = MISSING[item]
    with pytest.raises(NoticeItemMissingError) as caught:
        await world.publish(**parts)
    assert (caught.value.item, caught.value.article) == (item, article)


async def test_a_notice_without_a_named_method_is_refused(world: World) -> None:
    with pytest.raises(NoticeItemMissingError, match="method"):
        await world.publish(methods=())


async def test_necessity_and_impact_are_for_sensitive_fields(world: World) -> None:
    parts = {"fields": ("community_engagement",), "separate": (), "recipients": ()}
    assert (await world.publish(**parts, necessity=None, impact=None)).version == 2


@ON_SQLITE
@pytest.mark.parametrize("parts", MATERIAL.values(), ids=MATERIAL.keys())
async def test_a_material_change_makes_older_consents_stale(world: World, parts) -> None:
    (grant,) = (await world.give()).grants
    await world.publish(**parts)
    assert (await world.ask(find_grant, subject(0), grant)).state.material != world.notice.material


@ON_SQLITE
@pytest.mark.parametrize("parts", WORDING.values(), ids=WORDING.keys())
async def test_a_change_of_wording_leaves_older_consents(world: World, parts) -> None:
    (grant,) = (await world.give()).grants
    before = world.notice
    await world.publish(**parts)
    assert (await world.ask(find_grant, subject(0), grant)).state.material == world.notice.material
    assert world.notice.hash != before.hash
    assert world.notice.version == 2


async def test_every_version_is_kept_as_it_was_shown(world: World) -> None:
    first = world.notice
    second = await world.publish(text=BilingualText("新", "New"))
    assert await world.ask(list_versions, "group", Notice, "scoring_notice") == [first, second]
    assert await world.ask(find_notice_version, "group", "scoring_notice", 1) == first
    assert await world.ask(find_current, "group", Notice, "scoring_notice") == second
    for tenant, name, version in (("group", "scoring_notice", 3), ("other", "scoring_notice", 1), ("group", "\x00", 1)):
        with pytest.raises(NoticeNotFoundError):
            await world.ask(find_notice_version, tenant, name, version)


@ON_SQLITE
@pytest.mark.parametrize(
    ("parts", "error"),
    [
        ({"fields": (*FIELDS, "no_such_field")}, UnknownFieldError),
        ({"fields": (*FIELDS, "bank_statement")}, BoundExceededError),
        ({"methods": (Method.COLLECT,)}, NoticeMismatchError),
        ({"recipients": (recipient(fields=("bank_statement",)),)}, NoticeMismatchError),
        ({"name": "second_notice"}, NoticeMismatchError),
        ({"name": "limit_notice"}, NoticeMismatchError),
        ({"purpose": "no_such"}, PurposeNotFoundError),
        ({"handler": "no_such"}, PartyNotFoundError),
        ({"recipients": (recipient(party="no_such"),)}, PartyNotFoundError),
        ({"tenant": "other"}, PartyNotFoundError),
    ],
    ids=str,
)
async def test_a_notice_fits_the_register(world: World, parts, error) -> None:
    before = await world.ask(load_registry, ROWS)
    with pytest.raises(error):
        await world.publish(**parts)
    assert await world.ask(load_registry, ROWS) == before


@pytest.mark.parametrize(
    "parts",
    [
        {"separate": ("bank_statement",)},
        {"fields": ("zhima_score", "zhima_score")},
        {"name": "110101199003078515"},
        {"recipients": (recipient(), recipient())},
        {"text": BilingualText("字", "x")} | {"handler_contact": "x" * 201},
    ],
    ids=["separate beyond kinds", "kind twice", "no name", "recipient twice", "contact too long"],
)
def test_a_malformed_notice_cannot_be_made(parts) -> None:
    with pytest.raises(InvalidValueError):
        draft(**parts)


@pytest.mark.parametrize("text", ["x" * 20_001, "\ud800"], ids=["too long", "not UTF-8"])
def test_a_text_is_bounded_and_encodable(text: str) -> None:
    with pytest.raises(InvalidValueError):
        BilingualText(text, "x")


async def test_a_purpose_has_its_notice_in_force_only_while_they_agree(world: World) -> None:
    key = ("group", "credit_scoring")
    assert (await world.ask(load_registry, ROWS)).in_force[key] == world.notice
    await update(world, replace(purpose(), revision=2))
    assert key not in (await world.ask(load_registry, ROWS)).in_force
    await world.publish()
    assert (await world.ask(load_registry, ROWS)).in_force[key] == world.notice
