"""The gate: every read of personal data, step by step.

1. identify     who asks comes from the verified identity (the api room), never from the body
2. resolve      features against the catalogue revision                           gate.situating
3. gather       facts of every subject, one set-based look                        gate.situating
4. decide       each distinct situation once: memo, then one engine call          gate.deciding
5. fetch        only what was allowed; open, shape                                gate.fetching
6. record       re-check under locks and insert, one statement, one commit        gate.recording
7. release      only now

Rules:
- reads that arrive together share the steps and the commit; one group is under way at a time per process;
- a subject whose consent version, or a configuration whose epoch, moved between 3 and 6 goes back to 3;
- nothing is released that is not recorded; whatever fails denies.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field

from gate.deciding import POLICY_UNAVAILABLE, Decider
from gate.errors import ContendedError, GateClosedError, GateError, GateUnavailableError, PolicyUnavailableError
from gate.fetching import Fetcher, Item
from gate.reads import Mode, Outcome, ReadAnswer, ReadCall, SubjectAnswer
from gate.recording import Recorder
from gate.situating import Situated, Situator

LOG = logging.getLogger("yumen.gate")
ATTEMPTS = 8
SUBJECTS_PER_GROUP = 4096


@dataclass(slots=True, eq=False)
class _Pending:
    """A read waiting for its answer."""

    call: ReadCall
    done: asyncio.Future[ReadAnswer]
    answers: dict[int, SubjectAnswer] = field(default_factory=dict)
    catalog: str = ""

    def open_places(self) -> list[tuple[int, str]]:
        """The subjects not answered yet."""
        return [(place, ref) for place, ref in enumerate(self.call.subjects) if place not in self.answers]


class Gate:
    """Answers reads; make one per process and database."""

    def __init__(self, situator: Situator, decider: Decider, fetcher: Fetcher, recorder: Recorder) -> None:
        self._situator = situator
        self._decider = decider
        self._fetcher = fetcher
        self._recorder = recorder
        self._waiting: list[_Pending] = []
        self._pump: asyncio.Task[None] | None = None
        self._closed = False

    @property
    def policy(self) -> str:
        """The revision of the policy that decides."""
        return self._decider.revision

    async def read(self, call: ReadCall) -> ReadAnswer:
        """Answer one read, recorded and durable.

        Raises: GateUnavailableError: database down or too slow; PolicyUnavailableError: the engine answered nothing
            (the denial is recorded); ContendedError: the subject kept changing; GateClosedError: shutting down.
        """
        if self._closed:
            raise GateClosedError
        pending = _Pending(call, asyncio.get_running_loop().create_future())
        self._waiting.append(pending)
        if self._pump is None:
            self._pump = asyncio.create_task(self._run())
        return await pending.done

    async def close(self) -> None:
        """Answer what is waiting, then take no more."""
        self._closed = True
        if self._pump is not None:
            await self._pump

    async def _run(self) -> None:
        """Take groups until nothing waits; reads that come meanwhile form the next group."""
        await asyncio.sleep(0)  # lets every request of this loop turn join the first group
        while self._waiting:
            group = self._take()
            try:
                await self._process(group)
            except GateError as error:
                _fail(group, error)
            except asyncio.CancelledError:
                _fail([*group, *self._waiting], GateClosedError())
                raise
            except Exception as error:  # whatever breaks, every waiting read is answered, and denied
                LOG.exception("a group of reads failed")
                _fail(group, GateUnavailableError(), error)
        self._pump = None

    def _take(self) -> list[_Pending]:
        """The next group: whole reads, at least one, up to a bound on subjects."""
        size = 0
        for count, pending in enumerate(self._waiting):
            size += len(pending.call.subjects)
            if size > SUBJECTS_PER_GROUP and count:
                break
        else:
            count = len(self._waiting)
        group, self._waiting = self._waiting[:count], self._waiting[count:]
        return group

    async def _process(self, group: Sequence[_Pending]) -> None:
        for _ in range(ATTEMPTS):
            wanted = [(pending, pending.call, pending.open_places()) for pending in group if not pending.done.done()]
            wanted = [each for each in wanted if each[2]]
            if not wanted:
                return
            situated = await self._situator.situate(wanted)
            await self._decide_and_fetch(situated)
            recorded = await self._recorder.record(situated, situated.items, self._decider.revision)
            for item, entry in recorded.items():
                item.owner.answers[item.place] = _answer(item, entry)
            for pending, _, _ in wanted:
                pending.catalog = situated.catalog
                self._settle(pending)
        _fail(group, ContendedError())

    async def _decide_and_fetch(self, situated: Situated) -> None:
        rulings = await self._decider.rule((item.call, item.facts) for item in situated.items)
        to_fetch: list[Item] = []
        for item in situated.items:
            item.ruling = rulings[item.call, item.facts]
            if item.ruling.releases and item.owner.call.mode is Mode.release:
                to_fetch.append(item)
        if to_fetch:
            await self._fetcher.fill(to_fetch)

    def _settle(self, pending: _Pending) -> None:
        if pending.done.done() or len(pending.answers) < len(pending.call.subjects):
            return
        answers = tuple(pending.answers[place] for place in range(len(pending.call.subjects)))
        if answers and all(_undecided(answer) for answer in answers):
            pending.done.set_exception(PolicyUnavailableError())
            return
        pending.done.set_result(ReadAnswer(pending.call, self._decider.revision, pending.catalog, answers))


def _answer(item: Item, entry: int) -> SubjectAnswer:
    ruling = item.ruling
    outcome = Outcome.dry_run if item.owner.call.mode is Mode.dry_run else ruling.outcome
    return SubjectAnswer(item.ref, entry, outcome, ruling.features, tuple(item.values) or ruling.nothing)


def _undecided(answer: SubjectAnswer) -> bool:
    return all(feature.reasons == (POLICY_UNAVAILABLE,) for feature in answer.rulings)


def _fail(group: Sequence[_Pending], error: GateError, cause: BaseException | None = None) -> None:
    error.__cause__ = cause
    for pending in group:
        if not pending.done.done():
            pending.done.set_exception(error)
