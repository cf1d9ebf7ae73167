"""Sending requests and timing their answers: by wrk where it is there, else raw HTTP/1.1 from this process.

The answers' status is checked; the body is read whole and not parsed, so that the client stays cheap.
"""

from __future__ import annotations

import asyncio
import time

from tests.bench import wrk
from tests.bench.figures import Figures, figures
from tests.bench.traffic import Traffic

GENERATOR = "wrk, one thread" if wrk.is_there() else "Python; install wrk for steadier and higher figures"
WARM_S = 1.0


async def drive(port: int, traffic: Traffic, *, connections: int, seconds: float) -> Figures:
    """Send ``traffic`` in turn over ``connections`` for ``seconds``, after a warm-up."""
    send = wrk.drive if wrk.is_there() else _send
    await send(port, traffic, connections=connections, seconds=min(WARM_S, seconds))
    return await send(port, traffic, connections=connections, seconds=seconds)


async def _send(port: int, traffic: Traffic, *, connections: int, seconds: float) -> Figures:
    requests = [_request(port, traffic, body) for body in traffic.bodies]
    times: list[float] = []
    failed = 0
    turn = iter(range(10**12))
    until = time.perf_counter() + seconds

    async def one() -> None:
        nonlocal failed
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 26)
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
    return figures(times, time.perf_counter() - began, failed)


def _request(port: int, traffic: Traffic, body: bytes) -> bytes:
    headers = "".join(f"{name}: {value}\r\n" for name, value in traffic.headers.items())
    head = f"POST {traffic.path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n{headers}Content-Length: {len(body)}\r\n\r\n"
    return head.encode() + body
