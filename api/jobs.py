"""Tokens for data jobs in Python: what ``yumen tokenise`` does for files, for Arrow, DuckDB, Polars and Spark.

Rules:
- the plan and the recipient are checked, and the job is in the ledger, before the first token is made; its end and its
  counts when the block ends; a job that was broken off has a beginning and no end;
- what was asked for and never read makes no tokens, and counts none;
- nothing of the database is held while the job runs.
"""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from api.cli.parts import opened_parts
from api.settings import Settings
from api.usecases.catalogs import Catalogs
from api.usecases.tokenising import Phase, TokenisingRecord, check_recipient, record_run
from lineage import Actor
from vault import KeyRing
from vault.bulk_plans import BulkPlan, Recipient, read_plan

OnRefused = Callable[[Sequence[Any]], None]
COUNTED = ("rows", "tokens", "nulls", "refused")


async def prepare(
    settings: Settings, document: Mapping[str, Any], asked: Recipient, *, by: Actor, recorded: bool = True
) -> tuple[KeyRing, BulkPlan]:
    """Check a plan and its recipient, and put the beginning of the run into the ledger.

    Raises: BulkPlanError; TenantNotFoundError, PartyNotFoundError, PurposeNotFoundError; TokensRefusedError;
        TokenSuiteError.
    """
    async with opened_parts(settings, writing=recorded) as parts:
        async with parts.database.transaction() as tx:
            catalog = await Catalogs().current(tx.connection)
            plan = read_plan(document, catalog.identifier_kinds())
            for each in plan.columns:
                parts.keys.tokens.check_kind(each.spec.kind)
            await check_recipient(tx.connection, plan, asked, tx.now)
            if recorded:
                record = TokenisingRecord(plan, asked, parts.keys.token_version, Phase.BEGUN)
                await record_run(tx.connection, record, by=by, now=tx.now, mac=parts.keys.mac)
        return parts.keys, plan


async def finish(settings: Settings, plan: BulkPlan, asked: Recipient, *, by: Actor, counts: Mapping[str, int]) -> None:
    """Put the end of a run into the ledger."""
    async with opened_parts(settings, writing=True) as parts, parts.database.transaction() as tx:
        record = TokenisingRecord(plan, asked, parts.keys.token_version, Phase.DONE, counts)
        await record_run(tx.connection, record, by=by, now=tx.now, mac=parts.keys.mac)


class TokenJob:
    """Makes tokens for one recipient by one plan; use it inside the block that opened it."""

    def __init__(self, keys: KeyRing, recipient: Recipient, plan: BulkPlan) -> None:
        self._keys = keys
        self._recipient = recipient
        self._plan = plan
        self._counts = dict.fromkeys(COUNTED, 0)
        self._distant: list[dict[str, Any]] = []

    def arrow(self, source: Any, *, on_refused: OnRefused | None = None) -> Any:
        """Tokenise whatever speaks Arrow (pyarrow, DuckDB, Polars, pandas); gives a `pyarrow.RecordBatchReader`.

        A cell without a token ends the stream, or with ``on_refused`` is empty and told to it.
        Raises: BulkSourceError, BulkPlanError; while reading, ColumnTypeError, CellRefusedError.
        """
        return _part("streams").tokenise(
            source, self._keys, self._recipient, plan=self._plan, on_refused=on_refused, count=self._count
        )

    def spark(self, frame: Any, *, report: bool = False) -> Any:
        """Tokenise a Spark data frame; see `vault.bulk.spark.tokenise_frame`.

        Counts are Spark's: a task that ran twice counts twice.
        """
        spark = _part("spark")
        count, values = spark.counters(frame.sparkSession, COUNTED)
        self._distant.append(values)
        return spark.tokenise_frame(frame, self._keys, self._recipient, plan=self._plan, report=report, count=count)

    def counts(self) -> dict[str, int]:
        """What was made until now."""
        found = dict(self._counts)
        for values in self._distant:
            for name, counter in values.items():
                found[name] += counter.value
        return found

    def _count(self, *made: int) -> None:
        for name, number in zip(COUNTED, made, strict=True):
            self._counts[name] += number


def _part(name: str) -> Any:
    """A part that needs an extra: `bulk`, for Spark also `spark`. Raises: ImportError, which names what is missing."""
    return importlib.import_module(f"vault.bulk.{name}")


@contextmanager
def tokenising(settings: Settings, recipient: Recipient, plan: Mapping[str, Any], *, by: Actor) -> Iterator[TokenJob]:
    """Open a job, and record its beginning and its end.

    ``plan`` is the document of docs/formats/tokens.md; ``by`` is who answers for the job. Not for use where an event
    loop runs. Raises: what `prepare` raises.
    """
    keys, ready = asyncio.run(prepare(settings, plan, recipient, by=by))
    job = TokenJob(keys, recipient, ready)
    yield job
    asyncio.run(finish(settings, ready, recipient, by=by, counts=job.counts()))
