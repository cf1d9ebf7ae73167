"""The policy engine beside this process: an OPA server that loaded the same bundle, asked through opa-python-client.

Rules:
- one fixed path, no retries, no redirects, no policy upload, no ad-hoc queries: only ``query_rule`` with constants;
- every reply names the bundle revisions OPA runs (``provenance``); a reply without ours is refused, so a server
  given another bundle answers nobody until it has the right one again;
- a reply must be status 200, at most ``LARGEST_REPLY_B``, and carry ``result``: OPA leaves it out where a decision is
  undefined;
- the deadline is ours, over the whole batch; whatever goes wrong is an EngineError, and the next call starts afresh.

The client library knows neither unix sockets, a given TLS context, a limit on replies, nor how to refuse a redirect, so
its session is made here, in the one subclass below. No other file knows the library.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import msgspec
from opa_client.opa_async import AsyncOpaClient

from gate.engines.answers import check_answers
from gate.engines.bundle import Bundle, load_bundle
from gate.engines.protocol import Answer
from gate.errors import EngineAnswerError, EngineError, EngineLateError, EngineRevisionError, EngineUnavailableError

PACKAGE, RULE = "yumen/gate", "decisions"
SLICE = 64
CONNECTIONS = 16
LARGEST_REPLY_B = 8 << 20
HEALTH_DEADLINE_S = 2.0

Document = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class OpaEndpoint:
    """Where the OPA server listens.

    Attributes:
        host, port: a TCP address; loopback, unless ``tls`` is given.
        token: bearer token that the server asks for, if any.
        socket: unix socket to use instead of TCP.
        tls: context for HTTPS: own certificate authority, client certificate.
    """

    host: str = "127.0.0.1"
    port: int = 8181
    token: str | None = None
    socket: Path | None = None
    tls: ssl.SSLContext | None = None

    def __repr__(self) -> str:
        return f"OpaEndpoint({self.socket or f'{self.host}:{self.port}'})"

    @classmethod
    def of(cls, url: str, *, token: str | None = None, tls: ssl.SSLContext | None = None) -> OpaEndpoint:
        """Read ``http://host:port``, ``https://host:port`` or ``unix:///path``; raises ValueError on anything else."""
        parts = urlsplit(url)
        if parts.scheme == "unix" and parts.path:
            return cls(token=token, socket=Path(parts.path))
        if parts.scheme not in {"http", "https"} or not parts.hostname or parts.path not in {"", "/"}:
            raise ValueError("an OPA address is http://host:port, https://host:port or unix:///path")
        secure = (tls or ssl.create_default_context()) if parts.scheme == "https" else None
        return cls(parts.hostname, parts.port or 8181, token, tls=secure)


class _Provenance(msgspec.Struct):
    bundles: dict[str, dict[str, Any]] = {}


class _Reply(msgspec.Struct):
    result: msgspec.Raw
    provenance: _Provenance

    def names(self, revision: str) -> bool:
        """Whether the server says it runs this revision."""
        return any(bundle.get("revision") == revision for bundle in self.provenance.bundles.values())


_replies = msgspec.json.Decoder(_Reply)
_encoder = msgspec.json.Encoder()


class _BoundedResponse(aiohttp.ClientResponse):
    async def json(self, **_: object) -> _Reply:
        parts: list[bytes] = []
        size = 0
        async for part in self.content.iter_any():
            size += len(part)
            if size > LARGEST_REPLY_B:
                self.close()
                raise EngineAnswerError("too large")
            parts.append(part)
        return _replies.decode(b"".join(parts))


class _Client(AsyncOpaClient):  # type: ignore[misc] # the library has no types
    def __init__(self, endpoint: OpaEndpoint) -> None:
        super().__init__(
            host=endpoint.host, port=endpoint.port, ssl=endpoint.tls is not None, token=endpoint.token, retries=0
        )
        self._endpoint = endpoint
        self._session: aiohttp.ClientSession | None = None

    def open(self) -> None:
        """Make the session at the first question, inside the event loop; connections are made as needed."""
        if self._session is not None:
            return
        endpoint = self._endpoint
        if endpoint.socket is not None:
            self._connector: aiohttp.BaseConnector = aiohttp.UnixConnector(str(endpoint.socket), limit=CONNECTIONS)
        else:
            self._connector = aiohttp.TCPConnector(ssl=endpoint.tls or True, limit=CONNECTIONS)
        self._session = aiohttp.ClientSession(
            headers={**(self.headers or {}), "Accept-Encoding": "identity"},
            connector=self._connector,
            timeout=aiohttp.ClientTimeout(total=None),
            response_class=_BoundedResponse,
            json_serialize=lambda document: _encoder.encode(document).decode(),
            auto_decompress=False,
        )

    @asynccontextmanager
    async def _request(self, method: str, url: str, **options: Any) -> AsyncIterator[aiohttp.ClientResponse]:
        async with super()._request(method, url, allow_redirects=False, **options) as response:
            if response.status != 200:
                raise EngineUnavailableError("the OPA server answered with a fault")
            yield response


class OpaServerEngine:
    """Decides through an OPA server. Implements PolicyEngine; belongs to one event loop.

    The bundle says which revision the server must run, and which codes it may answer with.
    """

    def __init__(self, endpoint: OpaEndpoint, bundle: Bundle | None = None) -> None:
        self._bundle = bundle or load_bundle()
        self._client = _Client(endpoint)

    @property
    def revision(self) -> str:
        """The revision the server has to name in every reply."""
        return self._bundle.revision

    async def decide(
        self, calls: Sequence[Document], requests: Sequence[Document], *, deadline_s: float
    ) -> list[Answer | None]:
        """Decide every request; see PolicyEngine."""
        asked = msgspec.Raw(_encoder.encode(calls))
        slices = [requests[start : start + SLICE] for start in range(0, len(requests), SLICE)] or [requests]
        try:
            async with asyncio.timeout(deadline_s), asyncio.TaskGroup() as group:
                tasks = [group.create_task(self._decide(asked, calls, part)) for part in slices]
        except TimeoutError as fault:
            raise EngineLateError("the OPA server did not answer in time") from fault
        except BaseExceptionGroup as faults:
            raise _first(faults) from faults
        return [answer for task in tasks for answer in task.result()]

    async def health(self) -> None:
        """Ask for no decisions; see PolicyEngine."""
        await self.decide([], [], deadline_s=HEALTH_DEADLINE_S)

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close_connection()

    async def _decide(
        self, asked: msgspec.Raw, calls: Sequence[Document], requests: Sequence[Document]
    ) -> list[Answer | None]:
        reply = await self._ask({"calls": asked, "requests": requests})
        if not reply.names(self._bundle.revision):
            raise EngineRevisionError("the OPA server runs another policy revision")
        return check_answers(reply.result, calls, requests, vocabulary=self._bundle.vocabulary)

    async def _ask(self, document: Document) -> _Reply:
        self._client.open()
        try:
            reply: _Reply = await self._client.query_rule(document, PACKAGE, RULE, {"provenance": True})
        except (aiohttp.ClientError, OSError) as fault:
            raise EngineUnavailableError("the OPA server cannot be reached") from fault
        except (msgspec.DecodeError, UnicodeDecodeError) as fault:
            raise EngineAnswerError("not a decision") from fault
        return reply


def _first(faults: BaseExceptionGroup[BaseException]) -> BaseException:
    return next((fault for fault in faults.exceptions if isinstance(fault, EngineError)), faults)
