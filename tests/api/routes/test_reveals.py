"""Tokens revealed: gated, counted, recorded; many at once only with two people."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from typing import Any

import httpx
import pytest

from api.app import create_app
from api.database import Database
from api.options import RevealSettings
from api.service import open_issuer
from api.settings import Settings
from api.usecases.keys import KeyOffice
from api.usecases.revealing import threshold_of
from catalog import Catalog
from consent import Client, Purpose, SubjectId, TokenRule, WithdrawField, find_current
from lineage import Actor, Role
from tests.api.routes.conftest import FACTORS, Lender
from tests.api.routes.people import person
from tests.gate import identified
from tests.gate.identified import ALL, FEATURES
from tests.world import STEWARD, TENANT
from vault import (
    Keep,
    KeyInUseError,
    KeyPurpose,
    Suite,
    TokenKind,
    TokenScope,
    TokenSpec,
    count_shown,
    put_identifiers,
    read_identifier,
    seal_identifier,
)

ID, PHONE = FEATURES[:2]
GIVEN = [name for name in ALL if name != "zhima_score"]
NUMBERS = [person(number)["id_card_no"] for number in range(1, 16)]


@pytest.fixture
def reveals() -> RevealSettings:
    return RevealSettings(daily_budget=20, at_once=10)


@pytest.fixture
async def lender(settings: Settings, reveals: RevealSettings) -> AsyncIterator[Lender]:
    """A lender whose purpose reveals ID numbers, and fifteen people who agreed."""
    settings = settings.model_copy(update={"reveals": reveals})
    settings.data_dir.mkdir(exist_ok=True)
    database = Database.open(settings.database)
    world = await identified.build(database, settings.data_dir)
    for number in NUMBERS:
        [ref] = await world.add_subjects(1)
        await world.give(ref, GIVEN)
        await world.give(ref, GIVEN, recipient="partner", provision=True)
        key = world.keys.open_subject_key(TENANT, ref, (await world.wrapped([ref]))[ref])
        row = seal_identifier(world.keys, key, read_identifier("id_card_no", "resident_id", number))
        async with database.transaction() as tx:
            await put_identifiers(tx.connection, TENANT, [row], tx.now)
    async with database.transaction() as tx:
        known = await find_current(tx.connection, TENANT, Purpose, "credit_scoring")
        await world.registrar.update_purpose(
            tx.connection, replace(known, reveals=("id_card_no", "bank_card_no")), by=STEWARD, now=tx.now
        )
    app = create_app(settings)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://test") as http,
    ):
        yield Lender(http, open_issuer(settings), world, settings)
    await database.close()


async def tokens(lender: Lender, people: Sequence[str], client: str = "scoring") -> list[str]:
    answer = await lender.read(list(people), client=client, features=[ID])
    return [result["features"][ID]["value"] for result in answer.json()["results"]]


async def reveal(
    lender: Lender, asked: Sequence[str], *, client: str = "scoring", path: str = "/v1/reveals", **changes: Any
) -> httpx.Response:
    body = {"purpose": "credit_scoring", "product": "cash_loan", "feature": ID, "tokens": list(asked), **changes}
    return await lender.call("scorer", "POST", path, body, name=client)


async def entries(lender: Lender, kind: str) -> list[dict[str, Any]]:
    found = await lender.call("auditor", "GET", "/v1/entries", params={"kind": kind})
    return list(found.json()["entries"])


def values(answer: httpx.Response) -> list[str | None]:
    assert answer.status_code == 200, answer.text
    return [each["value"] for each in answer.json()["results"]]


async def test_a_token_is_revealed_to_its_recipient_and_to_the_persons_stream(lender: Lender) -> None:
    people = lender.world.subjects[:2]
    asked = await tokens(lender, people)
    answer = await reveal(lender, asked)
    assert values(answer) == NUMBERS[:2]
    assert [each["status"] for each in answer.json()["results"]] == ["revealed", "revealed"]
    [asking] = await entries(lender, "reveal.asked")
    assert (asking["field"], asking["tokens"], asking["found"]) == ("id_card_no", 2, 2)
    shown = await entries(lender, "identifiers.revealed")
    assert len({each["stream"] for each in shown}) == 2
    assert {(each["client"], each["purpose"], tuple(each["fields"])) for each in shown} == {
        ("scoring", "credit_scoring", ("id_card_no",))
    }
    read = answer.json()["results"][0]["read"]
    found = await lender.call("auditor", "GET", f"/v1/entries/{read}")
    assert (found.json()["kind"], found.json()["outcome"]) == ("read", "released")
    everything = str([*await entries(lender, "reveal.asked"), *shown])
    assert not [number for number in NUMBERS if number in everything]


async def test_what_is_not_the_clients_is_answered_like_what_never_was(lender: Lender) -> None:
    people = lender.world.subjects[:1]
    [mine] = await tokens(lender, people)
    [theirs] = await tokens(lender, people, "partner_scoring")
    unknown = ["tok_" + "a" * 26, "nonsense", theirs, "110105199001011234"]
    answer = await reveal(lender, unknown)
    assert answer.json()["results"] == [
        {"status": "denied", "value": None, "reasons": ["vault/token_not_found"], "read": None}
    ] * len(unknown)
    assert values(await reveal(lender, [theirs, mine])) == [None, NUMBERS[0]]


async def test_another_fields_token_is_unknown(lender: Lender) -> None:
    answer = await lender.read(lender.world.subjects[:1], features=[PHONE])
    phone = answer.json()["results"][0]["features"][PHONE]["value"]
    assert values(await reveal(lender, [phone])) == [None]


async def test_without_consent_nothing_is_revealed(lender: Lender) -> None:
    ref = lender.world.subjects[0]
    asked = await tokens(lender, [ref])
    await lender.world.act("withdraw", SubjectId(TENANT, ref), WithdrawField("id_card_no", None))
    answer = await reveal(lender, asked)
    assert values(answer) == [None]
    [result] = answer.json()["results"]
    assert result["status"] == "denied"
    assert result["reasons"]
    assert result["read"]
    assert await entries(lender, "identifiers.revealed") == []


async def test_a_purpose_that_does_not_reveal_the_field_is_refused(lender: Lender) -> None:
    answer = await reveal(lender, ["tok_" + "a" * 26], feature=PHONE)
    assert (answer.status_code, answer.json()["code"]) == (409, "vault/reveal_refused")
    for changes in ({"feature": "behaviour:limit"}, {"feature": "nothing:there"}, {"purpose": "other_purpose"}):
        answer = await reveal(lender, ["tok_" + "a" * 26], **changes)
        assert (answer.status_code, answer.json()["code"]) == (409, "vault/reveal_refused")


async def test_a_purpose_reveals_only_fields_of_its_ceiling(lender: Lender) -> None:
    answer = await lender.call("dpo", "PATCH", "/v1/purposes/credit_scoring", {"reveals": ["imei"]})
    assert (answer.status_code, answer.json()["code"]) == (422, "consent/invalid_value")
    cleared = await lender.call("dpo", "PATCH", "/v1/purposes/credit_scoring", {"reveals": []})
    assert cleared.status_code == 200
    answer = await reveal(lender, await tokens(lender, lender.world.subjects[:1]))
    assert answer.json()["code"] == "vault/reveal_refused"


async def test_a_suspended_client_is_denied_by_the_gate(lender: Lender) -> None:
    asked = await tokens(lender, lender.world.subjects[:1])
    await lender.call("steward", "PATCH", "/v1/clients/scoring", {"status": "suspended"})
    assert values(await reveal(lender, asked)) == [None]


@pytest.mark.parametrize("keep", list(Keep))
async def test_a_format_preserving_token_is_revealed(lender: Lender, keep: Keep) -> None:
    async with lender.world.database.transaction() as tx:
        known = await find_current(tx.connection, TENANT, Client, "scoring")
        rule = TokenRule(field="id_card_no", kind=TokenKind.FORMAT_PRESERVING, keep=keep)
        await lender.world.registrar.update_client(
            tx.connection, replace(known, tokens=(rule,)), by=STEWARD, now=tx.now
        )
    asked = await tokens(lender, lender.world.subjects[:3])
    assert values(await reveal(lender, asked)) == NUMBERS[:3]
    assert values(await reveal(lender, asked[:1], made_for="other_purpose")) == [None]
    assert values(await reveal(lender, asked[:1], made_for="credit_scoring")) == NUMBERS[:1]


async def test_a_reversible_token_is_revealed_to_its_recipient_for_its_purpose(lender: Lender) -> None:
    await declare(lender, "scoring", "partner_scoring")
    asked = await tokens(lender, lender.world.subjects[:3])
    theirs = await tokens(lender, lender.world.subjects[:1], "partner_scoring")
    assert {token[:4] for token in (*asked, *theirs)} == {"rtk_"}
    assert values(await reveal(lender, asked)) == NUMBERS[:3]
    assert values(await reveal(lender, theirs)) == [None]
    assert values(await reveal(lender, asked[:1], made_for="other_purpose")) == [None]
    changed = [asked[0][:-8], asked[0][:20] + asked[1][20:], "rtk_aeaqaaaaae", "rtk_" + "a" * 60]
    answer = await reveal(lender, changed)
    assert {tuple(each["reasons"]) for each in answer.json()["results"]} == {("vault/token_not_found",)}
    asking = await entries(lender, "reveal.asked")
    assert [(each["tokens"], each["found"]) for each in asking] == [(4, 0), (1, 0), (1, 0), (3, 3)]
    assert len(await entries(lender, "identifiers.revealed")) == 3


async def test_reversible_tokens_of_older_versions_are_revealed_whatever_the_suite_is_now(lender: Lender) -> None:
    await declare(lender, "scoring")
    older = await tokens(lender, lender.world.subjects[:1])
    office = KeyOffice(lender.world.database, lender.world.keys, Actor(Role.OPERATOR, "operator_one"))
    await office.rotate(KeyPurpose.TOKEN, Suite.AES)
    scope = TokenScope(TENANT, "credit_scoring", "lender", "id_card_no")
    maker = lender.world.keys.tokeniser(scope, TokenSpec(TokenKind.REVERSIBLE, "resident_id"))
    newer = [maker.token(NUMBERS[0])]  # the service has not heard of the version yet
    assert older != newer
    assert values(await reveal(lender, [*older, *newer])) == NUMBERS[:1] * 2
    with pytest.raises(KeyInUseError, match="scoring is registered"):
        await office.rotate(KeyPurpose.TOKEN, Suite.SM)
    assert lender.world.keys.token_version == 2


async def test_a_reversible_token_of_an_erased_person_is_answered_like_one_that_never_was(lender: Lender) -> None:
    await declare(lender, "scoring")
    subject = lender.world.subjects[0]
    asked = await tokens(lender, [subject])
    body = {"subject": subject, "evidence": "ev_" + "b" * 26}
    request = (await lender.call("steward", "POST", "/v1/erasure-requests", body)).json()["request"]
    path = f"/v1/erasure-requests/{request}/decision"
    erased = await lender.call("dpo", "POST", path, {"decision": "erase"})
    assert erased.json()["state"] == "erased", erased.text
    answer = await reveal(lender, asked)
    assert answer.json()["results"][0] == {
        "status": "denied",
        "value": None,
        "reasons": ["vault/token_not_found"],
        "read": None,
    }


async def declare(lender: Lender, *clients: str) -> None:
    """Have clients get reversible tokens of ID numbers."""
    rules = [{"field": "id_card_no", "kind": "reversible"}]
    for client in clients:
        answer = await lender.call("steward", "PATCH", f"/v1/clients/{client}", {"tokens": rules})
        assert answer.status_code == 200, answer.text


async def test_the_budget_of_a_day_is_exact_under_concurrency(lender: Lender) -> None:
    """Fifteen calls of two tokens at once on a budget of twenty: ten get through, whichever they are."""
    pairs = [await tokens(lender, lender.world.subjects[:2])] * 15
    answers = await asyncio.gather(*(reveal(lender, pair) for pair in pairs))
    codes = sorted(answer.status_code for answer in answers)
    assert codes == [200] * 10 + [429] * 5
    spent = await reveal(lender, pairs[0][:1])
    assert (spent.json()["code"], spent.json()["limit"]) == ("vault/reveal_budget", 20)
    assert len(await entries(lender, "reveal.asked")) == 10


async def test_unknown_tokens_use_the_budget_too(lender: Lender) -> None:
    guesses = ["tok_" + letter * 26 for letter in "abcdefghij"]
    assert [(await reveal(lender, guesses)).status_code for _ in range(3)] == [200, 200, 429]


async def test_a_budget_is_each_clients_own(lender: Lender) -> None:
    guesses = ["tok_" + letter * 26 for letter in "abcdefghij"]
    for _ in range(2):
        await reveal(lender, guesses)
    assert values(
        await reveal(
            lender, await tokens(lender, lender.world.subjects[:1], "partner_scoring"), client="partner_scoring"
        )
    )


async def test_many_at_once_need_approval_and_bulk_is_off(lender: Lender) -> None:
    asked = await tokens(lender, lender.world.subjects[:11])
    refused = await reveal(lender, asked)
    assert (refused.status_code, refused.json()["code"]) == (403, "vault/reveal_approval_needed")
    request = await reveal(lender, asked, path="/v1/reveal-requests")
    assert (request.status_code, request.json()["code"]) == (409, "vault/reveal_refused")
    used = await reveal(lender, asked, request="rr_" + "a" * 26)
    assert (used.status_code, used.json()["code"]) == (409, "vault/reveal_refused")


@pytest.mark.parametrize("reveals", [RevealSettings(daily_budget=0, at_once=10, bulk=True)], ids=["bulk"])
async def test_many_are_revealed_once_somebody_else_approved(lender: Lender) -> None:
    asked = await tokens(lender, lender.world.subjects[:12])
    request = (await reveal(lender, asked, path="/v1/reveal-requests")).json()["request"]
    early = await reveal(lender, asked, request=request)
    assert (early.status_code, early.json()["code"]) == (409, "vault/reveal_not_approved")
    way, whose = f"/v1/reveal-requests/{request}/approval", {"client": "scoring"}
    other_client = await lender.call("dpo", "POST", way, {"client": "partner_scoring"}, amr=FACTORS)
    assert (other_client.status_code, other_client.json()["code"]) == (404, "vault/reveal_request_not_found")
    assert (await lender.call("dpo", "POST", way, whose)).json()["code"] == "identity/second_factor_needed"
    assert (await lender.call("dpo", "POST", way, whose, amr=FACTORS, tenant="other")).status_code == 404
    same = await lender.call("dpo", "POST", way, whose, amr=FACTORS, name="scoring")
    assert (same.status_code, same.json()["code"]) == (403, "vault/reveal_same_person")
    approved = await lender.call("dpo", "POST", way, whose, amr=FACTORS)
    assert (approved.status_code, approved.json()) == (200, {"request": request, "client": "scoring"})
    other = await reveal(lender, asked[:11], request=request)
    assert (other.status_code, other.json()["code"]) == (404, "vault/reveal_request_not_found")
    theirs = await reveal(lender, asked, client="partner_scoring", request=request)
    assert (theirs.status_code, theirs.json()["code"]) == (404, "vault/reveal_request_not_found")
    answers = await asyncio.gather(*(reveal(lender, asked[::-1], request=request) for _ in range(3)))
    assert sorted(answer.status_code for answer in answers) == [200, 404, 404]
    [done] = [answer for answer in answers if answer.status_code == 200]
    assert values(done) == NUMBERS[:12][::-1]
    assert [each["about"] for each in await entries(lender, "reveal.approved")] == [request]


async def test_whoever_passes_a_threshold_of_the_law_is_told_of(lender: Lender) -> None:
    asked = await tokens(lender, lender.world.subjects[:2])
    async with lender.world.database.transaction() as tx:
        await count_shown(tx.connection, TENANT, "scoring", threshold=5000, shown=4998)
    assert values(await reveal(lender, asked[:1])) == NUMBERS[:1]
    assert await entries(lender, "reveal.threshold") == []
    assert values(await reveal(lender, asked)) == NUMBERS[:2]
    [told] = await entries(lender, "reveal.threshold")
    assert (told["client"], told["threshold"], told["field"]) == ("scoring", 5000, "id_card_no")
    metrics = await lender.http.get("/metrics")
    assert 'yumen_reveal_thresholds_total{threshold="5000"} 1.0' in metrics.text


@pytest.mark.parametrize(
    ("field", "threshold"),
    [("bank_card_no", 50), ("id_card_no", 5000), ("mobile_no", 5000), ("nobody_knows", 50), ("face_template", 500)],
)
def test_thresholds_follow_the_kind_of_information(field: str, threshold: int) -> None:
    """法释〔2017〕10号, article 5: 50 of tracks and property, 500 of what else endangers, 5,000 of the rest."""
    assert threshold_of(Catalog.builtin(), field) == threshold


async def test_repeated_and_misshapen_tokens_are_refused_before_anything_is_counted(lender: Lender) -> None:
    for asked in (["tok_" + "a" * 26] * 2, [], [""], ["x" * 1401], [7]):
        answer = await reveal(lender, asked)  # type: ignore[arg-type]  # what a caller may send
        assert answer.status_code == 422
    assert await entries(lender, "reveal.asked") == []
