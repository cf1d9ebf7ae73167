"""wrk as the load generator: it is C, and leaves the second core to what is measured.

Used when ``wrk`` is on the path (Debian: ``apt-get install wrk``), else ``tests.bench.load`` sends the requests itself
and takes part of the machine with it. Which one it was stands in the report.
"""

from __future__ import annotations

import asyncio
import json
import shutil
import tempfile
from pathlib import Path

from tests.bench.figures import Figures
from tests.bench.traffic import Traffic

SCRIPT = """
local bodies = {{ {bodies} }}
local headers = {{ {headers} }}
local turn = 0
wrk.method = "POST"
function request()
  turn = turn + 1
  return wrk.format("POST", "{path}", headers, bodies[turn % #bodies + 1])
end
function done(summary, latency)
  local e = summary.errors
  io.write(string.format('\\n{{"requests":%d,"us":%d,"p50":%d,"p99":%d,"failed":%d}}\\n', summary.requests,
    summary.duration, latency:percentile(50), latency:percentile(99),
    e.connect + e.read + e.write + e.status + e.timeout))
end
"""


def is_there() -> bool:
    """Whether wrk can be used."""
    return shutil.which("wrk") is not None


async def drive(port: int, traffic: Traffic, *, connections: int, seconds: float) -> Figures:
    """Send ``traffic`` over ``connections`` for whole seconds. Raises: RuntimeError: wrk failed."""
    with tempfile.NamedTemporaryFile("w", suffix=".lua", encoding="utf-8") as script:
        bodies = ", ".join(f"[==[{body.decode()}]==]" for body in traffic.bodies)
        headers = ", ".join(f'["{name}"] = "{value}"' for name, value in traffic.headers.items())
        script.write(SCRIPT.format(bodies=bodies, headers=headers, path=traffic.path))
        script.flush()
        length = f"-d{max(1, round(seconds))}s"
        command = ("wrk", "-t1", f"-c{connections}", length, "--timeout", "10s", "-s", Path(script.name))
        process = await asyncio.create_subprocess_exec(
            *command, f"http://127.0.0.1:{port}", stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
        )
        told = (await process.communicate())[0].decode()
    line = next((line for line in told.splitlines() if line.startswith('{"requests"')), None)
    if line is None:
        raise RuntimeError(f"wrk did not measure: {told}")
    found = json.loads(line)
    each = found["requests"] - found["failed"]
    return Figures(each, each / (found["us"] / 1e6), found["p50"] / 1e3, found["p99"] / 1e3, found["failed"])
