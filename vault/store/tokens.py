"""Random tokens, scoped by recipient and purpose.

Rules:
- a token is 130 random bits: it holds nothing of the value, and is worthless once its row is gone;
- one person has different tokens for different recipients, purposes and fields, so that two
  recipients cannot join what they hold;
- asked again in the same scope, the same token is given; two writers at once agree on one;
- another recipient's token, another tenant's and one that never was are the same refusal;
- a row is authenticated over all its columns; one that does not hold is neither given out nor resolved.

Law: PIPL 51(3), 73(3) (de-identification). Standard: RFC 4648 (base32).
Format: docs/formats/tokens.md, docs/formats/row-mac.md.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final

import msgspec
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from vault.encoding import NAME_BYTES, Entropy, draw, is_opaque_name, opaque_name, system_entropy
from vault.errors import KeyMissingError, TamperedError, TokenNotFoundError
from vault.rows import RowKeys
from vault.store.keys import subject_keys
from vault.store.rows import batches, insert_into, microseconds, table_of
from vault.tables import VaultToken
from vault.token_kinds import TokenScope

TOKEN_PREFIX: Final = "tok_"  # noqa: S105  # a prefix, no secret
TOKEN_ROW: Final = "yumen/token/1"  # noqa: S105  # the domain of the rows' codes
_TOKENS: Final = table_of(VaultToken)
_COLUMNS: Final = sorted(column.name for column in _TOKENS.c if column.name != "mac")


@dataclass(frozen=True, slots=True)
class TokenOwner:
    """What a token stands for."""

    subject: str
    field: str
    purpose: str


async def issue_tokens(  # noqa: PLR0913  rows and entropy come in with what they are for
    connection: AsyncConnection,
    scope: TokenScope,
    subjects: Sequence[str],
    *,
    now: datetime,
    rows: RowKeys,
    entropy: Entropy = system_entropy,
) -> dict[str, str]:
    """Give each subject's token for this field, recipient and purpose, making those that are missing.

    A subject whose token's row does not hold is left out.
    Raises: KeyMissingError: a subject is unknown or erased; nothing is made then.
    """
    columns = asdict(scope)
    wanted = sorted(set(subjects))
    tokens = await _existing(connection, columns, wanted, rows)
    missing = [subject for subject in wanted if subject not in tokens]
    if not missing:
        return _holding(tokens)
    if len(await subject_keys(connection, scope.tenant, missing, hold=True)) != len(missing):
        raise KeyMissingError("keys of a subject that a token is asked for")
    common = {**columns, "created_us": microseconds(now)}
    made = [{"token": new_token(entropy), "subject": subject, **common} for subject in missing]
    sealed = [{**row, "mac": rows.seal(TOKEN_ROW, token_row(row))} for row in made]
    statement = insert_into(connection, _TOKENS).on_conflict_do_nothing()
    for batch in batches(sealed):
        await connection.execute(statement, batch)
    return _holding(tokens | await _existing(connection, columns, missing, rows))


async def resolve_token(
    connection: AsyncConnection, tenant: str, token: str, recipient: str, *, rows: RowKeys
) -> TokenOwner:
    """Find what a token stands for, for the recipient it was made for.

    Raises: TokenNotFoundError: not a token, not this tenant's or not this recipient's. TamperedError: its row was
        changed by hand.
    """
    table = _TOKENS.c
    if not is_opaque_name(TOKEN_PREFIX, token):
        raise TokenNotFoundError
    statement = select(_TOKENS).where(table.token == token, table.tenant == tenant, table.recipient == recipient)
    row = (await connection.execute(statement)).mappings().one_or_none()
    if row is None:
        raise TokenNotFoundError
    if not rows.holds(TOKEN_ROW, token_row(row), row["mac"]):
        raise TamperedError
    return TokenOwner(row["subject"], row["field"], row["purpose"])


async def resolve_tokens(
    connection: AsyncConnection, tenant: str, tokens: Sequence[str], recipient: str, *, rows: RowKeys
) -> dict[str, TokenOwner]:
    """Find what tokens stand for, for the recipient they were made for; all others are not in it.

    Nor are those whose row was changed by hand.
    """
    table = _TOKENS.c
    found: dict[str, TokenOwner] = {}
    for batch in batches([token for token in tokens if is_opaque_name(TOKEN_PREFIX, token)]):
        statement = select(_TOKENS).where(table.token.in_(batch), table.tenant == tenant, table.recipient == recipient)
        for row in (await connection.execute(statement)).mappings():
            if rows.holds(TOKEN_ROW, token_row(row), row["mac"]):
                found[row["token"]] = TokenOwner(row["subject"], row["field"], row["purpose"])
    return found


def new_token(entropy: Entropy = system_entropy) -> str:
    """Draw a token: `tok_` and 26 characters of lowercase base32."""
    return opaque_name(TOKEN_PREFIX, draw(entropy, NAME_BYTES))


def token_row(row: Mapping[Any, Any]) -> bytes:
    """What is authenticated of a row: a JSON array of [column, value], every column but the code, by name."""
    return msgspec.json.encode([[name, row[name]] for name in _COLUMNS])


async def _existing(
    connection: AsyncConnection, scope: dict[str, str], subjects: Sequence[str], rows: RowKeys
) -> dict[str, str | None]:
    """The tokens there are, None for one whose row does not hold."""
    table = _TOKENS.c
    found: dict[str, str | None] = {}
    for batch in batches(subjects):
        statement = select(_TOKENS).where(
            table.subject.in_(batch), *(table[name] == value for name, value in scope.items())
        )
        for row in (await connection.execute(statement)).mappings():
            holds = rows.holds(TOKEN_ROW, token_row(row), row["mac"])
            found[row["subject"]] = row["token"] if holds else None
    return found


def _holding(tokens: Mapping[str, str | None]) -> dict[str, str]:
    return {subject: token for subject, token in tokens.items() if token is not None}
