"""The root key file: made once, closed to others, told apart from wrong ones."""

import os
import stat
from multiprocessing import get_context
from pathlib import Path

import pytest

from tests.vault.support import fixed, vectors
from vault import (
    FileRootKey,
    RootKeyExposedError,
    RootKeyMalformedError,
    RootKeyMissingError,
    RootKeyUnavailableError,
    SecretBytes,
    TamperedError,
    TruncatedError,
    UnknownSuiteError,
    UnknownVersionError,
    WrongRootKeyError,
)
from vault.errors import VaultError

CASE = vectors("keys.json")["root"]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "secrets" / "root.key"


@pytest.fixture
def published(tmp_path: Path) -> Path:
    place = tmp_path / "root.key"
    place.touch(0o600)
    place.write_text(CASE["file"])
    return place


def test_the_file_is_made_closed_on_the_first_run_and_kept(path: Path) -> None:
    first = FileRootKey.open_or_create(path)
    content = path.read_bytes()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert FileRootKey.open_or_create(path).name == first.name
    assert path.read_bytes() == content
    assert [entry.name for entry in path.parent.iterdir()] == ["root.key"]


def test_a_generous_umask_does_not_open_the_file(path: Path) -> None:
    before = os.umask(0)
    try:
        FileRootKey.open_or_create(path)
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_processes_that_start_together_use_one_key(path: Path) -> None:
    forks = get_context("fork")
    with forks.Pool(6) as pool:
        names = pool.map(name_of, [path] * 24)
    assert len(set(names)) == 1


def name_of(path: Path) -> str:
    return FileRootKey.open_or_create(path).name


def test_wrapping_gives_the_published_bytes(published: Path) -> None:
    root = FileRootKey.open(published, fixed(bytes.fromhex(CASE["nonce"])))
    context, key = bytes.fromhex(CASE["context"]), SecretBytes(bytes.fromhex(CASE["key"]))
    wrapped = root.wrap(key, context)
    assert wrapped.hex() == CASE["wrapped"]
    assert root.unwrap(wrapped, context) == key
    assert root.name == CASE["name"]
    root.health()


def test_what_was_wrapped_for_another_use_or_altered_does_not_open(published: Path) -> None:
    root = FileRootKey.open(published)
    context, wrapped = bytes.fromhex(CASE["context"]), bytes.fromhex(CASE["wrapped"])
    cases: list[tuple[bytes, bytes, type[VaultError]]] = [
        (wrapped, b"another context", TamperedError),
        (wrapped[:-1] + bytes([wrapped[-1] ^ 1]), context, TamperedError),
        (wrapped[:20], context, TruncatedError),
        (b"\x02" + wrapped[1:], context, UnknownVersionError),
        (wrapped[:1] + b"\x02" + wrapped[2:], context, TamperedError),
        (wrapped[:1] + b"\x03" + wrapped[2:], context, UnknownSuiteError),
    ]
    for blob, where, error in cases:
        with pytest.raises(error):
            root.unwrap(blob, where)


def test_keys_of_another_root_key_are_said_to_be_so(path: Path) -> None:
    other = FileRootKey.open_or_create(path)
    with pytest.raises(WrongRootKeyError, match=CASE["name"]):
        other.unwrap(bytes.fromhex(CASE["wrapped"]), bytes.fromhex(CASE["context"]))


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644, 0o602])
def test_a_file_that_others_can_reach_is_refused(published: Path, mode: int) -> None:
    published.chmod(mode)
    with pytest.raises(RootKeyExposedError, match=f"{mode:04o}"):
        FileRootKey.open_or_create(published)


def test_a_folder_that_everyone_can_write_to_is_refused(path: Path) -> None:
    FileRootKey.open_or_create(path)
    path.parent.chmod(0o777)
    with pytest.raises(RootKeyExposedError, match="replace"):
        FileRootKey.open(path)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_a_file_of_another_user_is_refused(published: Path) -> None:
    os.chown(published, 12345, -1)
    with pytest.raises(RootKeyExposedError, match="12345"):
        FileRootKey.open(published)


@pytest.mark.parametrize(
    "content",
    [
        "",
        "yumen-root-v1 \n",
        CASE["file"][:-3] + "\n",
        CASE["file"] + "00",
        CASE["file"].upper(),
        "x" * 32,
        "\x00" * 32,
    ],
)
def test_what_is_no_root_key_is_refused_without_showing_it(published: Path, content: str) -> None:
    published.write_text(content)
    with pytest.raises(RootKeyMalformedError) as refusal:
        FileRootKey.open_or_create(published)
    assert not content.strip() or content not in str(refusal.value)


def test_a_missing_file_is_not_made_by_opening(path: Path) -> None:
    with pytest.raises(RootKeyMissingError, match="backup"):
        FileRootKey.open(path)
    assert not path.exists()


def test_a_folder_in_the_files_place_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RootKeyMalformedError):
        FileRootKey.open(tmp_path)


def test_a_place_that_cannot_be_written_is_refused_with_its_reason(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(RootKeyUnavailableError, match=r"directory|exists"):
        FileRootKey.open_or_create(tmp_path / "file" / "root.key")


def test_a_folder_that_cannot_be_made_is_said_to_be_so() -> None:
    with pytest.raises(RootKeyUnavailableError, match="cannot be made"):
        FileRootKey.open_or_create(Path("/proc/yumen/root.key"))


def test_the_second_of_two_makers_takes_the_firsts_key(path: Path) -> None:
    first: list[FileRootKey] = []

    def slow(size_b: int) -> bytes:
        first.append(FileRootKey.open_or_create(path))
        return bytes(size_b)

    assert FileRootKey.open_or_create(path, slow).name == first[0].name
    assert [entry.name for entry in path.parent.iterdir()] == ["root.key"]


def test_health_notices_a_file_that_went_or_was_replaced(path: Path) -> None:
    root = FileRootKey.open_or_create(path)
    path.unlink()
    with pytest.raises(RootKeyMissingError):
        root.health()
    FileRootKey.open_or_create(path)
    with pytest.raises(WrongRootKeyError, match="replaced"):
        root.health()
