"""Step 6: one ledger entry per subject, denials like releases.

Rules:
- an entry is inserted only while the consent version, the configuration epoch and the validity it was decided under
  still hold; otherwise the subject is decided again;
- the commitment is keyed by the subject's own key and names the entry's place, so equal values do not show as equal;
- entries of one subject take contiguous places; readers of unknown subjects have a stream of their own;
- a shape of answer is in the ledger before the first entry that names it; a client that makes too many new ones is
  denied, its whole read, and the others of the group are not.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

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

ShapeKeeper = Callable[[Sequence[Shape]], Awaitable[Sequence[Shape]]]
"""Records shapes that are new and answers those that it refused."""
SHAPES_KEPT = 65_536

_encode = msgspec.json.Encoder().encode


class Recorder:
    """Writes the entries of a group."""

    def __init__(self, store: HotStore, keys: KeyRing, keep_shapes: ShapeKeeper) -> None:
        self._store = store
        self._keys = keys
        self._keep_shapes = keep_shapes
        self._kept: set[tuple[str, str]] = set()

    async def record(self, situated: Situated, items: Sequence[Item], policy: str) -> dict[Item, int]:
        """Insert an entry for each item; returns the ids of those that still held."""
        templates = [self._template(situated, item, policy) for item in items]
        refused = await self._ensure_shapes([template.shape for template in templates])
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

    async def _ensure_shapes(self, shapes: Sequence[Shape]) -> set[tuple[str, str]]:
        """Have new shapes recorded; those that were refused."""
        missing = {(s.tenant, s.digest): s for s in shapes if (s.tenant, s.digest) not in self._kept}
        if not missing:
            return set()
        refused = {(s.tenant, s.digest) for s in await self._keep_shapes(list(missing.values()))}
        if len(self._kept) > SHAPES_KEPT:
            self._kept.clear()
        self._kept.update(missing.keys() - refused)
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
