"""A load generator: raw HTTP/1.1 over keep-alive connections, one process, one event loop.

The answers' status is checked; the body is read whole and not parsed, so that the client stays cheap.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Figures:
    """What a run of requests gave; times in milliseconds."""

    requests: int
    per_second: float
    p50_ms: float
    p99_ms: float
    failed: int


def request(host: str, port: int, path: str, token: str, body: bytes) -> bytes:
    """The bytes of one POST."""
    head = (
        f"POST {path} HTTP/1.1\r\nHost: {host}:{port}\r\nAuthorization: Bearer {token}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


async def drive(address: tuple[str, int], requests: Sequence[bytes], *, connections: int, seconds: float) -> Figures:
    """Send ``requests`` in turn over ``connections`` for ``seconds`` and time each answer."""
    times: list[float] = []
    failed = 0
    turn = iter(range(10**12))
    until = time.perf_counter() + seconds

    async def one() -> None:
        nonlocal failed
        reader, writer = await asyncio.open_connection(*address, limit=1 << 26)
        while time.perf_counter() < until:
            began = time.perf_counter()
            writer.write(requests[next(turn) % len(requests)])
            head = await reader.readuntil(b"\r\n\r\n")
            lowered = head.lower()
            at = lowered.index(b"content-length:") + 15
            await reader.readexactly(int(lowered[at : lowered.index(b"\r\n", at)]))
            times.append(time.perf_counter() - began)
            failed += not head.startswith(b"HTTP/1.1 200")
        writer.close()
        await writer.wait_closed()

    began = time.perf_counter()
    await asyncio.gather(*(one() for _ in range(connections)))
    took = time.perf_counter() - began
    return figures(times, took, failed)


def figures(times: Sequence[float], took: float, failed: int = 0) -> Figures:
    """Summarise the times, in seconds, of calls made within ``took`` seconds."""
    ordered = sorted(times)
    p99 = ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))]
    return Figures(len(ordered), len(ordered) / took, ordered[len(ordered) // 2] * 1e3, p99 * 1e3, failed)
