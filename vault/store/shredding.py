"""Destroying what makes subjects readable or recognisable: keys, identifiers, blind index, tokens.

Rules:
- the keys go first: whoever is just about to seal or issue something under one either finished before, and what they
  made is destroyed with the rest, or finds no key any more;
- one statement per table for any number of subjects, each by the start of an index;
- what was destroyed is handed back, so that it can be counted and tried before the transaction ends.

Law: PIPL 47, 19. Format: docs/formats/erasure-certificate.md.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import Table, delete, select
from sqlalchemy.ext.asyncio import AsyncConnection

from vault.store.rows import batches, table_of
from vault.tables import VaultIdentifier, VaultIndexEntry, VaultSubjectKey, VaultToken

SCRUBBED: Final = ("vault_subject_keys", "vault_identifiers", "vault_index", "vault_tokens")


@dataclass(slots=True)
class Shredded:
    """What was stored of one subject until now.

    Attributes:
        wrapped: the wrapped keys, None if they were gone already.
        identifiers: sealed identifiers by field.
        index: (field, digest) of the blind index.
        tokens: (token, field, recipient).
    """

    wrapped: bytes | None = field(default=None, repr=False)
    identifiers: dict[str, bytes] = field(default_factory=dict, repr=False)
    index: list[tuple[str, bytes]] = field(default_factory=list, repr=False)
    tokens: list[tuple[str, str, str]] = field(default_factory=list, repr=False)


async def lock_subject_keys(connection: AsyncConnection, tenant: str, subjects: Sequence[str]) -> None:
    """Lock subjects' keys before anything else of them, in the order of their references.

    Who stores values locks keys and then the consent row; an erasure in another order could wait for them for ever.
    """
    table = table_of(VaultSubjectKey)
    for batch in batches(sorted(subjects)):
        statement = select(table.c.subject).where(table.c.tenant == tenant, table.c.subject.in_(batch))
        await connection.execute(statement.order_by(table.c.subject).with_for_update())


async def shred(connection: AsyncConnection, tenant: str, subjects: Sequence[str]) -> dict[str, Shredded]:
    """Destroy what the vault holds of subjects; answers it for each of them, in the caller's transaction."""
    found = {subject: Shredded() for subject in subjects}
    for subject, wrapped in await _destroy(connection, table_of(VaultSubjectKey), (tenant, subjects), "wrapped"):
        found[subject].wrapped = wrapped
    for subject, name, sealed in await _destroy(
        connection, table_of(VaultIdentifier), (tenant, subjects), "field", "sealed"
    ):
        found[subject].identifiers[name] = sealed
    for subject, name, digest in await _destroy(
        connection, table_of(VaultIndexEntry), (tenant, subjects), "field", "digest"
    ):
        found[subject].index.append((name, digest))
    for subject, token, name, recipient in await _destroy(
        connection, table_of(VaultToken), (tenant, subjects), "token", "field", "recipient"
    ):
        found[subject].tokens.append((token, name, recipient))
    return found


async def _destroy(
    connection: AsyncConnection, table: Table, whose: tuple[str, Sequence[str]], *columns: str
) -> list[Any]:
    """Delete the subjects' rows; answers subject and the columns asked for of each."""
    tenant, subjects = whose
    rows: list[Any] = []
    for batch in batches(sorted(subjects)):
        statement = (
            delete(table)
            .where(table.c.tenant == tenant, table.c.subject.in_(batch))
            .returning(table.c.subject, *(table.c[name] for name in columns))
        )
        rows += [tuple(row) for row in await connection.execute(statement)]
    return rows
