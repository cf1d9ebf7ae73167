"""The gate: every read of personal data, step by step.

1. identify     who asks comes from the verified identity (the api room), never from the body
2. resolve      features against the catalogue revision                           gate.situating
3. gather       facts of every subject, one set-based look                        gate.situating
4. decide       each distinct situation once: memo, then one engine call          gate.deciding
5. fetch        only what was allowed; open, shape                                gate.fetching
6. record       re-check under locks and insert, one statement, one commit        gate.recording
7. release      only now

Rules:
- reads that arrive together share the steps and the commit; where a database is reached over a network others
  are under way meanwhile, if they share no subject: what one writes, the other must not have looked at;
- a subject whose consent version, or a configuration whose epoch, moved between 3 and 6 goes back to 3, in the next
  group, until its read has waited long enough;
- a group that fails is taken apart, so that what is wrong with one read denies no other;
- nothing is released that is not recorded; whatever fails denies.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from gate.deciding import POLICY_UNAVAILABLE, Decider
from gate.errors import ContendedError, GateClosedError, GateError, GateUnavailableError, PolicyUnavailableError
from gate.fetching import Fetcher, Item
from gate.reads import Mode, Outcome, ReadAnswer, ReadCall, SubjectAnswer
from gate.recording import Recorder
from gate.ruling import refusal
from gate.situating import Situated, Situator

LOG = logging.getLogger("yumen.gate")
SUBJECTS_PER_GROUP = 4096
PATIENCE_S = 2.0  # how long a read is decided again while its subjects keep changing
COMPANY_S = 0.0002  # how long a group waits for more reads, at most
APART_S = 1.0  # how long the reads of a group that failed are tried one by one
FIRST_PAUSE_S, PAUSE_S = 0.001, 0.02  # the shortest and longest rest between two tries, when nobody else waits


@dataclass(slots=True, eq=False)
class _Pending:
    """A read waiting for its answer.

    Attributes:
        until: when it has waited long enough, on the loop's clock.
        tries: how often it was recorded in part or not at all.
    """

    call: ReadCall
    done: asyncio.Future[ReadAnswer]
    until: float
    tries: int = 0
    answers: dict[int, SubjectAnswer] = field(default_factory=dict)
    catalog: str = ""

    def named(self) -> Iterator[tuple[str, str]]:
        """Whom it asks for: tenant and reference."""
        return ((self.call.tenant, ref) for ref in self.call.subjects)

    def open_places(self) -> list[tuple[int, str]]:
        """The subjects not answered yet."""
        return [(place, ref) for place, ref in enumerate(self.call.subjects) if place not in self.answers]

    def fail(self, kind: type[GateError]) -> None:
        """Deny it, with an error of its own: an error that two callers raised would carry both their traces."""
        if not self.done.done():
            self.done.set_exception(kind())


class Gate:
    """Answers reads; make one per process and database."""

    def __init__(
        self, situator: Situator, decider: Decider, fetcher: Fetcher, recorder: Recorder, *, groups_at_once: int = 1
    ) -> None:
        self._situator = situator
        self._decider = decider
        self._fetcher = fetcher
        self._recorder = recorder
        self._groups_at_once = groups_at_once
        self._waiting: list[_Pending] = []
        self._open: set[_Pending] = set()
        self._busy: set[tuple[str, str]] = set()
        self._pumps: set[asyncio.Task[None]] = set()
        self._arrival = asyncio.Event()
        self._epoch = 0
        self._closed = False

    @property
    def policy(self) -> str:
        """The revision of the policy that decides."""
        return self._decider.revision

    async def read(self, call: ReadCall) -> ReadAnswer:
        """Answer one read, recorded and durable.

        Raises: GateUnavailableError: database down or too slow; PolicyUnavailableError: the engine answered nothing
            (the denial is recorded); ContendedError: the subject kept changing; ConfigMovedError: the configuration
            did; GateClosedError: shutting down.
        """
        if self._closed:
            raise GateClosedError
        loop = asyncio.get_running_loop()
        pending = _Pending(call, loop.create_future(), loop.time() + PATIENCE_S)
        self._waiting.append(pending)
        self._arrival.set()
        if len(self._pumps) < self._groups_at_once:
            self._pumps.add(asyncio.create_task(self._run()))
        self._open.add(pending)
        try:
            return await pending.done
        finally:
            self._open.discard(pending)

    async def drain(self) -> None:
        """Wait until every read that began before, in this process, has its answer or its denial."""
        if in_flight := [pending.done for pending in self._open]:
            await asyncio.wait(in_flight)

    async def close(self) -> None:
        """Answer what is waiting, then take no more."""
        self._closed = True
        while self._pumps:
            await asyncio.gather(*self._pumps)

    async def _run(self) -> None:
        """Take groups until nothing waits; reads that come meanwhile form the next group."""
        group: list[_Pending] = []
        try:
            await asyncio.sleep(0)  # lets every request of this loop turn join the first group
            while group := await self._next(len(group)):
                with self._holding(group):
                    await self._serve(group)
                await self._return(group)
        finally:
            self._pumps.discard(asyncio.current_task())
            left, self._waiting = (self._waiting, []) if not self._pumps else ([], self._waiting)
            for pending in [*group, *left]:
                pending.fail(GateClosedError)

    async def _next(self, company: int) -> list[_Pending]:
        """The next group; for a moment it waits for as many reads as the group before had.

        Callers that were just answered ask again at once. Without the moment they would meet as two half groups, each
        under way while the other asks, at twice as many looks and commits.
        """
        now = asyncio.get_running_loop().time
        until = now() + COMPANY_S
        while self._waiting and len(self._waiting) < company and now() < until:  # noqa: ASYNC110  turns, no event
            await asyncio.sleep(0)
        return self._take()

    def _take(self) -> list[_Pending]:
        """The next group: whole reads up to a bound on subjects, of subjects that no other group has.

        What must wait for its subjects keeps them from later reads, so that it does not wait for ever.
        """
        group: list[_Pending] = []
        left: list[_Pending] = []
        held = set(self._busy)
        size = 0
        for pending in self._waiting:
            size += len(pending.call.subjects)
            if (size <= SUBJECTS_PER_GROUP or not group) and (not held or held.isdisjoint(pending.named())):
                group.append(pending)
            else:
                left.append(pending)
                held.update(pending.named())
        self._waiting = left
        return group

    @contextmanager
    def _holding(self, group: Sequence[_Pending]) -> Iterator[None]:
        """Keep other groups from these subjects, if there can be any."""
        if self._groups_at_once == 1:
            yield
            return
        taken = {subject for pending in group for subject in pending.named()}
        self._busy |= taken
        try:
            yield
        finally:
            self._busy -= taken

    async def _serve(self, group: Sequence[_Pending]) -> None:
        """Process a group; if that fails, each read alone, as long as failing is quick."""
        end = asyncio.get_running_loop().time() + APART_S
        if await self._try(group) or len(group) == 1:
            return
        for pending in group:
            if asyncio.get_running_loop().time() >= end:
                pending.fail(GateUnavailableError)
            else:
                await self._try([pending])

    async def _try(self, group: Sequence[_Pending]) -> bool:
        """Process a group; says whether that went as it should. A read that fails alone is denied."""
        try:
            await self._process(group)
        except GateError as error:
            for pending in group:
                pending.fail(type(error))
        except Exception as error:  # whatever breaks, every waiting read is answered, and denied
            LOG.exception("a group of reads failed", exc_info=error)
            if len(group) == 1:
                group[0].fail(GateUnavailableError)
            return False
        return True

    async def _return(self, group: Sequence[_Pending]) -> None:
        """Let reads that are not answered yet join the next group, or deny them if they have waited long enough."""
        left = [pending for pending in group if not pending.done.done()]
        if not left:
            return
        now = asyncio.get_running_loop().time()
        for pending in left:
            pending.tries += 1
            if pending.until <= now:
                pending.fail(ContendedError)
        left = [pending for pending in left if not pending.done.done()]
        if left and not self._waiting:
            await self._rest(min(pending.tries for pending in left))
        self._waiting[:0] = left

    async def _rest(self, tries: int) -> None:
        """Give whoever changes the subjects time to end; a new read ends the rest."""
        self._arrival.clear()
        with suppress(TimeoutError):
            async with asyncio.timeout(min(PAUSE_S, FIRST_PAUSE_S * tries)):
                await self._arrival.wait()

    async def _process(self, group: Sequence[_Pending]) -> None:
        """Steps 2 to 7, once; subjects that moved meanwhile stay unanswered."""
        wanted = [(pending, pending.call, pending.open_places()) for pending in group if not pending.done.done()]
        if not wanted:
            return
        situated = await self._situator.situate(wanted)
        if situated.epoch != self._epoch:
            self._epoch = situated.epoch
            self._decider.forget()
        await self._decide_and_fetch(situated)
        recorded = await self._recorder.record(situated, situated.items, self._decider.revision)
        for item, entry in recorded.items():
            item.owner.answers[item.place] = _answer(item, entry)
        for pending, _, _ in wanted:
            pending.catalog = situated.catalog
            self._settle(pending)

    async def _decide_and_fetch(self, situated: Situated) -> None:
        rulings = await self._decider.rule((item.call, item.facts) for item in situated.items if not item.refused)
        to_fetch: list[Item] = []
        for item in situated.items:
            if item.refused:
                item.ruling = refusal(item.call, item.facts, item.refused)
                continue
            item.ruling = rulings[item.call, item.facts]
            if item.ruling.releases and item.owner.call.mode is Mode.release:
                to_fetch.append(item)
        if to_fetch:
            await self._fetcher.fill(to_fetch)

    def _settle(self, pending: _Pending) -> None:
        if pending.done.done() or len(pending.answers) < len(pending.call.subjects):
            return
        answers = tuple(pending.answers[place] for place in range(len(pending.call.subjects)))
        if all(_undecided(answer) for answer in answers):
            pending.done.set_exception(PolicyUnavailableError())
            return
        pending.done.set_result(ReadAnswer(pending.call, self._decider.revision, pending.catalog, answers))


def _answer(item: Item, entry: int) -> SubjectAnswer:
    ruling = item.ruling
    outcome = Outcome.dry_run if item.owner.call.mode is Mode.dry_run else ruling.outcome
    return SubjectAnswer(item.ref, entry, outcome, ruling.features, tuple(item.values) or ruling.nothing)


def _undecided(answer: SubjectAnswer) -> bool:
    return all(feature.reasons == (POLICY_UNAVAILABLE,) for feature in answer.rulings)
