"""What every keeper of a root key promises, kept by each of them."""

import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.vault.kms.conftest import QUICK
from tests.vault.kms.transit_server import RealServer, TransitServer
from vault import (
    FileRootKey,
    KeyDisabledError,
    KmsKeyMissingError,
    KmsRefusedError,
    RootKey,
    RootKeyError,
    SecretBytes,
    Suite,
    TamperedError,
    TruncatedError,
    UnknownVersionError,
    WrongRootKeyError,
)
from vault.kms.aws import AwsPlace, AwsRootKey
from vault.kms.pkcs11 import HsmPlace, HsmRootKey
from vault.kms.transit import TransitPlace, TransitRootKey

CONTEXT, KEY = b"yumen/key/kek/1", SecretBytes(bytes(range(32)))
REAL = os.environ.get("YUMEN_TEST_TRANSIT")
KINDS = ["file", "file-sm", "pkcs11", "transit", "aws", *(["transit-real"] if REAL else [])]
Opener = Callable[[], RootKey]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def real_transit() -> Iterator[RealServer]:
    with RealServer(Path(REAL or ""), _free_port()) as server:
        yield server


@pytest.fixture(params=KINDS)
def opener(request: pytest.FixtureRequest, tmp_path: Path) -> Opener:
    """Opens one and the same root key again and again; it has been made."""
    match request.param:
        case "pkcs11":
            hsm: HsmPlace = request.getfixturevalue("hsm")
            HsmRootKey.create(hsm, QUICK)
            return lambda: HsmRootKey(hsm, QUICK)
        case "aws":
            aws: AwsPlace = request.getfixturevalue("aws")
            return lambda: AwsRootKey(aws, QUICK)
        case "transit" | "transit-real":
            server: TransitServer | RealServer = request.getfixturevalue(
                "transit_server" if request.param == "transit" else "real_transit"
            )
            place = TransitPlace(server.url, f"k{abs(hash(tmp_path)):x}", lambda: SecretBytes(server.token.encode()))
            TransitRootKey.create(place, QUICK)
            return lambda: TransitRootKey(place, QUICK)
        case kind:
            suite = Suite.SM if kind == "file-sm" else Suite.AES
            return lambda: FileRootKey.open_or_create(tmp_path / "keys" / "root.key", suite=suite)


def test_what_one_process_wraps_another_unwraps_and_twice_never_gives_the_same_bytes(opener: Opener) -> None:
    first, second = opener(), opener()
    wrapped = first.wrap(KEY, CONTEXT)
    assert second.unwrap(wrapped, CONTEXT) == KEY
    assert first.wrap(KEY, CONTEXT) != wrapped
    assert first.owns(wrapped)
    assert second.owns(wrapped)
    assert KEY.reveal() not in wrapped
    first.health()


def test_another_context_and_altered_bytes_do_not_open(opener: Opener) -> None:
    root = opener()
    wrapped = root.wrap(KEY, CONTEXT)
    for blob, context in [
        (wrapped, b"yumen/key/kek/2"),
        (wrapped[:-5] + bytes([wrapped[-5] ^ 1]) + wrapped[-4:], CONTEXT),
    ]:
        with pytest.raises((TamperedError, RootKeyError)):
            root.unwrap(blob, context)
    for blob, error in [(b"", TruncatedError), (b"\x01", TruncatedError), (b"\x07" + wrapped[1:], UnknownVersionError)]:
        with pytest.raises(error):
            root.unwrap(blob, CONTEXT)
    assert root.unwrap(wrapped, CONTEXT) == KEY


def test_another_keepers_bytes_are_said_to_be_so(opener: Opener, tmp_path: Path) -> None:
    other = FileRootKey.open_or_create(tmp_path / "other" / "root.key")
    root = opener()
    with pytest.raises(WrongRootKeyError, match="file:"):
        root.unwrap(other.wrap(KEY, CONTEXT), CONTEXT)
    with pytest.raises(WrongRootKeyError, match="wrapped by"):
        other.unwrap(root.wrap(KEY, CONTEXT) + bytes(20), CONTEXT)
    assert not other.owns(root.wrap(KEY, CONTEXT))


def test_a_rotated_root_key_unwraps_what_it_wrapped_before(opener: Opener) -> None:
    running, operator = opener(), opener()
    before = operator.wrap(KEY, CONTEXT)
    operator.rotate()
    after = operator.wrap(KEY, CONTEXT)
    for root in (operator, running, opener()):
        assert root.unwrap(before, CONTEXT) == KEY
        assert root.unwrap(after, CONTEXT) == KEY
        root.health()


def test_a_disabled_root_key_says_so(opener: Opener, request: pytest.FixtureRequest) -> None:
    running, operator = opener(), opener()
    wrapped = operator.wrap(KEY, CONTEXT)
    assert running.unwrap(wrapped, CONTEXT) == KEY
    operator.disable()
    with pytest.raises(KeyDisabledError):
        running.health()
    kind = request.node.callspec.params["opener"]
    if kind in {"file", "file-sm"}:  # in memory until the watch hears of it
        with pytest.raises(KeyDisabledError):
            opener()
    elif kind != "aws":  # moto decrypts under a disabled key; AWS itself is in test_refusals
        with pytest.raises(KeyDisabledError):
            running.unwrap(wrapped, CONTEXT)


def test_a_destroyed_root_key_opens_nothing(opener: Opener) -> None:
    running, operator = opener(), opener()
    running.wrap(KEY, CONTEXT)
    operator.destroy()
    with pytest.raises(RootKeyError):
        running.health()


def test_a_key_is_never_made_in_silence(hsm: HsmPlace, transit: TransitPlace) -> None:
    for root in (HsmRootKey(hsm, QUICK), TransitRootKey(transit, QUICK)):
        for attempt in (root.health, root.rotate, lambda root=root: root.wrap(KEY, CONTEXT)):  # type: ignore[misc]
            with pytest.raises(KmsKeyMissingError):
                attempt()


def test_a_key_that_is_there_is_not_made_again(hsm: HsmPlace, transit: TransitPlace) -> None:
    HsmRootKey.create(hsm, QUICK)
    with pytest.raises(KmsRefusedError, match="already"):
        HsmRootKey.create(hsm, QUICK)
    TransitRootKey.create(transit, QUICK)
    with pytest.raises(KmsRefusedError, match="already"):
        TransitRootKey.create(transit, QUICK)


def test_a_root_key_shows_no_secret(opener: Opener) -> None:
    root = opener()
    for shown in (repr(root), str(root), root.name):
        assert "7391" not in shown
        assert "test-token" not in shown
