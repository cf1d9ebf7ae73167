"""Random tokens, scoped by recipient and purpose."""

import asyncio
from typing import Any

import pytest

from api.database import Database
from tests.vault.support import OTHER, SUBJECT, TENANT, fixed, ring, vectors
from vault import (
    EntropyError,
    KeyMissingError,
    TokenNotFoundError,
    TokenOwner,
    TokenScope,
    insert_subject_keys,
    issue_tokens,
    new_token,
    resolve_token,
)
from vault.encoding import is_opaque_name

SUBJECTS = [SUBJECT, OTHER]
ROWS = ring().rows


async def register(database: Database, *subjects: str) -> None:
    keys = {subject: ring().new_subject_key(TENANT, subject)[1] for subject in subjects}
    async with database.transaction() as tx:
        await insert_subject_keys(tx.connection, TENANT, keys, tx.now)


async def issue(
    database: Database,
    subjects: list[str],
    field: str = "id_card_no",
    recipient: str = "dawn_bank",
    purpose: str = "credit_limit",
) -> dict[str, str]:
    async with database.transaction() as tx:
        scope = TokenScope(TENANT, purpose, recipient, field)
        return await issue_tokens(tx.connection, scope, subjects, now=tx.now, rows=ROWS)


@pytest.mark.parametrize("case", vectors("tokens.json")["tokens"], ids=lambda case: case["token"])
def test_tokens_are_the_published_ones(case: dict[str, Any]) -> None:
    assert new_token(fixed(bytes.fromhex(case["entropy"]))) == case["token"]
    assert is_opaque_name("tok_", case["token"])


def test_a_source_that_gives_too_little_makes_no_token() -> None:
    with pytest.raises(EntropyError):
        new_token(fixed(b"short"))


async def test_a_token_stands_for_one_subject_field_and_purpose(database: Database) -> None:
    await register(database, *SUBJECTS)
    tokens = await issue(database, SUBJECTS)
    assert sorted(tokens) == sorted(SUBJECTS)
    async with database.reading() as tx:
        owner = await resolve_token(tx.connection, TENANT, tokens[SUBJECT], "dawn_bank", rows=ROWS)
    assert owner == TokenOwner(SUBJECT, "id_card_no", "credit_limit")


async def test_asked_again_the_same_tokens_are_given_and_only_missing_ones_made(database: Database) -> None:
    await register(database, *SUBJECTS)
    first = await issue(database, [SUBJECT])
    both = await issue(database, [OTHER, SUBJECT, SUBJECT])
    assert both[SUBJECT] == first[SUBJECT]
    assert await issue(database, SUBJECTS) == both
    assert await issue(database, []) == {}


async def test_tokens_of_one_person_differ_by_recipient_purpose_and_field(database: Database) -> None:
    await register(database, SUBJECT)
    scopes = [
        {},
        {"recipient": "dusk_bank"},
        {"purpose": "anti_fraud"},
        {"field": "mobile_no"},
        {"recipient": "dusk_bank", "purpose": "anti_fraud"},
    ]
    tokens = {(await issue(database, [SUBJECT], **scope))[SUBJECT] for scope in scopes}
    assert len(tokens) == len(scopes)


async def test_another_recipient_tenant_or_text_finds_nothing(database: Database) -> None:
    await register(database, SUBJECT)
    token = (await issue(database, [SUBJECT]))[SUBJECT]
    tries = [
        (TENANT, token, "dusk_bank"),
        ("dusk_group", token, "dawn_bank"),
        (TENANT, token.upper(), "dawn_bank"),
        (TENANT, token[:-1], "dawn_bank"),
        (TENANT, token + "\n", "dawn_bank"),
        (TENANT, new_token(), "dawn_bank"),
        (TENANT, "' OR 1=1 --", "dawn_bank"),
        (TENANT, "", "dawn_bank"),
    ]
    async with database.reading() as tx:
        for tenant, text, recipient in tries:
            with pytest.raises(TokenNotFoundError, match=r"^no such token$"):
                await resolve_token(tx.connection, tenant, text, recipient, rows=ROWS)


async def test_an_unknown_or_erased_subject_gets_no_token_and_nobody_else_does_then(database: Database) -> None:
    await register(database, SUBJECT)
    with pytest.raises(KeyMissingError):
        await issue(database, SUBJECTS)
    await register(database, OTHER)
    async with database.transaction() as tx:
        source = fixed(bytes(17), bytes(range(17)))
        scope = TokenScope(TENANT, "credit_limit", "dawn_bank", "id_card_no")
        tokens = await issue_tokens(tx.connection, scope, SUBJECTS, now=tx.now, rows=ROWS, entropy=source)
    assert sorted(tokens.values()) == sorted([new_token(fixed(bytes(17))), new_token(fixed(bytes(range(17))))])


async def test_writers_at_once_agree_on_one_token_each(database_url: str) -> None:
    subjects = [f"sub_{number:026}" for number in range(200)]
    databases = [Database.open(database_url) for _ in range(4)]
    await register(databases[0], *subjects)
    orders = [subjects, subjects[::-1], subjects[100:] + subjects[:100], subjects]
    issued = await asyncio.gather(*(issue(database, order) for database, order in zip(databases, orders, strict=True)))
    assert issued[0] == issued[1] == issued[2] == issued[3]
    assert len(set(issued[0].values())) == 200
    for database in databases:
        await database.close()


async def test_thousands_of_tokens_are_made_in_batches(database: Database) -> None:
    subjects = [f"sub_{number:026}" for number in range(2500)]
    await register(database, *subjects)
    tokens = await issue(database, subjects)
    assert len(set(tokens.values())) == 2500
