"""The revision of a policy in a pack, worked out as docs/formats/facts.md says; apart from who runs policies."""

import gzip
import hashlib
import io
import json
import tarfile
import zlib

from catalog import CatalogError
from catalog.canonical import canonical

LARGEST_B = 64 << 20


def policy_revision(archive: bytes) -> str:
    """The revision of an archive that holds `policy.wasm` and `data.json`; empty if it is none."""
    found: dict[str, bytes] = {}
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(archive)) as packed:
            unpacked = packed.read(LARGEST_B)
            if packed.read(1):
                return ""  # nothing that unpacks without end is a policy
        with tarfile.open(fileobj=io.BytesIO(unpacked), mode="r:") as tar:
            for member in tar:
                content = tar.extractfile(member)
                if content is not None:
                    found[member.name.lstrip("/")] = content.read()
        data = canonical(json.loads(found["data.json"]))
        parts = hashlib.sha256(found["policy.wasm"]).hexdigest() + hashlib.sha256(data).hexdigest()
    except (KeyError, ValueError, OSError, EOFError, zlib.error, tarfile.TarError, CatalogError):
        return ""
    return hashlib.sha256(f"yumen-policy-v1\n{parts}".encode()).hexdigest()
