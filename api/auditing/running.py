"""The audit: the whole state, compared with what the ledger tells, in one snapshot.

Rules:
- the ledger is believed as far as its codes hold; whether it is sound in itself `lineage.check` says;
- subjects are compared in batches of a tenant: memory does not grow with their number; the register, which is small,
  is compared as a whole;
- what is compared: subjects and grants with the fold of their events, the events themselves, the register in all its
  versions, the epoch, the catalogue in force, the codes of all of these and of tokens, and the digests of facts and
  policies;
- nothing is changed: `api.auditing.sealing` mends codes of rows that are otherwise as the ledger tells.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from api.auditing import store
from api.auditing.told import Configured, Reader, configured
from catalog.store import current_revision, revisions
from consent.auditing import CODE, EXTRA, MISSING, Difference, SubjectRows, audit_subject
from consent.rows import EPOCH, THING, epoch_row, thing_row
from consent.tables import EVENTS, GRANTS
from gate.store_facts import faulty_facts, missing_facts, policy_revisions
from lineage import CheckReport
from vault import KeyRing
from vault.store.tokens import TOKEN_ROW, token_row

KEPT = 1000
Progress = Callable[[int], None]
Row = Mapping[Any, Any]
Batch = tuple[list[SubjectRows], dict[str, list[Difference]]]


@dataclass(slots=True)
class AuditReport:
    """What an audit found.

    Attributes:
        subjects, grants, tokens, registered: how many rows were compared.
        differences: the first thousand; ``count`` counts all.
    """

    subjects: int = 0
    grants: int = 0
    tokens: int = 0
    registered: int = 0
    count: int = 0
    differences: list[Difference] = field(default_factory=list)

    def note(self, found: Sequence[Difference]) -> None:
        """Add differences."""
        self.count += len(found)
        self.differences += found[: KEPT - len(self.differences)]

    @property
    def agrees(self) -> bool:
        """Whether nothing was found."""
        return self.count == 0


async def audit(
    connection: AsyncConnection, keys: KeyRing, *, tenant: str | None = None, progress: Progress | None = None
) -> AuditReport:
    """Compare everything; call it in a snapshot of its own.

    Shape: with ``tenant`` only that tenant's people and tokens; the configuration is always compared whole.
    ``progress`` is told how many subjects are done.
    """
    report = AuditReport()
    async for rows, differences in compared(connection, keys, tenant):
        report.subjects += len(rows)
        report.grants += sum(len(each.grants) for each in rows)
        for found in differences.values():
            report.note(found)
        if progress is not None:
            progress(report.subjects)
    report.note([Difference(table, name, MISSING) for table, name in await store.orphans(connection)])
    await _tokens(connection, keys, tenant, report)
    await _configuration(connection, keys, report)
    report.note([Difference(table, name, CODE) for table, name in await faulty_facts(connection)])
    return report


async def compared(connection: AsyncConnection, keys: KeyRing, tenant: str | None) -> AsyncIterator[Batch]:
    """Subjects with all their rows, and the differences of each by reference; "" for entries nobody can believe."""
    async for subjects in store.subject_batches(connection, tenant):
        yield await compare_batch(connection, keys, subjects)


async def compare_batch(connection: AsyncConnection, keys: KeyRing, subjects: Sequence[Row]) -> Batch:
    """The same for some subjects of one tenant."""
    reader = Reader(keys.check_mac)
    held = {str(row["ref"]): SubjectRows(row) for row in subjects}
    tenant = str(subjects[0]["tenant"])
    for row in await store.of_subjects(connection, GRANTS, tenant, list(held)):
        held[row["subject"]].grants.append(row)
    for row in await store.of_subjects(connection, EVENTS, tenant, list(held)):
        held[row["subject"]].events.append(row)
    told = reader.consents(await store.consent_entries(connection, [str(row["pseudonym"]) for row in subjects]))
    differences = {
        ref: audit_subject(rows, told.get(str(rows.subject["pseudonym"]), []), keys.rows) for ref, rows in held.items()
    }
    differences[""] = reader.found
    return list(held.values()), differences


async def _tokens(connection: AsyncConnection, keys: KeyRing, tenant: str | None, report: AuditReport) -> None:
    after = ""
    while rows := await store.token_batch(connection, after, tenant):
        after = rows[-1]["token"]
        report.tokens += len(rows)
        report.note(
            [
                Difference("vault_tokens", str(row["token"]), CODE)
                for row in rows
                if not keys.rows.holds(TOKEN_ROW, token_row(row), row["mac"])
            ]
        )


async def _configuration(connection: AsyncConnection, keys: KeyRing, report: AuditReport) -> None:
    reader = Reader(keys.check_mac)
    told = configured(reader, await store.configuration_entries(connection))
    rows = await store.registered(connection)
    report.registered = len(rows)
    report.note(list(compare_register(rows, told)))
    report.note(list(_seals(rows, await store.seals(connection), keys)))
    report.note([Difference("consent_epoch", "1", what) async for what in _epoch(connection, told, keys)])
    report.note(reader.found)


def compare_register(rows: Sequence[Row], told: Configured) -> Iterator[Difference]:
    """The register, in all versions, against the digests in the ledger."""
    left = dict(told.versions)
    for row in rows:
        key = (row["tenant"], row["kind"], row["name"], row["version"])
        name = "/".join(map(str, key))
        expected = left.pop(key, None)
        if expected is None:
            yield Difference("consent_registry", name, EXTRA)
            continue
        found = (sha256(str(row["body"]).encode()).hexdigest(), row["epoch"], row["at_us"])
        for what, is_, must in zip(("body", "epoch", "at_us"), found, expected, strict=True):
            if is_ != must:
                yield Difference("consent_registry", name, what)
    for key in sorted(left):
        yield Difference("consent_registry", "/".join(map(str, key)), MISSING)


def _seals(rows: Sequence[Row], seals: Sequence[Row], keys: KeyRing) -> Iterator[Difference]:
    newest = {(row["tenant"], row["kind"], row["name"]): row for row in rows}  # ascending versions: the last one stays
    sealed = {(seal["tenant"], seal["kind"], seal["name"]): seal for seal in seals}
    for key, row in newest.items():
        seal = sealed.pop(key, None)
        if seal is None:
            yield Difference("consent_seals", "/".join(key), MISSING)
        elif seal["version"] != row["version"] or not keys.rows.holds(THING, thing_row(row), seal["mac"]):
            yield Difference("consent_seals", "/".join(key), CODE)
    for key in sorted(sealed):
        yield Difference("consent_seals", "/".join(key), EXTRA)


async def _epoch(connection: AsyncConnection, told: Configured, keys: KeyRing) -> AsyncIterator[str]:
    row = await store.epoch(connection)
    catalog = await current_revision(connection)
    if row is None:
        yield MISSING
        return
    if row["epoch"] != told.epoch:
        yield "epoch"
    if row["told"] != told.told:
        yield "told"
    if catalog != told.catalog:
        yield "catalog"
    seals = [
        (seal["tenant"], seal["kind"], seal["name"], seal["version"], seal["mac"])
        for seal in await store.seals(connection)
    ]
    content = epoch_row(row, catalog, sorted(seals))
    if told.epoch and not keys.rows.holds(EPOCH, content, row["mac"]):
        yield CODE


async def compare_kept(connection: AsyncConnection, checked: CheckReport) -> list[Difference]:
    """What reads name by digest and nobody kept: such a decision cannot be replayed."""
    found = [Difference("gate_facts", name, MISSING) for name in sorted(await missing_facts(connection, checked.facts))]
    policies = checked.policies - set(await policy_revisions(connection))
    catalogs = checked.catalogs - {revision for revision, _ in await revisions(connection)}
    found += [Difference("gate_policies", name, MISSING) for name in sorted(policies)]
    return found + [Difference("catalog_revisions", name, MISSING) for name in sorted(catalogs)]
