"""The service behind the routes: the one place that puts the concrete parts together.

Rules:
- parts open in order (database, root key, key ring, policy engine, issuer's keys) and close in the opposite one;
- a database or key management system that is not there yet is waited for in the background: the process lives, says it
  is not ready, denies, and recovers alone; a wrong key or a broken policy bundle ends the start instead, since waiting
  mends neither;
- once opened, keys serve from memory while their keeper is away, and stop serving when it says that the root key was
  switched off or taken away (api.watching).
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import os
import socket
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import sqlalchemy.exc
from starlette.datastructures import State

from api.alarms import AlarmDesk
from api.answers import AnswerWriter
from api.auditing.sealing import seal_if_never
from api.database import Clock, Database, Transaction, utc_now
from api.ends import DatabaseBehindError, Ends, EndsError, EndsFile
from api.following import following, telling
from api.gates import GateOptions, open_gate
from api.identity import BuiltinIssuer, FileKeys, IdentityError, KeySource, RemoteKeys, TokenRules, TokenVerifier
from api.logs import EVENTS
from api.metrics import Metrics
from api.options import EngineKind, IssuerKind, Mode
from api.problems import ProblemError
from api.roots import open_root_key, suite_of
from api.scanner import Scanner
from api.settings import Settings
from api.store import purge
from api.transparency import LogDesk
from api.usecases.catalogs import Catalogs
from api.watching import RootWatch
from gate import Gate
from gate.engines import EmbeddedEngine, OpaEndpoint, OpaServerEngine, PolicyEngine, Reason, load_bundle
from gate.errors import GateError
from gate.replaying import Replayer
from lineage import Actor, Role
from lineage.log import LogReader, log_key
from vault import (
    KeyDisabledError,
    KeyRing,
    KmsRefusedError,
    KmsUnavailableError,
    LogSigner,
    RootKey,
    VaultError,
    open_key_ring,
)

KEYS_OUT_OF_REACH = (KmsUnavailableError, KmsRefusedError, KeyDisabledError)
NOT_THERE_YET = (sqlalchemy.exc.SQLAlchemyError, ConnectionError, TimeoutError, OSError, *KEYS_OUT_OF_REACH)
RETRY_S = 1.0
PURGE_S = 600.0


@dataclass(frozen=True, slots=True)
class Service:
    """Everything a route can reach, opened."""

    settings: Settings
    database: Database
    metrics: Metrics
    root: RootKey
    keyring: KeyRing
    signer: LogSigner
    log: LogDesk
    engine: PolicyEngine
    gate: Gate
    answers: AnswerWriter
    reasons: Mapping[str, Reason]
    catalogs: Catalogs
    verifier: TokenVerifier
    scanner: Scanner
    replica: str
    replayer: Replayer
    ends: Ends

    def fingerprint(self, tenant: str, data: bytes) -> bytes:
        """A keyed digest, for telling requests apart without keeping them."""
        return self.keyring.name_for(tenant, "request", data.hex())


def service_of(state: State) -> Service:
    """The opened service. Raises: ProblemError: service/starting, service/database_behind."""
    service: Service | None = getattr(state, "service", None)
    if service is None:
        raise ProblemError("service/database_behind" if getattr(state, "is_behind", False) else "service/starting")
    return service


@asynccontextmanager
async def open_service(settings: Settings, *, metrics: Metrics, clock: Clock = utc_now) -> AsyncIterator[Service]:
    """Open every part; closes them when the block ends."""
    async with AsyncExitStack() as stack:
        database = open_database(settings, clock, guarded=True)
        stack.push_async_callback(database.close)
        root = await asyncio.to_thread(open_root_key, settings)
        async with database.transaction() as tx:
            keyring = await open_key_ring(tx.connection, root, now=tx.now, suite=suite_of(settings))
        if settings.mode is Mode.DEVELOPMENT:  # in production `yumen migrate` does it, when it is told to
            await seal_if_never(database, keyring, by=Actor(Role.SYSTEM, "upgrade"))
        await _watch(settings, root, keyring, stack)
        ends = await open_ends(settings, database)
        signer = keyring.log_signer
        engine = open_engine(settings)
        stack.push_async_callback(engine.close)
        alarms = AlarmDesk(database, keyring.mac, metrics=metrics)
        gate = await _open_gate(settings, database, keyring, engine, alarms, stack)
        keys = await _key_source(settings, stack)
        verifier = TokenVerifier(token_rules(settings), keys, clock=clock, alias=staff_alias(keyring))
        reasons = load_bundle().reasons
        replayer = Replayer()
        stack.push_async_callback(replayer.close)
        scanner = Scanner(engine=settings.classify.engine, deadline_s=settings.classify.deadline_ms / 1000)
        stack.push_async_callback(scanner.close)
        yield Service(
            settings=settings,
            database=database,
            metrics=metrics,
            root=root,
            keyring=keyring,
            signer=signer,
            log=LogDesk(database, LogReader(settings.log_folder, log_key(settings.transparency.origin, signer))),
            engine=engine,
            gate=gate,
            answers=AnswerWriter({code: asdict(reason) for code, reason in reasons.items()}),
            reasons=reasons,
            catalogs=Catalogs(),
            verifier=verifier,
            scanner=scanner,
            replica=replica_name(),
            replayer=replayer,
            ends=ends,
        )


def replica_name() -> str:
    """This process among the replicas: a digest of host and process, so that no machine's name leaves it."""
    return hashlib.sha256(f"{socket.gethostname()}/{os.getpid()}".encode()).hexdigest()[:16]


def open_database(settings: Settings, clock: Clock = utc_now, *, guarded: bool = False) -> Database:
    """The database; makes the data folder of an embedded one."""
    prepare_data_dir(settings)
    return Database.open(
        settings.database, clock=clock, pool_size=settings.database_pool, echo=settings.sql_echo, guarded=guarded
    )


def prepare_data_dir(settings: Settings) -> None:
    """Make the data folder, closed to others, if it is not there."""
    settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)


async def open_ends(settings: Settings, database: Database) -> Ends:
    """What ended, kept beside the database. Raises: DatabaseBehindError, EndsError."""
    ends = Ends(EndsFile(settings.ends_file))
    await ends.open(database)
    return ends


def open_engine(settings: Settings) -> PolicyEngine:
    """The policy engine the settings choose; a server that runs another revision keeps the service from being ready."""
    policy = settings.policy
    if policy.engine is EngineKind.EMBEDDED:
        return EmbeddedEngine()
    token = None if policy.opa_token is None else policy.opa_token.get_secret_value()
    return OpaServerEngine(OpaEndpoint.of(str(policy.opa_url), token=token))


def open_issuer(settings: Settings) -> BuiltinIssuer:
    """The development issuer; settings refuse it in production mode."""
    prepare_data_dir(settings)
    issuer = settings.issuer
    return BuiltinIssuer.open(settings.issuer_key_file, name=issuer.name, audience=issuer.audience)


def token_rules(settings: Settings) -> TokenRules:
    """What tokens must say here."""
    issuer = settings.issuer
    return TokenRules(
        issuer=issuer.name,
        audience=issuer.audience,
        algorithms=frozenset(issuer.algorithms),
        leeway_s=issuer.leeway_s,
        max_token_s=issuer.max_token_s,
        token_bytes=settings.limits.token_bytes,
        tenant_claim=issuer.tenant_claim,
        roles_claim=issuer.roles_claim,
    )


def staff_alias(keyring: KeyRing) -> Callable[[str, str], str]:
    """The keyed alias of a staff member: stable for a tenant, and not to be guessed back."""

    def alias(tenant: str, name: str) -> str:
        digest = keyring.name_for(tenant, "staff", name)[-20:]
        return "st_" + base64.b32encode(digest).decode().rstrip("=").lower()[:26]

    return alias


async def _watch(settings: Settings, root: RootKey, keyring: KeyRing, stack: AsyncExitStack) -> None:
    watch = RootWatch(root, keyring, settings.kms.outage_s, time.monotonic)
    task = asyncio.create_task(watch.keep_looking(settings.kms.watch_s))

    async def stop() -> None:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    stack.push_async_callback(stop)


async def _open_gate(  # noqa: PLR0913, PLR0917  the parts of one gate
    settings: Settings,
    database: Database,
    keyring: KeyRing,
    engine: PolicyEngine,
    alarms: AlarmDesk,
    stack: AsyncExitStack,
) -> Gate:
    options = GateOptions(
        deadline_s=settings.policy.deadline_ms / 1000,
        memo=settings.policy.memo_entries,
        shapes_per_day=settings.limits.shapes_per_day,
    )
    gate, store = await open_gate(settings.database, database, keyring, engine, options, alarms=alarms)
    stack.push_async_callback(store.close)
    stack.push_async_callback(gate.close)
    return gate


async def _key_source(settings: Settings, stack: AsyncExitStack) -> KeySource:
    issuer = settings.issuer
    if issuer.kind is IssuerKind.BUILTIN:
        return (await asyncio.to_thread(open_issuer, settings)).keys()
    if issuer.jwks_file is not None:
        return FileKeys(Path(issuer.jwks_file))
    http = await stack.enter_async_context(RemoteKeys.client())
    return RemoteKeys(str(issuer.jwks_url), http=http, monotonic=time.monotonic)


Opener = Callable[[], Any]


@asynccontextmanager
async def standing(state: State, opener: Opener) -> AsyncIterator[None]:
    """Keep ``state.service`` opened while the block runs, waiting for a database that is not there yet.

    ``opener()`` gives the asynchronous context manager of a Service. Faults that waiting does not mend are raised.
    """
    state.service, state.is_behind = None, False
    async with AsyncExitStack() as stack:
        tasks: list[asyncio.Task[None]] = []
        try:
            state.service = await stack.enter_async_context(opener())
        except NOT_THERE_YET as fault:
            EVENTS.warning("waiting for the database or the root key", exc_info=fault)
            tasks.append(asyncio.create_task(_keep_opening(state, stack, opener)))
        except DatabaseBehindError as fault:
            state.is_behind = True
            EVENTS.error("the database is older than what ended since: run yumen restore", exc_info=fault)
            tasks.append(asyncio.create_task(_keep_opening(state, stack, opener)))
        tasks.append(asyncio.create_task(_housekeeping(state)))
        tasks += [asyncio.create_task(following(state)), asyncio.create_task(telling(state))]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            state.service = None


async def _keep_opening(state: State, stack: AsyncExitStack, opener: Opener) -> None:
    while state.service is None:
        await asyncio.sleep(RETRY_S)
        try:
            state.service = await stack.enter_async_context(opener())
            state.is_behind = False
            EVENTS.info("the database and the root key are there")
        except NOT_THERE_YET:
            continue
        except DatabaseBehindError:
            state.is_behind = True
        except (VaultError, GateError, IdentityError, EndsError) as fault:
            EVENTS.error("the service cannot open", exc_info=fault)


async def _housekeeping(state: State) -> None:
    """Delete expired idempotency rows now and then; a failure waits for the next turn."""
    while True:
        await asyncio.sleep(PURGE_S)
        if state.service is None:
            continue
        try:
            async with state.service.database.transaction() as tx:
                await purge(tx.connection, now_us=microseconds(tx))
        except NOT_THERE_YET as fault:
            EVENTS.warning("expired idempotency keys were not deleted", exc_info=fault)


def microseconds(tx: Transaction) -> int:
    """The transaction's instant in microseconds since 1970."""
    return int(tx.now.timestamp() * 1_000_000)
