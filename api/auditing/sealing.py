"""Sealing rows that have no code, or none that holds: after the upgrade that brought codes, and after a repair.

Rules:
- only what is as the ledger tells is sealed; what differs is left as it is, denied, and named;
- what the ledger cannot tell (age band, oldest observation, tokens) is taken as it stands: run it after the upgrade,
  or after somebody has looked, never as a habit;
- a batch is one transaction under the locks of its rows: killed and run again, it goes on where it stopped;
- how many rows were sealed stands in the ledger.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from api.auditing import store
from api.auditing.running import compare_batch, compare_register
from api.auditing.told import Reader, configured
from api.database import Database, Transaction
from consent import end_change
from consent import store as consents
from consent.auditing import SEALED, Difference, SubjectRows, Told
from consent.rows import GRANT, SUBJECT, grant_row, held_text, subject_row
from consent.tables import GRANTS, SUBJECTS
from lineage import DEPLOYMENT, Actor, EntryDraft, Kind, append
from vault import KeyRing
from vault.store.tokens import TOKEN_ROW, token_row

Progress = Callable[[int], None]


@dataclass(slots=True)
class Sealed:
    """What was sealed, and what was left because it differs from the ledger."""

    subjects: int = 0
    grants: int = 0
    tokens: int = 0
    registered: int = 0
    left: list[Difference] = field(default_factory=list)

    @property
    def count(self) -> int:
        """How many rows were sealed."""
        return self.subjects + self.grants + self.tokens + self.registered


async def seal_rows(database: Database, keys: KeyRing, *, by: Actor, progress: Progress | None = None) -> Sealed:
    """Seal everything that is as the ledger tells; ``progress`` is told how many subjects are done."""
    done, seen = Sealed(), 0
    after = ("", "")
    while True:
        async with database.transaction() as tx:
            subjects = await store.subject_batch(tx.connection, after, None, lock=True)
            if not subjects:
                break
            await _seal_batch(tx, keys, subjects, done)
        after = (subjects[-1]["tenant"], subjects[-1]["ref"])
        seen += len(subjects)
        if progress is not None:
            progress(seen)
    await _seal_tokens(database, keys, done)
    async with database.transaction() as tx:
        await _seal_register(tx, keys, done)
        if done.count or done.left:
            parts = {name: getattr(done, name) for name in ("subjects", "grants", "tokens", "registered")}
            draft = EntryDraft(Kind.ROWS_SEALED, DEPLOYMENT, by, parts={**parts, "left": len(done.left)})
            await append(tx.connection, [draft], now=tx.now, mac=keys.mac)
    return done


async def seal_if_never(
    database: Database, keys: KeyRing, *, by: Actor, progress: Progress | None = None
) -> Sealed | None:
    """Seal the rows of a database that held some before rows had codes; None if that was done, or never needed."""
    async with database.reading() as tx:
        if not await store.was_never_sealed(tx.connection):
            return None
    return await seal_rows(database, keys, by=by, progress=progress)


async def _seal_batch(tx: Transaction, keys: KeyRing, subjects: list[store.Row], done: Sealed) -> None:
    rows, differences = await compare_batch(tx.connection, keys, subjects)
    done.left += differences.pop("")
    told = Reader(keys.check_mac).consents(
        await store.consent_entries(tx.connection, [str(row["pseudonym"]) for row in subjects])
    )
    sealed: list[Mapping[str, Any]] = []
    for each in rows:
        found = differences[str(each.subject["ref"])]
        wrong = [difference for difference in found if difference.what not in SEALED]
        done.left += wrong
        if found and not wrong:
            grants = _grants(each, keys)
            await store.seal(tx.connection, GRANTS, "id", [grant for grant in grants if grant["fresh"]])
            done.grants += sum(grant["fresh"] for grant in grants)
            sealed.append(_subject(each, grants, told.get(str(each.subject["pseudonym"]), []), keys))
    await store.seal(tx.connection, SUBJECTS, "ref", sealed)
    done.subjects += len(sealed)


def _grants(rows: SubjectRows, keys: KeyRing) -> list[dict[str, Any]]:
    """The grants with their codes; ``fresh`` where it was made now."""
    found: list[dict[str, Any]] = []
    for row in rows.grants:
        content = grant_row(row)
        fresh = not keys.rows.holds(GRANT, content, row["mac"])
        found.append({**row, "mac": keys.rows.seal(GRANT, content) if fresh else row["mac"], "fresh": fresh})
    return found


def _subject(rows: SubjectRows, grants: list[dict[str, Any]], told: list[Told], keys: KeyRing) -> Mapping[str, Any]:
    current = [(grant["purpose"], grant["recipient"], grant["mac"]) for grant in grants if grant["is_current"]]
    row = {**rows.subject, "held": held_text(current), "told": told[-1].entry if told else 0}
    return {**row, "mac": keys.rows.seal(SUBJECT, subject_row(row))}


async def _seal_tokens(database: Database, keys: KeyRing, done: Sealed) -> None:
    after = ""
    while True:
        async with database.transaction() as tx:
            rows = await store.token_batch(tx.connection, after, None)
            if not rows:
                return
            bare = [row for row in rows if row["mac"] is None]
            sealed = [{**row, "mac": keys.rows.seal(TOKEN_ROW, token_row(row))} for row in bare]
            await store.seal(tx.connection, store.TOKENS, "token", sealed)
            done.tokens += len(sealed)
            after = rows[-1]["token"]


async def _seal_register(tx: Transaction, keys: KeyRing, done: Sealed) -> None:
    await store.lock_epoch(tx.connection)
    reader = Reader(keys.check_mac)
    told = configured(reader, await store.configuration_entries(tx.connection))
    wrong = [*compare_register(await store.registered(tx.connection), told), *reader.found]
    done.left += wrong
    if wrong or not told.epoch:
        return
    for document in await consents.registry.every(tx.connection):
        if not consents.registry.holds(document, keys.rows):
            await consents.registry.seal_document(tx.connection, document, keys.rows)
            done.registered += 1
    if done.registered or not (await consents.registry.check_epoch(tx.connection, keys.rows)).holds:
        await end_change(tx.connection, keys.rows, told.told)
