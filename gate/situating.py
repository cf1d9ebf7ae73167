"""Steps 2 and 3: resolve what was asked and gather the facts of every subject in one look.

Rules:
- rows that are not as they were sealed are denied before anything is made of them (`gate.rows`);
- configuration is cached by its epoch only: rows of another epoch reload it before anything is decided;
- consent is never cached: every group asks the database;
- an age band that time can change (a minor's) is computed from the sealed birth date at the instant of the read;
- a value past its field's retention is a fact about its field, found without opening the value.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from gate.errors import ConfigMovedError
from gate.facts import FOREVER_US, GONE, STRANGER, Call, CallKey, Config, SubjectRow, instant, resolve, subject_facts
from gate.fetching import Item
from gate.reads import ReadCall
from gate.rows import AlarmHook, RowCheck, log_alarms
from gate.store import Gathered, HotStore, Scope
from vault import KeyRing, VaultError, age_band

CHINA = ZoneInfo("Asia/Shanghai")
RELOADS = 5
CALLS_KEPT = 4096

ConfigLoader = Callable[[], Awaitable[Config]]
Wanted = Sequence[tuple[Any, ReadCall, Sequence[tuple[int, str]]]]
"""Per owner: its call and the (place, subject) pairs still to be decided."""


@dataclass(frozen=True, slots=True)
class Situated:
    """Items with their facts, and the instant and epoch they hold for."""

    epoch: int
    now_us: int
    catalog: str
    items: list[Item]


class Situator:
    """Gathers facts, keeping the configuration and the calls resolved against it."""

    def __init__(
        self, store: HotStore, keys: KeyRing, load: ConfigLoader, raise_alarms: AlarmHook = log_alarms
    ) -> None:
        self._store = store
        self._keys = keys
        self._rows = RowCheck(keys.rows, raise_alarms)
        self._load = load
        self._config: Config | None = None
        self._calls: dict[CallKey, Call] = {}

    async def situate(self, wanted: Wanted) -> Situated:
        """Resolve and gather; raises ConfigMovedError when the configuration will not hold still."""
        for _ in range(RELOADS):
            config = self._config or await self._reload()
            asked = {scope: list(refs) for scope, refs in self._scopes(wanted, config).items()}
            gathered = await self._store.gather(asked)
            if gathered.epoch == config.epoch:
                items = self._items(wanted, config, gathered)
                await self._rows.distrust(items, gathered, config)
                await self._refine(items, gathered.now_us)
                return Situated(gathered.epoch, gathered.now_us, config.catalog.revision, items)
            self._config = None
        raise ConfigMovedError

    async def _reload(self) -> Config:
        config = await self._load()
        self._calls.clear()
        # One that cannot be trusted is read anew each time: what mends it need not change the epoch.
        self._config = None if config.distrusted else config
        return config

    def _scopes(self, wanted: Wanted, config: Config) -> dict[Scope, dict[str, None]]:
        scopes: dict[Scope, dict[str, None]] = {}
        for _, call, places in wanted:
            client = config.registry.clients.get((call.tenant, call.client))
            scope = Scope(call.tenant, call.purpose, client.party if client else "")
            scopes.setdefault(scope, {}).update(dict.fromkeys(ref for _, ref in places))
        return scopes

    def _items(self, wanted: Wanted, config: Config, gathered: Gathered) -> list[Item]:
        items: list[Item] = []
        for owner, asked, places in wanted:
            call = self._call(asked, config, gathered.now_us)
            client = config.registry.clients.get((asked.tenant, asked.client))
            known = gathered.subjects[Scope(asked.tenant, asked.purpose, client.party if client else "")]
            items += [_item(owner, where, call, known.get(where[1]), gathered.now_us) for where in places]
        return items

    def _call(self, asked: ReadCall, config: Config, now_us: int) -> Call:
        key = CallKey(asked.tenant, asked.client, asked.purpose, asked.product, asked.features)
        call = self._calls.get(key)
        if call is None or call.valid_until_us <= now_us:
            if len(self._calls) >= CALLS_KEPT:
                self._calls.clear()
            call = self._calls[key] = resolve(key, config, now_us)
        return call

    async def _refine(self, items: Sequence[Item], now_us: int) -> None:
        """Complete the facts of the few subjects that need more than their row: minors and old values."""
        minors = [item for item in items if item.row is not None and item.row.age_band == "minor"]
        if minors:
            await self._age(minors, now_us)
        stale = [item for item in items if item.row is not None and _may_be_past_retention(item, item.row, now_us)]
        if stale:
            await self._expire(stale, now_us)

    async def _age(self, minors: Iterable[Item], now_us: int) -> None:
        today = instant(now_us).astimezone(CHINA).date()
        for tenant, group in _by_tenant(minors).items():
            births = await self._store.births(tenant, list({item.ref: None for item in group}))
            for item in group:
                item.facts = item.facts._replace(age=self._band(tenant, item.ref, births.get(item.ref), today))

    def _band(self, tenant: str, ref: str, birth: tuple[bytes, bytes] | None, today: date) -> str:
        if birth is None:
            return "unknown"
        try:
            key = self._keys.open_subject_key(tenant, ref, birth[0])
            born = date.fromisoformat(key.open(birth[1], "birth_date").decode())
        except (VaultError, ValueError):
            return "unknown"
        return str(age_band(born, today))

    async def _expire(self, stale: Iterable[Item], now_us: int) -> None:
        for tenant, group in _by_tenant(stale).items():
            refs = list({item.ref: None for item in group})
            segments = list({f.segment: None for item in group for f in item.call.features.values()})
            observed = {(ref, segment): at for ref, segment, at in await self._store.observed(tenant, refs, segments)}
            for item in group:
                ends = list(_ends(item, observed))
                expired = tuple(sorted({name for name, end_us in ends if end_us <= now_us}))
                item.facts = item.facts._replace(expired=expired)
                item.until_us = min((end_us for _, end_us in ends if end_us > now_us), default=FOREVER_US)


def _item(owner: Any, where: tuple[int, str], call: Call, row: SubjectRow | None, now_us: int) -> Item:
    place, ref = where
    if row is None or row.status == GONE.status:  # an erased subject has no stream: who asks stands in their own
        return Item(owner, place, ref, call, None, STRANGER if row is None else GONE, ())
    facts, grants = subject_facts(row, call, now_us)
    return Item(owner, place, ref, call, row, facts, grants)


def _may_be_past_retention(item: Item, row: SubjectRow, now_us: int) -> bool:
    """Whether the oldest value is older than the shortest life; if not yet, notes when it will be."""
    life_us = item.call.shortest_life_us
    if life_us is None or row.oldest_observed_us is None:
        return False
    item.until_us = row.oldest_observed_us + life_us
    return item.until_us <= now_us


def _ends(item: Item, observed: Mapping[tuple[str, str], int]) -> Iterator[tuple[str, int]]:
    """Per field with a stored value that was asked for: when it may no longer be kept."""
    lives = item.call.lives_us
    for feature in item.call.features.values():
        at_us = observed.get((item.ref, feature.segment))
        if at_us is not None:
            yield from ((name, at_us + lives[name]) for name in feature.fields if name in lives)


def _by_tenant(items: Iterable[Item]) -> dict[str, list[Item]]:
    grouped: dict[str, list[Item]] = {}
    for item in items:
        grouped.setdefault(item.call.key.tenant, []).append(item)
    return grouped
