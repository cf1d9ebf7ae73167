"""The committed bundles: what the sources build, to the bit; and nothing else is loaded."""

from __future__ import annotations

import io
import json
import subprocess
import tarfile
from pathlib import Path

import pytest

from gate.engines import EMBEDDED_BUNDLE, SERVER_BUNDLE, BundleError, EmbeddedEngine, load_bundle
from gate.errors import EngineAnswerError
from tools import policies

CLOCK = """package yumen.gate

decisions := [answer | some request in input.requests; answer := {"features": {}, "at": time.now_ns(), "of": request}]
"""


def test_the_committed_bundles_are_what_the_sources_build(opa: Path, tmp_path: Path) -> None:
    if not policies.is_pinned(str(opa)):
        pytest.skip(f"comparing bundles needs OPA {policies.PINNED_OPA}")
    assert policies.build(tmp_path) == load_bundle().revision
    for committed in (EMBEDDED_BUNDLE, SERVER_BUNDLE):
        assert (tmp_path / committed.name).read_bytes() == committed.read_bytes()


def test_both_bundles_name_the_same_revision() -> None:
    with tarfile.open(SERVER_BUNDLE) as archive:
        manifest = archive.extractfile("/.manifest")
        assert manifest is not None
        assert json.loads(manifest.read())["revision"] == load_bundle().revision


def test_a_module_that_asks_the_host_for_a_builtin_is_refused(opa: Path, tmp_path: Path) -> None:
    changed = repacked(tmp_path / "changed.tar.gz", {"policy.wasm": compiled(opa, tmp_path, CLOCK)}, restamp=True)
    with pytest.raises(BundleError, match=r"time\.now_ns"):
        EmbeddedEngine(load_bundle(changed))


async def test_decisions_that_are_undefined_answer_nobody(opa: Path, tmp_path: Path) -> None:
    module = compiled(opa, tmp_path, "package yumen.gate\n\ndecisions := 1 if input.never\n")
    engine = EmbeddedEngine(load_bundle(repacked(tmp_path / "changed.tar.gz", {"policy.wasm": module}, restamp=True)))
    with pytest.raises(EngineAnswerError):
        await engine.health()
    await engine.close()


def test_a_module_with_other_imports_is_refused(tmp_path: Path) -> None:
    module = bytes.fromhex("0061736d01000000 010401600000 020c01 03656e76 0466726565 0000".replace(" ", ""))
    with pytest.raises(BundleError, match="imports"):
        EmbeddedEngine(load_bundle(repacked(tmp_path / "b.tar.gz", {"policy.wasm": module}, restamp=True)))


def test_something_that_is_no_module_is_refused(tmp_path: Path) -> None:
    changed = repacked(tmp_path / "b.tar.gz", {"policy.wasm": b"MZ"}, restamp=True)
    with pytest.raises(BundleError, match="not WebAssembly"):
        EmbeddedEngine(load_bundle(changed))


@pytest.mark.parametrize("member", ["policy.wasm", "data.json"])
def test_content_that_is_not_what_the_revision_says_is_refused(member: str, tmp_path: Path) -> None:
    original = members(EMBEDDED_BUNDLE)[member]
    changed = original + (b"\x00" if member == "policy.wasm" else b"")
    if member == "data.json":
        changed = original.replace(b'"C3_NEVER"', b'"C3_ALWAYS"')
    with pytest.raises(BundleError, match="another policy"):
        load_bundle(repacked(tmp_path / "b.tar.gz", {member: changed}))


@pytest.mark.parametrize("member", ["policy.wasm", "data.json", ".manifest"])
def test_an_incomplete_bundle_is_refused(member: str, tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="no policy bundle"):
        load_bundle(repacked(tmp_path / "b.tar.gz", {member: None}))


@pytest.mark.parametrize("content", [b"", b"not an archive", EMBEDDED_BUNDLE.read_bytes()[:2000]])
def test_an_unreadable_bundle_is_refused(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "b.tar.gz"
    path.write_bytes(content)
    with pytest.raises(BundleError):
        load_bundle(path)


def test_a_missing_bundle_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="cannot be read"):
        load_bundle(tmp_path / "none.tar.gz")


def compiled(opa: Path, folder: Path, source: str) -> bytes:
    path, built = folder / "source.rego", folder / "built.tar.gz"
    path.write_text(source, "utf-8")
    subprocess.run([opa, "build", "--target=wasm", "--entrypoint=yumen/gate/decisions", path, "-o", built], check=True)
    return members(built)["policy.wasm"]


def members(path: Path) -> dict[str, bytes]:
    with tarfile.open(path) as archive:
        return {member.name.lstrip("/"): archive.extractfile(member).read() for member in archive}  # type: ignore[union-attr]


def repacked(path: Path, changes: dict[str, bytes | None], *, restamp: bool = False) -> Path:
    """The committed bundle with members changed, and its revision made to fit if asked."""
    content = {**members(EMBEDDED_BUNDLE), **changes}
    if restamp:
        revision = policies.revision_of(content["policy.wasm"] or b"", json.loads(content["data.json"] or b""))
        content[".manifest"] = json.dumps({"revision": revision}).encode()
    with tarfile.open(path, "w:gz") as archive:
        for name, data in content.items():
            if data is not None:
                entry = tarfile.TarInfo(f"/{name}")
                entry.size = len(data)
                archive.addfile(entry, io.BytesIO(data))
    return path
