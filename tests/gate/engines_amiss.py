"""Policy engines that go wrong, each in its way; the real one decides whatever they let through."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from gate.engines import Answer, EmbeddedEngine, EngineError, load_bundle
from gate.engines.answers import check_answers

Document = Mapping[str, Any]
Asked = Callable[[Sequence[Document], Sequence[Document]], bool]


class EngineAmiss:
    """The real engine until told otherwise; counts what it is asked."""

    def __init__(self, real: EmbeddedEngine) -> None:
        self._real = real
        self.revision = real.revision
        self.asked: list[int] = []

    async def decide(
        self, calls: Sequence[Document], requests: Sequence[Document], *, deadline_s: float
    ) -> list[Answer | None]:
        self.asked.append(len(requests))
        return await self._real.decide(calls, requests, deadline_s=deadline_s)

    async def health(self) -> None:
        await self._real.health()

    async def close(self) -> None:
        await self._real.close()


class FailingEngine(EngineAmiss):
    """Raises ``fault``, if there is one, when ``hit`` says so."""

    fault: BaseException | None = EngineError("down")
    hit: Asked = staticmethod(lambda calls, requests: True)

    async def decide(
        self, calls: Sequence[Document], requests: Sequence[Document], *, deadline_s: float
    ) -> list[Answer | None]:
        answers = await super().decide(calls, requests, deadline_s=deadline_s)
        if self.fault is not None and self.hit(calls, requests):
            raise self.fault
        return answers


class HangingEngine(EngineAmiss):
    """Does not keep its deadline."""

    hangs = True

    async def decide(
        self, calls: Sequence[Document], requests: Sequence[Document], *, deadline_s: float
    ) -> list[Answer | None]:
        if self.hangs:
            await asyncio.sleep(3600)
        return await super().decide(calls, requests, deadline_s=deadline_s)


class ForgetfulEngine(EngineAmiss):
    """Leaves out the first answer, or returns one too few."""

    shortens = False
    forgets = True

    async def decide(
        self, calls: Sequence[Document], requests: Sequence[Document], *, deadline_s: float
    ) -> list[Answer | None]:
        answers = await super().decide(calls, requests, deadline_s=deadline_s)
        if self.shortens:
            return answers[1:]
        return [None, *answers[1:]] if self.forgets else answers


class MumblingEngine(EngineAmiss):
    """Gives ``body`` to the check that every engine's reply passes."""

    body: bytes | None = b"[]"

    async def decide(
        self, calls: Sequence[Document], requests: Sequence[Document], *, deadline_s: float
    ) -> list[Answer | None]:
        if self.body is None:
            return await super().decide(calls, requests, deadline_s=deadline_s)
        self.asked.append(len(requests))
        return check_answers(self.body, calls, requests, vocabulary=load_bundle().vocabulary)
