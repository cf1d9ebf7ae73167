r"""The policy bundle as built: the compiled module, its data, its revision.

Rules:
- the revision is SHA-256, hex, over ``yumen-policy-v1\n``, the SHA-256 of the WebAssembly module and the SHA-256 of the
  data document as canonical JSON (RFC 8785: keys sorted, no spaces, UTF-8);
- the revision written in the manifest is recomputed at load, and a bundle whose content differs is refused;
- the bundle for OPA servers, built from the same sources in the same run, carries the same revision.

Files: ``policies/compiled/embedded.tar.gz`` (OPA bundle with ``policy.wasm``) and ``policies/compiled/server.tar.gz``.
"""

from __future__ import annotations

import gzip
import io
import tarfile
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec

from catalog import canonical
from gate.errors import BundleError

POLICIES = Path(__file__).parents[2] / "policies"
EMBEDDED_BUNDLE = POLICIES / "compiled" / "embedded.tar.gz"
SERVER_BUNDLE = POLICIES / "compiled" / "server.tar.gz"
LARGEST_MEMBER_B = 16 << 20


@dataclass(frozen=True, slots=True)
class Reason:
    """Why something is withheld, for people.

    Attributes:
        code: stable code.
        by: "policy" for codes that the rules give, "host" for faults of the service itself.
        law, article: the instrument by its Chinese name, and the place in it ("" where it has no articles to cite).
        zh, en: what is wrong. remedy_zh, remedy_en: what would cure it.
    """

    code: str
    by: str
    law: str
    article: str
    zh: str
    en: str
    remedy_zh: str
    remedy_en: str


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The closed lists an answer is checked against."""

    policy_codes: frozenset[str]
    obligations: frozenset[str]


@dataclass(frozen=True, slots=True)
class Bundle:
    """A policy bundle whose revision was checked against its content.

    Attributes:
        module: the WebAssembly module.
        data: the data document, as JSON.
    """

    revision: str
    module: bytes
    data: bytes
    reasons: dict[str, Reason]
    vocabulary: Vocabulary


def load_bundle(path: Path = EMBEDDED_BUNDLE) -> Bundle:
    """Read and check the bundle for the embedded engine.

    Raises: BundleError: unreadable, incomplete, or its content is not what its revision says.
    """
    members = _members(path)
    try:
        stated = msgspec.json.decode(members[".manifest"])["revision"]
        module, data = members["policy.wasm"], members["data.json"]
    except (KeyError, TypeError, msgspec.DecodeError) as fault:
        raise BundleError(f"{path.name} is no policy bundle") from fault
    return bundle_of(module, data, stated, name=path.name)


def load_candidate(path: Path) -> Bundle:
    """Read a bundle that is not in force and that nobody gave its revision yet: it is computed.

    Raises: BundleError: unreadable or incomplete.
    """
    members = _members(path)
    try:
        module, data = members["policy.wasm"], members["data.json"]
        return bundle_of(module, data, revision_of(module, msgspec.json.decode(data)), name=path.name)
    except (KeyError, msgspec.DecodeError) as fault:
        raise BundleError(f"{path.name} is no policy bundle") from fault


def bundle_of(module: bytes, data: bytes, stated: str, *, name: str = "the policy") -> Bundle:
    """Make a bundle of its parts.

    Raises: BundleError: incomplete, or its content is not what ``stated`` says.
    """
    try:
        document = msgspec.json.decode(data)
        actual = revision_of(module, document)
        reasons = {code: Reason(code=code, **texts) for code, texts in document["yumen"]["codes"].items()}
        obligations = frozenset(document["yumen"]["terms"]["obligations"])
    except (KeyError, TypeError, AttributeError, msgspec.DecodeError) as fault:
        raise BundleError(f"{name} is no policy bundle") from fault
    if stated != actual:
        raise BundleError(f"{name} holds another policy than its revision says")
    codes = frozenset(code for code, reason in reasons.items() if reason.by == "policy")
    return Bundle(actual, module, data, reasons, Vocabulary(codes, obligations))


def revision_of(module: bytes, data: Any) -> str:
    """The revision of a policy: what it does and what it knows, nothing about where or when it was built."""
    parts = sha256(module).hexdigest() + sha256(canonical(data)).hexdigest()
    return sha256(f"yumen-policy-v1\n{parts}".encode()).hexdigest()


def archive_of(module: bytes, data: bytes, revision: str) -> bytes:
    """A policy as one archive that `load_bundle` takes; equal policies give equal bytes."""
    members = {".manifest": canonical({"revision": revision}), "data.json": data, "policy.wasm": module}
    raw = io.BytesIO()
    with (
        gzip.GzipFile(filename="", mode="wb", fileobj=raw, mtime=0) as packed,
        tarfile.open(fileobj=packed, mode="w", format=tarfile.USTAR_FORMAT) as archive,
    ):
        for name, content in members.items():
            member = tarfile.TarInfo(name)
            member.size, member.mtime, member.mode = len(content), 0, 0o644
            archive.addfile(member, io.BytesIO(content))
    return raw.getvalue()


def parts_of(archive: bytes) -> tuple[bytes, bytes]:
    """Module and data of such an archive, unchecked. Raises: BundleError."""
    members = _members_of(archive, "the policy")
    if not {"policy.wasm", "data.json"} <= members.keys():
        raise BundleError("the policy is no policy bundle")
    return members["policy.wasm"], members["data.json"]


def _members(path: Path) -> dict[str, bytes]:
    try:
        return _members_of(path.read_bytes(), path.name)
    except OSError as fault:
        raise BundleError(f"{path.name} cannot be read") from fault


def _members_of(content: bytes, shown: str) -> dict[str, bytes]:
    wanted = {"policy.wasm", "data.json", ".manifest"}
    found: dict[str, bytes] = {}
    try:
        with tarfile.open(fileobj=io.BytesIO(content), mode="r:gz") as archive:
            for member in archive:
                name = member.name.lstrip("/")
                file = archive.extractfile(member) if name in wanted and member.size <= LARGEST_MEMBER_B else None
                if file is not None:
                    found[name] = file.read()
    except (OSError, EOFError, tarfile.TarError) as fault:
        raise BundleError(f"{shown} cannot be read") from fault
    return found
