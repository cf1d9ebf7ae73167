"""The policy engine in this process: the policy compiled to WebAssembly by OPA, run by wasmtime.

Rules:
- the bundle's content matches its revision, and it asks nothing of the host (checked at load);
- a batch is decided in slices, with the event loop given a turn between two slices;
- the deadline holds for the whole batch, and a slice that runs over it is stopped inside the module.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from time import monotonic
from typing import Any

import msgspec

from gate.engines.answers import check_answers
from gate.engines.bundle import Bundle, load_bundle
from gate.engines.protocol import DECISIONS_PATH, Answer
from gate.engines.wasm import WasmPolicy
from gate.errors import EngineAnswerError, EngineLateError

SLICE = 64
HEALTH_DEADLINE_S = 1.0

Document = Mapping[str, Any]


class _Result(msgspec.Struct):
    result: msgspec.Raw


_results = msgspec.json.Decoder(list[_Result])
_encoder = msgspec.json.Encoder()


class EmbeddedEngine:
    """Decides in this process; makes no input or output. Implements PolicyEngine.

    Raises: BundleError: the module asks the host for something, or has no entrypoint.
    """

    def __init__(self, bundle: Bundle | None = None) -> None:
        self._bundle = bundle or load_bundle()
        self._policy = WasmPolicy(self._bundle.module, self._bundle.data, DECISIONS_PATH)

    @property
    def revision(self) -> str:
        """The bundle's revision, recomputed from its content at load."""
        return self._bundle.revision

    async def decide(
        self, calls: Sequence[Document], requests: Sequence[Document], *, deadline_s: float
    ) -> list[Answer | None]:
        """Decide every request; see PolicyEngine."""
        end = monotonic() + deadline_s
        asked = msgspec.Raw(_encoder.encode(calls))
        answers = self._decide(asked, calls, requests[:SLICE], end)
        for start in range(SLICE, len(requests), SLICE):
            await asyncio.sleep(0)
            answers += self._decide(asked, calls, requests[start : start + SLICE], end)
        return answers

    async def health(self) -> None:
        """Evaluate the empty input; see PolicyEngine."""
        await self.decide([], [], deadline_s=HEALTH_DEADLINE_S)

    async def close(self) -> None:
        """Stop the clock thread and drop the instance."""
        self._policy.close()

    def _decide(
        self, asked: msgspec.Raw, calls: Sequence[Document], requests: Sequence[Document], end: float
    ) -> list[Answer | None]:
        remaining_s = end - monotonic()
        if remaining_s <= 0:
            raise EngineLateError("no time left")
        document = _encoder.encode({"calls": asked, "requests": requests})
        body = self._policy.evaluate(document, deadline_s=remaining_s)
        try:
            (only,) = _results.decode(body)
        except (msgspec.DecodeError, ValueError) as fault:
            raise EngineAnswerError("not one result") from fault
        return check_answers(only.result, calls, requests, vocabulary=self._bundle.vocabulary)
