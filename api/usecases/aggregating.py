"""Differentially private aggregates: of features, read at the gate; of files, for the command line.

1. recipient, purpose and budget are registered, in force and large enough                  (PIPL 6, 23)
2. the gate reads the features of everybody who has them: basis, consent, policy, a ledger entry for each
3. noise is drawn over what the gate released
4. the budget is paid, the release is in the ledger and its answer kept: one transaction
5. only then it is answered

Rules:
- nothing is aggregated that the gate did not release to this client for this purpose, and in numbers only what it
  released as it is, not as a bucket; whoever is denied is not counted;
- what was drawn but could not be paid is forgotten; a refusal is in the ledger too, also where no budget was ever set;
- the same request under the same key gets the answer it got, and pays nothing;
- an entry holds what was asked, what it cost and what is spent: never an answer.

Law: PIPL 51(3), 73(4). Standard: GB/T 42460-2023, degree 4.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final, Protocol

from api.database import Database, Transaction
from api.service import Service
from api.usecases.budgeting import counts, hold_budget, name_of, spent_so_far
from catalog import Catalog, ValueType
from consent import Client, Party, Purpose, PurposeStatus, find_current
from gate import Mode, PolicyUnavailableError, ReadCall
from gate.deciding import POLICY_UNAVAILABLE
from gate.store_values import subjects_with_values
from lineage import Actor, EntryDraft, Kind, Outcome, append
from lineage.content import Json
from vault import (
    AggregatePlanError,
    KeyRing,
    PrivacyBudget,
    PrivacyBudgetNotSetError,
    PrivacyBudgetSpentError,
    PrivacyRequest,
    find_budget,
    find_repeated,
    keep_release,
    new_release,
    spend,
)
from vault.aggregate_plans import MICRO, PICO, Asked, Query, short_of
from vault.kms.calling import load

METHOD: Final = "differential_privacy"
DEGREE: Final = 4
EXTRA: Final = "dp"
MECHANISMS: Final = "vault.aggregates"
NAMES: Final = re.compile(r"(?!.*[0-9]{5})[a-z][a-z0-9_]{0,62}(:[a-z][a-z0-9_]{0,62})?")
NUMBERS: Final = frozenset({ValueType.INTEGER, ValueType.NUMBER})


class Answered(Protocol):
    """What a mechanism answers."""

    @property
    def numbers(self) -> tuple[Decimal, ...]:
        """The noisy numbers."""
        ...

    @property
    def accuracy(self) -> Decimal | None:
        """How far they are from the truth, with 95 in 100."""
        ...


@dataclass(frozen=True, slots=True)
class Asking:
    """Who asks for what.

    Attributes:
        product: for which product, of a read at the gate.
    """

    request: PrivacyRequest
    purpose: str
    queries: tuple[Asked, ...]
    by: Actor
    product: str = ""


@dataclass(frozen=True, slots=True)
class Given:
    """An answer, and whether it was given before."""

    document: Mapping[str, Any] = field(repr=False)
    is_repeated: bool


async def aggregate(service: Service, asking: Asking) -> Given:
    """Answer aggregates over a feature view, or what was answered before; count how it ended.

    Raises: AggregatePlanError; ViewNotFoundError: there is no such dataset; ClientNotFoundError, PartyNotFoundError,
        PurposeNotFoundError; PrivacyBudgetNotSetError, PrivacyBudgetSpentError, ReleaseKeyReusedError;
        ExtraMissingError; GateError: not everybody could be decided.
    """
    try:
        given = await _aggregate(service, asking)
    except (PrivacyBudgetNotSetError, PrivacyBudgetSpentError) as error:
        service.metrics.privacy_refused(error.code)
        raise
    if given.is_repeated:
        service.metrics.privacy_repeated()
    else:
        cost = asking.request.cost
        service.metrics.privacy_paid(cost.epsilon / MICRO, cost.delta / PICO)
    return given


async def _aggregate(service: Service, asking: Asking) -> Given:
    async with service.database.reading() as tx:
        if (before := await repeated(tx, asking)) is not None:
            return before
        await check_asking(tx, asking, client=asking.request.client)
        features = await _features(service, tx, asking)
        segments = sorted({segment for _, segment in features})
        most = service.settings.limits.aggregate_subjects
        people = await subjects_with_values(tx.connection, asking.request.account.tenant, segments, limit=most + 1)
    if len(people) > most:
        raise AggregatePlanError([f"more than {most} people have values of this dataset"])
    await ensure_room(service.database, service.keyring, asking)
    await asyncio.to_thread(load, MECHANISMS, EXTRA)  # a part that is missing is told before anybody is read
    values = await _read(service, asking, people)
    answers = await asyncio.to_thread(answer_all, asking.queries, values)
    return await pay(service.database, service.keyring, asking, answers)


def answer_all(queries: Sequence[Asked], values: Mapping[str | None, Iterable[Any]]) -> list[Answered]:
    """Draw the noise of all queries over the values of their columns. Raises: ExtraMissingError; AggregatePlanError."""
    mechanisms = load(MECHANISMS, EXTRA)
    return [mechanisms.answer(query, values[query.column]) for query in queries]


async def repeated(tx: Transaction, asking: Asking) -> Given | None:
    """What was answered to the same request before. Raises: ReleaseKeyReusedError."""
    found = await find_repeated(tx.connection, asking.request)
    return None if found is None else Given(json.loads(found.answer), is_repeated=True)


async def check_asking(tx: Transaction, asking: Asking, *, client: str | None) -> None:
    """Check that recipient and purpose are registered and in force.

    Raises: ClientNotFoundError, PartyNotFoundError, PurposeNotFoundError; AggregatePlanError.
    """
    account = asking.request.account
    purpose = await find_current(tx.connection, account.tenant, Purpose, asking.purpose)
    party = await find_current(tx.connection, account.tenant, Party, account.recipient)
    if party.has_ended(tx.now):
        raise AggregatePlanError(["the recipient's contract is over"])
    if purpose.status is not PurposeStatus.ACTIVE or purpose.foreign_authority:
        raise AggregatePlanError(["the purpose is not in use, or serves a foreign authority"])
    if client is not None:
        own = await find_current(tx.connection, account.tenant, Client, client)
        if asking.purpose not in own.purposes:
            raise AggregatePlanError(["the client is not registered for this purpose"])


async def ensure_room(database: Database, keys: KeyRing, asking: Asking) -> None:
    """Refuse at once what the budget cannot pay, before anybody is read.

    Raises: PrivacyBudgetNotSetError, PrivacyBudgetSpentError; TamperedError.
    """
    budget: PrivacyBudget | None = None
    with suppress(PrivacyBudgetNotSetError):
        async with database.reading() as tx:
            budget = await find_budget(tx.connection, asking.request.account, rows=keys.rows)
    if budget is None or not asking.request.cost.fits(budget.left):
        await _refuse(database, keys, asking, budget)


async def pay(database: Database, keys: KeyRing, asking: Asking, answers: Sequence[Answered]) -> Given:
    """Pay, record and keep an answer; what is returned is durable.

    Raises: PrivacyBudgetNotSetError, PrivacyBudgetSpentError, ReleaseKeyReusedError; TamperedError.
    """
    account = asking.request.account
    async with database.transaction() as tx:
        held = await hold_budget(tx.connection, account, keys)
        if (before := await repeated(tx, asking)) is not None:
            return before
        if asking.request.cost.fits(held.left):
            budget = await spend(tx.connection, account, asking.request.cost, rows=keys.rows)
            name = new_release()
            entry = await _record(tx, asking, keys=keys, budget=budget, release=name)
            document = _document(asking, answers, budget, name=name, entry=entry)
            await keep_release(
                tx.connection, asking.request, name, answer=json.dumps(document), entry=entry, now=tx.now
            )
            return Given(document, is_repeated=False)
    return await _refuse(database, keys, asking, held)


async def _refuse(database: Database, keys: KeyRing, asking: Asking, budget: PrivacyBudget | None) -> Given:
    """Record a refusal and raise it. Raises: PrivacyBudgetSpentError, PrivacyBudgetNotSetError; TamperedError."""
    async with database.transaction() as tx:
        await _record(tx, asking, keys=keys, budget=budget, release=None)
    if budget is None:
        raise PrivacyBudgetNotSetError
    raise PrivacyBudgetSpentError(short_of(asking.request.cost, budget.left))


async def _record(
    tx: Transaction, asking: Asking, *, keys: KeyRing, budget: PrivacyBudget | None, release: str | None
) -> int:
    account, cost = asking.request.account, asking.request.cost
    spent = await spent_so_far(tx.connection, account, keys) if budget is None else budget.spent
    parts: dict[str, Json] = {
        "dataset": account.dataset,
        "release": release,
        "method": METHOD,
        "degree": DEGREE,
        "queries": [_recorded(query) for query in asking.queries],
        **counts(cost),
        "spent": counts(spent),
        "limit": None if budget is None else counts(budget.limit),
        "request": asking.request.request.hex(),
    }
    if release is None:
        parts["code"] = (PrivacyBudgetNotSetError if budget is None else PrivacyBudgetSpentError).code
    draft = EntryDraft(
        kind=Kind.DATA_AGGREGATED,
        tenant=account.tenant,
        actor=asking.by,
        client=asking.request.client,
        party=account.recipient,
        purpose=asking.purpose,
        about=name_of(account),
        outcome=Outcome.DENIED if release is None else Outcome.DONE,
        parts=parts,
    )
    return (await append(tx.connection, [draft], now=tx.now, mac=keys.mac))[0]


def _recorded(query: Asked) -> dict[str, Json]:
    """A query as the ledger holds it: no bounds, categories or answers; `request` is a keyed digest of all it asks."""
    named: dict[str, Json] = {"kind": query.kind.value, "noise": query.noise.value}
    if query.column is not None and NAMES.fullmatch(query.column):
        named["column"] = query.column
    costs: dict[str, Json] = {"epsilon": query.cost.epsilon, "delta": query.cost.delta}
    return {**named, **costs}


def _document(
    asking: Asking, answers: Sequence[Answered], budget: PrivacyBudget, *, name: str, entry: int
) -> dict[str, Any]:
    return {
        "release": name,
        "dataset": asking.request.account.dataset,
        "recipient": asking.request.account.recipient,
        "purpose": asking.purpose,
        "results": [_result(query, found) for query, found in zip(asking.queries, answers, strict=True)],
        "cost": asking.request.cost.texts(),
        "budget": {"limit": budget.limit.texts(), "spent": budget.spent.texts(), "left": budget.left.texts()},
        "entry": str(entry),
    }


def _result(query: Asked, found: Answered) -> dict[str, Any]:
    is_histogram = query.kind is Query.HISTOGRAM
    numbers = [_number(each) for each in found.numbers]
    return {
        "kind": query.kind.value,
        "column": query.column,
        "value": None if is_histogram else numbers[0],
        "counts": numbers[:-1] if is_histogram else None,
        "other": numbers[-1] if is_histogram else None,
        "accuracy": None if found.accuracy is None else float(found.accuracy),
        "noise": query.noise.value,
        **query.cost.texts(),
    }


def _number(value: Decimal) -> int | float:
    return int(value) if value == value.to_integral_value() else float(value)


async def _features(service: Service, tx: Transaction, asking: Asking) -> list[tuple[str, str]]:
    """(feature, segment) of each query, checked against the catalogue.

    Raises: ViewNotFoundError: the dataset is no feature view; AggregatePlanError: a feature is not of the dataset, or
        not a number where one is needed.
    """
    catalog: Catalog = await service.catalogs.current(tx.connection)
    account = asking.request.account
    catalog.view(account.tenant, account.dataset)
    found: list[tuple[str, str]] = []
    problems: list[str] = []
    for place, query in enumerate(asking.queries):
        feature = None if query.column is None else catalog.feature(account.tenant, query.column)
        if feature is None or feature.view != account.dataset:
            problems.append(f"query {place + 1}: feature is one of the dataset, written view:name")
        elif query.is_numeric and feature.type not in NUMBERS:
            problems.append(f"query {place + 1}: {query.kind} needs a feature that is a number")
        else:
            found.append((feature.full_name, feature.segment))
    if problems:
        raise AggregatePlanError(problems)
    return found


async def _read(service: Service, asking: Asking, people: Sequence[str]) -> dict[str | None, list[Any]]:
    """The values the gate released, by feature, one a person at most. Raises: GateError."""
    features = tuple(sorted({str(query.column) for query in asking.queries}))
    values: dict[str | None, list[Any]] = {name: [] for name in features}
    numeric = {query.column for query in asking.queries if query.is_numeric}
    step = service.settings.limits.subjects
    for start in range(0, len(people), step):
        call = ReadCall(
            tenant=asking.request.account.tenant,
            client=str(asking.request.client),
            purpose=asking.purpose,
            product=asking.product,
            subjects=tuple(people[start : start + step]),
            features=features,
            mode=Mode.release,
        )
        answer = await service.gate.read(call)
        for subject in answer.subjects:
            for ruling, value in zip(subject.rulings, subject.values, strict=True):
                if POLICY_UNAVAILABLE in ruling.reasons:
                    raise PolicyUnavailableError
                if ruling.released and value is not None and (ruling.form == "plain" or ruling.name not in numeric):
                    values[ruling.name].append(value)
    return values


def fingerprint(keys: KeyRing, tenant: str, *parts: str) -> bytes:
    """A keyed digest of texts, of which no two lists are one."""
    joined = b"".join(len(part.encode()).to_bytes(4, "big") + part.encode() for part in parts)
    return keys.name_for(tenant, "aggregate", joined.hex())
