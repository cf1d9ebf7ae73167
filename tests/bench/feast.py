"""``feast serve`` with the same values: an online store over HTTP without gate, record or identity.

Rules:
- Feast comes from the registry, pinned, into an environment of its own outside the checkout (about 500 MB, made once);
- its SQLite online store holds the values of the measured subjects, its feature server answers the same features;
- where it cannot be installed the report says so and the other figures stand without it.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from tests.bench import servers
from tests.bench.traffic import DISTINCT, Traffic
from tests.bench.worlds import FEATURES, Measured

VERSION = "0.67.0"
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "yumen" / f"feast-{VERSION}"
INSTALL_S = 900
STORE = """
project: yumen_bench
provider: local
registry: registry.db
online_store: {type: sqlite, path: online.db}
entity_key_serialization_version: 3
"""
DEFINE = """
import json, sys
from datetime import datetime, timezone
import pandas as pd
from feast import Entity, FeatureStore, FeatureView, Field, FileSource
from feast.types import Int64
from feast.value_type import ValueType

refs, count = json.load(open("refs.json")), int(sys.argv[1])
now = datetime.now(timezone.utc)
values = {f"f_{i}": [i * 7] * len(refs) for i in range(count)}
frame = pd.DataFrame({"subject": refs, "at": [now] * len(refs), **values})
frame.to_parquet("values.parquet")
subject = Entity(name="subject", join_keys=["subject"], value_type=ValueType.STRING)
source = FileSource(name="values", path="values.parquet", timestamp_field="at")
fields = [Field(name=name, dtype=Int64) for name in values]
view = FeatureView(name="behaviour", entities=[subject], schema=fields, source=source, online=True)
store = FeatureStore(".")
store.apply([subject, view])
store.write_to_online_store("behaviour", frame)
"""


def installed() -> Path | None:
    """The folder of Feast's programs, installed if need be; None if it cannot be."""
    programs = CACHE / "bin"
    if (programs / "feast").exists():
        return programs
    sys.stderr.write(f"bench: installing feast {VERSION}, once\n")
    for command in (
        [sys.executable, "-m", "venv", str(CACHE)],
        [str(programs / "python"), "-m", "pip", "install", "--quiet", f"feast=={VERSION}"],
    ):
        done = subprocess.run(command, check=False, capture_output=True, timeout=INSTALL_S)
        if done.returncode:
            return None
    return programs


@contextmanager
def serving(programs: Path, measured: Measured, folder: Path, port: int) -> Iterator[int]:
    """``feast serve`` over the values of ``measured``; yields its process id."""
    folder.mkdir()
    (folder / "feature_store.yaml").write_text(STORE)
    (folder / "refs.json").write_bytes(msgspec.json.encode(measured.refs))
    (folder / "define.py").write_text(DEFINE)
    quiet = {**os.environ, "FEAST_USAGE": "False"}
    command = [str(programs / "python"), "define.py", str(FEATURES)]
    subprocess.run(command, cwd=folder, env=quiet, check=True, capture_output=True)
    serve = [str(programs / "feast"), "-c", str(folder), "serve", "-h", "127.0.0.1", "-p", str(port), "--no-access-log"]
    with servers.running(serve, f"http://127.0.0.1:{port}/health", quiet) as pid:
        yield pid


def traffic(measured: Measured, subjects: int, features: int) -> Traffic:
    """The same reads as ``tests.bench.traffic.reads``, as Feast takes them."""
    doubled = measured.refs + measured.refs
    names = measured.names(features)
    bodies = [
        msgspec.json.encode({"features": names, "entities": {"subject": doubled[start : start + subjects]}})
        for start in range(DISTINCT)
    ]
    return Traffic("/get-online-features", bodies)
