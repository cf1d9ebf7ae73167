"""Entries: their content, their streams, and the template's bytes against the canonical encoding."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from hashlib import sha256
from typing import Any

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from lineage import (
    DEPLOYMENT,
    Actor,
    EntryContentError,
    EntryDraft,
    EntryTemplate,
    EntryTooLargeError,
    FeatureOutcome,
    Kind,
    Mode,
    Moment,
    Outcome,
    ReadContext,
    Role,
    Shape,
    build_entry,
    leaf_digest,
)
from lineage.entries import document
from tests.lineage import world
from tests.lineage.world import CONTEXT, MAC, NOW

NAMES = st.from_regex(r"[a-z][a-z_]{0,20}", fullmatch=True)
PSEUDONYMS = st.from_regex(r"ps_[a-z2-7]{26}", fullmatch=True)
GRANTS = st.lists(st.tuples(st.from_regex(r"gr_[a-z2-7]{26}", fullmatch=True), st.integers(1, 10**6)), max_size=5)
DIGESTS = st.from_regex(r"[0-9a-f]{64}", fullmatch=True)
INSTANTS = st.datetimes(datetime(1970, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - bounds
CONTEXTS = st.builds(
    ReadContext,
    tenant=st.just("bank"),
    actor=st.builds(Actor, st.just(Role.SCORER), NAMES),
    client=NAMES,
    party=st.none() | NAMES,
    purpose=NAMES,
    product=NAMES,
    mode=st.sampled_from(Mode),
    basis=st.none() | NAMES,
    epoch=st.integers(0, 10**6),
    policy=DIGESTS,
    catalog=DIGESTS,
    key=st.integers(1, 99) | NAMES,
)
OUTCOMES = st.lists(
    st.builds(
        lambda view, name, fields, form, reasons: FeatureOutcome(
            f"{view}:{name}", tuple(fields), form, () if form else tuple(reasons)
        ),
        NAMES,
        NAMES,
        st.lists(NAMES, max_size=4),
        st.none() | st.sampled_from(["flag", "bucket", "token", "masked", "plain"]),
        st.lists(st.sampled_from(["NO_GRANT", "C3_NEVER", "UNCLASSIFIED"]), min_size=1, max_size=3, unique=True),
    ),
    max_size=8,
    unique_by=lambda outcome: outcome.name,
)


@given(CONTEXTS, OUTCOMES, st.none() | DIGESTS, st.integers(0, 9), st.data())
def test_the_template_writes_the_canonical_bytes(
    context: ReadContext, outcomes: list[FeatureOutcome], facts: str | None, unknown: int, data: st.DataObject
) -> None:
    template = EntryTemplate.of(context, Shape.of("bank", outcomes), facts=facts, unknown_features=unknown)
    parts: dict[str, Any] = {
        "subject": data.draw(st.none() | PSEUDONYMS),
        "consent_version": data.draw(st.none() | st.integers(0, 10**6)),
        "grants": data.draw(GRANTS),
        "commitment": data.draw(st.none() | st.binary(min_size=32, max_size=32)),
    }
    seq, moment = data.draw(st.integers(1, 10**9)), Moment.of(data.draw(INSTANTS))
    draft = template.draft(**parts)
    entry = build_entry(draft, seq=seq, moment=moment, mac=MAC)
    assert template.render(seq=seq, at=moment.text, **parts) == entry.body
    assert template.row(seq=seq, moment=moment, mac=MAC, **parts) == entry.row()
    assert entry.body == rfc8785.dumps(document(draft, seq=seq, at=moment.text))
    assert entry.digest == sha256(b"\x00" + entry.body).digest() == leaf_digest(entry.body)


@pytest.mark.parametrize(
    ("draft", "stream"),
    [
        (world.given(world.subject(1)), world.subject(1)),
        (world.read(None), "client/bank/scoring"),
        (world.party(), "tenant/bank"),
        (EntryDraft(Kind.KEY_CREATED, DEPLOYMENT, Actor(Role.OPERATOR, "op_1")), "system"),
    ],
    ids=["subject", "stranger", "tenant", "deployment"],
)
def test_a_stream_follows_from_what_an_entry_is_about(draft: EntryDraft, stream: str) -> None:
    assert draft.stream == stream


@pytest.mark.parametrize(
    "part",
    [
        "张三",
        "a b",
        'a"b',
        "a\\b",
        "<at>",
        "13800138000",
        "110105194912310021",
        "x1234567",
        "1949-1231-0021-1234567",
        "a" * 201,
        6222021234567890123,
        1.5,
        b"x",
        {"13800138000": 1},
        ["ok", "not ok"],
        {"deep": {"er": "not ok"}},
    ],
)
def test_free_texts_and_numbers_of_persons_never_stand_in_an_entry(part: Any) -> None:
    draft = EntryDraft(Kind.VALUES_LOADED, "bank", world.STEWARD, parts={"part": part})
    with pytest.raises(EntryContentError) as caught:
        build_entry(draft, seq=1, moment=Moment.of(NOW), mac=MAC)
    assert str(part) not in str(caught.value)


@pytest.mark.parametrize(
    "part",
    [
        None,
        True,
        2**31 - 1,
        "credit:overdue_days_max",
        "1" * 64,
        "sha256:" + "1" * 64,
        "gr_" + "2" * 26,
        "12345678-1234-1234-1234-123456789012",
        "2026-11-23T02:00:00.000000Z",
        ["a", {"b": []}],
    ],
)
def test_names_digests_ids_and_instants_may_stand_in_an_entry(part: Any) -> None:
    draft = EntryDraft(Kind.VALUES_LOADED, "bank", world.STEWARD, parts={"part": part})
    assert document(draft, seq=1, at=world.at(0))["part"] == part


def test_a_part_cannot_take_the_name_of_a_base_member() -> None:
    with pytest.raises(EntryContentError, match="seq"):
        EntryDraft(Kind.VALUES_LOADED, "bank", world.STEWARD, parts={"seq": 7}).ensure_content()


@pytest.mark.parametrize(
    ("role", "name"),
    [
        (Role.SUBJECT, "sub_" + "a" * 26),
        (Role.GUARDIAN, "alice"),
        (Role.STEWARD, "13800138000"),
        (Role.STEWARD, "+86-138-0013-8000"),
        (Role.STEWARD, "13800138000@lender.example"),
        (Role.DPO, "11010519491231002X"),
        (Role.DPO, ""),
        (Role.DPO, "李 四"),
    ],
)
def test_an_actor_is_never_named_by_an_identifier(role: Role, name: str) -> None:
    with pytest.raises(EntryContentError):
        Actor(role, name)


@pytest.mark.parametrize("name", ["alice@lender.example", "auth0|5f7c8ec7c33c6c004bbafe82", "u-1", "1234567890abcdef"])
def test_a_staff_id_of_an_issuer_is_an_actor(name: str) -> None:
    assert Actor(Role.AUDITOR, name).id == name


def test_a_body_is_at_most_what_a_bundle_can_carry() -> None:
    fitting = EntryDraft(Kind.VALUES_LOADED, "bank", world.STEWARD, parts={"names": ["n" * 96] * 650})
    size = len(build_entry(fitting, seq=1, moment=Moment.of(NOW), mac=MAC).body)
    assert 64_000 < size <= 65_535
    with pytest.raises(EntryTooLargeError) as caught:
        build_entry(replace(fitting, parts={"names": ["n" * 96] * 670}), seq=1, moment=Moment.of(NOW), mac=MAC)
    assert caught.value.size_b > 65_535
    wide = Shape.of("bank", [FeatureOutcome(f"credit:{'f' * 100}{n}", ("a",), "flag") for n in range(600)])
    template = EntryTemplate.of(CONTEXT, wide, facts=None)
    with pytest.raises(EntryTooLargeError):
        template.render(seq=1, subject=None, at=world.at(0), consent_version=None, grants=(), commitment=None)


@pytest.mark.parametrize("subject", ['ps_"', "ps_张三", "ps a", ""])
def test_the_template_refuses_a_pseudonym_that_needs_escaping(subject: str) -> None:
    template = EntryTemplate.of(CONTEXT, world.shape(), facts=None)
    with pytest.raises(EntryContentError):
        template.render(seq=1, subject=subject, at=world.at(0), consent_version=1, grants=(), commitment=None)
    with pytest.raises(EntryContentError):
        template.render(seq=1, subject=None, at=world.at(0), consent_version=1, grants=((subject, 1),), commitment=None)


def test_a_template_takes_no_shape_of_another_tenant_and_no_odd_names() -> None:
    with pytest.raises(EntryContentError, match="tenant"):
        EntryTemplate.of(replace(CONTEXT, tenant="other"), world.shape(), facts=None)
    with pytest.raises(EntryContentError):
        EntryTemplate.of(replace(CONTEXT, product="<seq>"), world.shape(), facts=None)


@pytest.mark.parametrize(
    "outcomes",
    [
        [FeatureOutcome("v:a", (), "flag", ("NO_GRANT",))],
        [FeatureOutcome("v:a", ())],
        [FeatureOutcome("v:a", (), "withheld")],
        [FeatureOutcome("v:a", (), "flag"), FeatureOutcome("v:a", (), "flag")],
        [FeatureOutcome("v:年收入", (), "flag")],
    ],
    ids=["both", "neither", "withheld", "twice", "chinese"],
)
def test_a_feature_is_either_released_or_denied_once(outcomes: list[FeatureOutcome]) -> None:
    with pytest.raises(EntryContentError):
        Shape.of("bank", outcomes)


def test_equal_answers_share_a_shape_and_unequal_ones_do_not() -> None:
    turned = Shape.of("bank", reversed(world.outcomes())).bound("scoring", "credit_assessment", Outcome.RELEASED)
    assert turned.digest == world.shape().digest
    assert len({world.shape(form).digest for form in ("flag", "plain", None)}) == 3
    other = turned.bound("marketing", "credit_assessment", Outcome.RELEASED)
    assert other.digest != turned.digest


def test_a_moment_needs_a_time_zone_and_is_written_in_utc() -> None:
    east = datetime(2026, 11, 23, 10, 0, tzinfo=timezone(timedelta(hours=8)))
    assert Moment.of(east) == Moment.of(NOW) == Moment("2026-11-23T02:00:00.000000Z", 1_795_399_200_000_000)
    with pytest.raises(EntryContentError):
        Moment.of(datetime(2026, 1, 1))  # noqa: DTZ001 - on purpose
