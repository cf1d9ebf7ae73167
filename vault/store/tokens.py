"""Random tokens, scoped by recipient and purpose.

Rules:
- a token is 130 random bits: it holds nothing of the value, and is worthless once its row is gone;
- one person has different tokens for different recipients, purposes and fields, so that two
  recipients cannot join what they hold;
- asked again in the same scope, the same token is given; two writers at once agree on one;
- another recipient's token, another tenant's and one that never was are the same refusal.

Law: PIPL 51(3), 73(3) (de-identification). Standard: RFC 4648 (base32). Format: docs/formats/tokens.md.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from vault.encoding import NAME_BYTES, Entropy, draw, is_opaque_name, opaque_name, system_entropy
from vault.errors import KeyMissingError, TokenNotFoundError
from vault.store.keys import subject_keys
from vault.store.rows import batches, insert_into, microseconds, table_of
from vault.tables import VaultToken

TOKEN_PREFIX: Final = "tok_"  # noqa: S105  # a prefix, no secret
_TOKENS: Final = table_of(VaultToken)


@dataclass(frozen=True, slots=True)
class TokenOwner:
    """What a token stands for."""

    subject: str
    field: str
    purpose: str


async def issue_tokens(  # noqa: PLR0913, PLR0917  # the scope of a token, spelled out
    connection: AsyncConnection,
    tenant: str,
    subjects: Sequence[str],
    field: str,
    recipient: str,
    purpose: str,
    now: datetime,
    entropy: Entropy = system_entropy,
) -> dict[str, str]:
    """Give each subject's token for this field, recipient and purpose, making those that are missing.

    Raises: KeyMissingError: a subject is unknown or erased; nothing is made then.
    """
    scope = {"tenant": tenant, "field": field, "recipient": recipient, "purpose": purpose}
    wanted = sorted(set(subjects))
    tokens = await _existing(connection, scope, wanted)
    missing = [subject for subject in wanted if subject not in tokens]
    if not missing:
        return tokens
    if len(await subject_keys(connection, tenant, missing, hold=True)) != len(missing):
        raise KeyMissingError("keys of a subject that a token is asked for")
    created_us = microseconds(now)
    rows = [{"token": new_token(entropy), "subject": subject, "created_us": created_us, **scope} for subject in missing]
    statement = insert_into(connection, _TOKENS).on_conflict_do_nothing()
    for batch in batches(rows):
        await connection.execute(statement, batch)
    return tokens | await _existing(connection, scope, missing)


async def resolve_token(connection: AsyncConnection, tenant: str, token: str, recipient: str) -> TokenOwner:
    """Find what a token stands for, for the recipient it was made for.

    Raises: TokenNotFoundError: not a token, not this tenant's or not this recipient's.
    """
    table = _TOKENS.c
    if not is_opaque_name(TOKEN_PREFIX, token):
        raise TokenNotFoundError
    statement = select(table.subject, table.field, table.purpose).where(
        table.token == token, table.tenant == tenant, table.recipient == recipient
    )
    row = (await connection.execute(statement)).one_or_none()
    if row is None:
        raise TokenNotFoundError
    return TokenOwner(row.subject, row.field, row.purpose)


async def resolve_tokens(
    connection: AsyncConnection, tenant: str, tokens: Sequence[str], recipient: str
) -> dict[str, TokenOwner]:
    """Find what tokens stand for, for the recipient they were made for; all others are not in it."""
    table = _TOKENS.c
    found: dict[str, TokenOwner] = {}
    for batch in batches([token for token in tokens if is_opaque_name(TOKEN_PREFIX, token)]):
        statement = select(table.token, table.subject, table.field, table.purpose).where(
            table.token.in_(batch), table.tenant == tenant, table.recipient == recipient
        )
        for row in await connection.execute(statement):
            found[row.token] = TokenOwner(row.subject, row.field, row.purpose)
    return found


def new_token(entropy: Entropy = system_entropy) -> str:
    """Draw a token: `tok_` and 26 characters of lowercase base32."""
    return opaque_name(TOKEN_PREFIX, draw(entropy, NAME_BYTES))


async def _existing(connection: AsyncConnection, scope: dict[str, str], subjects: Sequence[str]) -> dict[str, str]:
    table = _TOKENS.c
    found: dict[str, str] = {}
    for batch in batches(subjects):
        statement = select(table.subject, table.token).where(
            table.subject.in_(batch), *(table[name] == value for name, value in scope.items())
        )
        found |= {row.subject: row.token for row in await connection.execute(statement)}
    return found
