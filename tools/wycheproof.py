"""Take test vectors for our algorithms out of C2SP/wycheproof: python -m tools.wycheproof (Go fetches the module).

Writes tests/vectors/wycheproof/*.json: of each file the groups whose sizes we use, each test as
[tcId, key, iv, aad, msg, ct, tag, result], and names module and version. Licence: Apache-2.0 (see NOTICE).
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

MODULE = "github.com/c2sp/wycheproof@v0.0.0-20260902155932-3fa63dd0344a"
TARGET = Path(__file__).resolve().parents[1] / "tests" / "vectors" / "wycheproof"
Group = dict[str, Any]


def is_our_gcm(bits: int) -> Callable[[Group], bool]:
    """Tell groups of a key size, with the nonces and tags the vault uses."""
    return lambda group: (group["keySize"], group["ivSize"], group["tagSize"]) == (bits, 96, 128)


FILES: dict[str, tuple[Callable[[Group], bool], tuple[str, ...]]] = {
    "aes_gcm": (is_our_gcm(256), ("key", "iv", "aad", "msg", "ct", "tag")),
    "sm4_gcm": (is_our_gcm(128), ("key", "iv", "aad", "msg", "ct", "tag")),
    "hmac_sha256": (lambda group: group["tagSize"] == 256, ("key", "msg", "tag")),
    "hmac_sm3": (lambda group: group["tagSize"] == 256, ("key", "msg", "tag")),
    "aes_siv_cmac": (lambda group: group["keySize"] == 512, ("key", "aad", "msg", "ct")),
    "hkdf_sha256": (lambda _group: True, ("ikm", "info", "okm")),
}


def main() -> None:
    """Fetch and write."""
    command = ["go", "mod", "download", "-json", MODULE]
    found = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    folder = Path(found["Dir"]) / "testvectors_v1"
    TARGET.mkdir(parents=True, exist_ok=True)
    for name, (wanted, parts) in FILES.items():
        document = json.loads((folder / f"{name}_test.json").read_text())
        rows = list(_rows(document, wanted, parts))
        lines = ",\n".join(json.dumps(row, separators=(",", ":")) for row in rows)
        head = json.dumps({"source": MODULE, "licence": "Apache-2.0", "parts": ["id", *parts, "result"]})
        (TARGET / f"{name}.json").write_text(f'{head[:-1]}, "tests": [\n{lines}\n]}}\n')
        sys.stdout.write(f"{name}: {len(rows)}\n")


def _rows(document: dict[str, Any], wanted: Callable[[Group], bool], parts: tuple[str, ...]) -> Iterator[list[Any]]:
    for group in document["testGroups"]:
        if wanted(group):
            for test in group["tests"]:
                if test.get("salt") or test.get("size", 32) < 32:
                    continue  # the vault derives without salt, and 32 bytes: the first of what longer tests derive
                yield [test["tcId"], *(test[part] for part in parts), test["result"]]


if __name__ == "__main__":
    main()
