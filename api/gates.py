"""Builds the gate of a process from its concrete parts.

Rules:
- SQLite gets the in-process store, PostgreSQL the pooled one and several groups at once; nothing else differs;
- tokens, and what entries name by digest, are written through the ordinary database, each in a transaction of its own,
  before the entry that relies on them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy.engine import make_url

from api.alarms import AlarmDesk
from api.database import Database, Transaction
from catalog import Catalog
from catalog.store import current as current_catalog
from catalog.store import keep as keep_catalog
from consent import load_registry
from gate import Config, Gate
from gate.deciding import Decider
from gate.engines import PolicyEngine, load_bundle
from gate.facts import Distrusted, microseconds
from gate.fetching import Fetcher
from gate.memo import DecisionMemo
from gate.recording import Named, Recorder
from gate.rows import Alarm, Suspect
from gate.ruling import Ruling
from gate.situating import Situator
from gate.store import HotStore
from gate.store_facts import KeptPolicy, Situation, keep_facts, keep_policy
from gate.store_postgres import PostgresStore
from gate.store_sqlite import SqliteStore
from lineage import Shape, count_shapes, ensure_shapes, guard, new_shapes, newest_configuration
from vault import KeyRing, TokenScope, identifiers, issue_tokens, refresh_key_ring

GROUPS_AT_ONCE = 3  # over a network: the round trips of one, the computing of the other


@dataclass(frozen=True, slots=True)
class GateOptions:
    """What can be set about a gate.

    Attributes:
        deadline_s: how long the policy engine may take for a group, seconds.
        memo: how many decisions are remembered; 0 for none.
        connections: database connections of the hot path (PostgreSQL).
        shapes_per_day: how many new shapes of answers a client may cause in a day.
    """

    deadline_s: float = 1.0
    memo: int = 65_536
    connections: int = 4
    shapes_per_day: int = 1000


async def open_gate(  # noqa: PLR0913  the parts of one gate
    url: str,
    database: Database,
    keys: KeyRing,
    engine: PolicyEngine,
    options: GateOptions | None = None,
    *,
    alarms: AlarmDesk | None = None,
) -> tuple[Gate, HotStore]:
    """Open the hot store of ``url`` and put a gate on it; close the gate first, then the store."""
    chosen = options or GateOptions()
    store = await open_store(url, database.clock, chosen.connections)
    cold = ColdPath(database, keys, alarms, shapes_per_day=chosen.shapes_per_day)
    gate = Gate(
        Situator(store, keys, cold.config, cold.alarms.raise_all),
        Decider(engine, DecisionMemo(chosen.memo), deadline_s=chosen.deadline_s),
        Fetcher(store, keys, tokens=cold.tokens, identifiers=cold.identifiers),
        Recorder(store, keys, cold.keep),
        groups_at_once=1 if isinstance(store, SqliteStore) else GROUPS_AT_ONCE,
    )
    return gate, store


async def open_store(url: str, clock: Callable[[], datetime], connections: int = 4) -> HotStore:
    """Open the hot store for a database URL."""
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        return SqliteStore(Path(str(parsed.database)), lambda: microseconds(clock()), guard)
    dsn = parsed.set(drivername="postgresql").render_as_string(hide_password=False)
    return await PostgresStore.open(dsn, connections=connections)


class ColdPath:
    """What the gate asks for seldom, answered through ordinary transactions."""

    def __init__(
        self, database: Database, keys: KeyRing, alarms: AlarmDesk | None = None, *, shapes_per_day: int = 1000
    ) -> None:
        self._database = database
        self._keys = keys
        self._shapes_per_day = shapes_per_day
        self.alarms = alarms or AlarmDesk(database, keys.mac)

    async def config(self) -> Config:
        """Read the configuration of one epoch, take over the keys it was made with; say whose cannot be trusted."""
        async with self._database.snapshot() as tx:
            await refresh_key_ring(tx.connection, self._keys)
            registry = await load_registry(tx.connection, self._keys.rows)
            catalog = await current_catalog(tx.connection)
            newest = await newest_configuration(tx.connection)
        distrusted = Distrusted(
            frozenset(tenant for tenant, _ in registry.tampered),
            everything=not registry.is_whole or registry.told < newest,
        )
        return Config(registry.epoch, registry, catalog or Catalog.builtin(), distrusted)

    async def tokens(
        self, tenant: str, refs: Sequence[str], field: str, recipient: str, purpose: str
    ) -> Mapping[str, str]:
        """Give each subject's token, making the missing ones; those whose row does not hold are left out."""
        async with self._database.transaction() as tx:
            scope = TokenScope(tenant, purpose, recipient, field)
            tokens = await issue_tokens(tx.connection, scope, refs, now=tx.now, rows=self._keys.rows)
        if len(tokens) < len(refs):
            await self.alarms.raise_all([Alarm(tenant, Suspect.TOKENS, len(refs) - len(tokens))])
        return tokens

    async def identifiers(
        self, tenant: str, refs: Sequence[str], fields: Sequence[str]
    ) -> Mapping[tuple[str, str], bytes]:
        """Give sealed identifiers, for tokens that are computed of them."""
        async with self._database.reading() as tx:
            return await identifiers(tx.connection, tenant, refs, fields)

    async def keep(self, named: Named) -> list[Shape]:
        """Keep what entries to come name; answers shapes that are too many for their client today, not recorded.

        The policy and the catalogue are kept only if they are the ones this process has.
        """
        bundle = load_bundle()
        catalog = Catalog.builtin()
        async with self._database.transaction() as tx:
            now_us = microseconds(tx.now)
            if bundle.revision in named.policies:
                policy = KeptPolicy(bundle.revision, bundle.module, bundle.data)
                await keep_policy(tx.connection, policy, now_us)
            if catalog.revision in named.catalogs:  # any other was saved when it was put in force
                await keep_catalog(tx.connection, catalog, tx.now)
            refused = await self._refused(tx, named.shapes)
            fit = [shape for shape in named.shapes if shape not in refused]
            await keep_facts(tx.connection, [_situation(ruling) for ruling in named.rulings], now_us)
            await ensure_shapes(tx.connection, fit, now=tx.now, mac=self._keys.mac)
            return refused

    async def _refused(self, tx: Transaction, shapes: Sequence[Shape]) -> list[Shape]:
        today = tx.now.replace(hour=0, minute=0, second=0, microsecond=0)
        refused: list[Shape] = []
        for (tenant, client), new in (await new_shapes(tx.connection, shapes)).items():
            done = await count_shapes(tx.connection, tenant, client, since=today)
            refused += new[max(0, self._shapes_per_day - done) :]
        return refused


def _situation(ruling: Ruling) -> Situation:
    return Situation(ruling.facts_digest, ruling.call.document, ruling.call.digest, ruling.facts.document())
