"""Step 6: one ledger entry per subject, denials like releases.

Rules:
- an entry is inserted only while the consent version, the configuration epoch and the validity it was decided under
  still hold; otherwise the subject is decided again;
- the commitment is keyed by the subject's own key and names the entry's place, so equal values do not show as equal;
- entries of one subject take contiguous places; readers of unknown subjects have a stream of their own;
- what an entry names by digest (the shape of the answer, the facts, the policy, the catalogue) is kept before it; a
  client that makes too many new shapes is denied, its whole read, and the others of the group are not.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

import msgspec

from gate.errors import TooManyShapesError
from gate.facts import instant
from gate.fetching import Item
from gate.reads import Mode
from gate.ruling import Ruling
from gate.situating import Situated
from gate.store import HotStore, Record
from lineage import Actor, EntryTemplate, Moment, ReadContext, Role, Shape
from lineage import Mode as LedgerMode
from vault import KeyRing

SHAPES_KEPT = 65_536


@dataclass(frozen=True, slots=True)
class Named:
    """What entries to come name by digest, and this process has not seen kept yet.

    Attributes:
        rulings: one for each facts document.
        policies, catalogs: revisions.
    """

    shapes: tuple[Shape, ...]
    rulings: tuple[Ruling, ...]
    policies: tuple[str, ...]
    catalogs: tuple[str, ...]


Keeper = Callable[[Named], Awaitable[Sequence[Shape]]]
"""Keeps what is named, durable when it returns; answers the shapes that it refused."""

_encode = msgspec.json.Encoder().encode


class Recorder:
    """Writes the entries of a group."""

    def __init__(self, store: HotStore, keys: KeyRing, keep: Keeper) -> None:
        self._store = store
        self._keys = keys
        self._keep = keep
        self._kept: set[tuple[str, str]] = set()

    async def record(self, situated: Situated, items: Sequence[Item], policy: str) -> dict[Item, int]:
        """Insert an entry for each item; returns the ids of those that still held."""
        templates = [self._template(situated, item, policy) for item in items]
        refused = await self._keep_named(situated, items, templates)
        if refused:
            items, templates = _without(refused, items, templates)
        if not items:
            return {}
        places = await self._places(items)
        moment = Moment.of(instant(situated.now_us))
        records = [
            self._entry(item, template, place, moment)
            for item, template, place in zip(items, templates, places, strict=True)
        ]
        inserted = await self._store.record(situated.epoch, records)
        return {
            item: inserted[record.row[1], record.row[2]]
            for item, record in zip(items, records, strict=True)
            if (record.row[1], record.row[2]) in inserted
        }

    def _entry(self, item: Item, template: EntryTemplate, seq: int, moment: Moment) -> Record:
        row = item.row
        used = [item.grants[position] for position in item.ruling.used]
        until_us = min(item.call.valid_until_us, item.until_us)
        for grant in used:
            if grant.expires_us is not None and grant.expires_us < until_us:
                until_us = grant.expires_us
        entry = template.row(
            seq=seq,
            subject=row.pseudonym if row else None,
            moment=moment,
            consent_version=row.version if row else None,
            grants=[(grant.id, grant.version) for grant in used],
            commitment=_commitment(item, row.pseudonym, seq) if row else None,
            mac=self._keys.mac,
        )
        return Record(item.ref if row else None, row.version if row else 0, until_us, entry)

    def _template(self, situated: Situated, item: Item, policy: str) -> EntryTemplate:
        ruling: Ruling = item.ruling
        mode = item.owner.call.mode
        kept = ruling.templates.get((mode, policy))
        if kept is None:
            kept = ruling.templates[mode, policy] = EntryTemplate.of(
                self._context(situated, item, policy),
                ruling.shape,
                facts=ruling.facts_digest,
                unknown_features=ruling.unknown_features,
            )
        return kept

    def _context(self, situated: Situated, item: Item, policy: str) -> ReadContext:
        key, mode = item.call.key, item.owner.call.mode
        return ReadContext(
            tenant=key.tenant,
            actor=Actor(Role.SCORER, key.client),
            client=key.client,
            party=item.call.party,
            purpose=key.purpose,
            product=key.product,
            mode=LedgerMode.RELEASE if mode is Mode.release else LedgerMode.DRY_RUN,
            basis=item.call.document["purpose"].get("basis"),
            epoch=situated.epoch,
            policy=policy,
            catalog=situated.catalog,
            key=self._keys.key_version,
        )

    async def _keep_named(
        self, situated: Situated, items: Sequence[Item], templates: Sequence[EntryTemplate]
    ) -> set[tuple[str, str]]:
        """Have what is new kept; the shapes that were refused."""
        kept = self._kept
        shapes = {key: t.shape for t in templates if (key := (t.shape.tenant, t.shape.digest)) not in kept}
        rulings = {key: i.ruling for i in items if (key := ("facts", i.ruling.facts_digest)) not in kept}
        policies = {key: key[1] for t in templates if (key := ("policy", t.context.policy)) not in kept}
        catalogs = {key: key[1] for key in [("catalog", situated.catalog)] if key not in kept}
        missing = (shapes, rulings, policies, catalogs)
        if not any(missing):
            return set()
        named = Named(*(tuple(each.values()) for each in missing))  # type: ignore[arg-type]  # in its order
        refused = {(shape.tenant, shape.digest) for shape in await self._keep(named)}
        if len(kept) > SHAPES_KEPT:
            kept.clear()
        for each in missing:
            kept.update(each.keys() - refused)
        return refused

    async def _places(self, items: Sequence[Item]) -> list[int]:
        """The place of each item's entry in its stream."""
        strangers = list({_stranger_stream(item): None for item in items if item.row is None})
        heads = await self._store.heads(strangers) if strangers else {}
        places: list[int] = []
        for item in items:
            stream = item.row.pseudonym if item.row else _stranger_stream(item)
            head = heads.get(stream, item.row.head if item.row else 0) + 1
            heads[stream] = head
            places.append(head)
        return places


def _without(
    refused: set[tuple[str, str]], items: Sequence[Item], templates: Sequence[EntryTemplate]
) -> tuple[Sequence[Item], list[EntryTemplate]]:
    """Deny the reads with a shape that may not be recorded; the items and templates of the others."""
    denied: set[int] = set()
    for item, template in zip(items, templates, strict=True):
        if (template.shape.tenant, template.shape.digest) in refused:
            item.owner.fail(TooManyShapesError)
            denied.add(id(item.owner))
    left = [pair for pair in zip(items, templates, strict=True) if id(pair[0].owner) not in denied]
    return [item for item, _ in left], [template for _, template in left]


def _stranger_stream(item: Item) -> str:
    return f"client/{item.call.key.tenant}/{item.call.key.client}"


def _commitment(item: Item, stream: str, seq: int) -> bytes | None:
    """Commit to the released values as they are sent, bound to the entry's place."""
    if item.key is None or not item.values:
        return None
    return item.key.commit(f"{stream}/{seq}\n".encode() + _encode(item.values))
