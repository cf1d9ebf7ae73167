"""Keepers that are down, slow, refusing or talking nonsense: one typed error each, within bounds, without detail."""

import json
import socket
import subprocess
import sys
import time
from dataclasses import replace

import pytest

from tests.vault.kms.conftest import QUICK
from tests.vault.kms.transit_server import TransitServer
from vault import (
    CallLimits,
    ExtraMissingError,
    KeyDisabledError,
    KmsAnswerError,
    KmsKeyMissingError,
    KmsRefusedError,
    KmsUnavailableError,
    SecretBytes,
    TamperedError,
    VaultError,
)
from vault.kms.aws import AwsPlace, AwsRootKey
from vault.kms.calling import insist, load, within
from vault.kms.pkcs11 import HsmPlace, HsmRootKey
from vault.kms.transit import TransitPlace, TransitRootKey

KEY, CONTEXT = SecretBytes(bytes(32)), b"context"
CANARY = b"canary-6217"
NOBODY = "http://127.0.0.1:9"


@pytest.fixture
def root(transit: TransitPlace) -> TransitRootKey:
    return TransitRootKey.create(transit, QUICK)


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ((503, b'{"errors":["Vault is sealed canary-6217"]}'), KmsUnavailableError),
        ((500, b'{"errors":["canary-6217"]}'), KmsUnavailableError),
        ((429, b'{"errors":["canary-6217"]}'), KmsUnavailableError),
        ((502, b"<html>canary-6217</html>"), KmsUnavailableError),
        ((403, b'{"errors":["permission denied canary-6217"]}'), KmsRefusedError),
        ((401, b'{"errors":["canary-6217"]}'), KmsRefusedError),
        ((400, b'{"errors":["canary-6217"]}'), KmsRefusedError),
        ((404, b'{"errors":[]}'), KmsKeyMissingError),
        ((200, b"<html>canary-6217</html>"), KmsAnswerError),
        ((200, b'{"data":{}}'), KmsAnswerError),
        ((200, b'{"data":null}'), KmsAnswerError),
        ((200, b"[]"), KmsAnswerError),
        ((200, b""), KmsAnswerError),
        ((307, b"http://127.0.0.1:9/v1/transit"), KmsAnswerError),
    ],
)
def test_each_fault_of_transit_is_one_typed_error(
    root: TransitRootKey, transit_server: TransitServer, fault: tuple[int, bytes], error: type[VaultError]
) -> None:
    wrapped = root.wrap(KEY, CONTEXT)
    transit_server.fault = fault
    for attempt in (root.health, lambda: root.wrap(KEY, CONTEXT), lambda: root.unwrap(wrapped, CONTEXT)):
        with pytest.raises(error) as refusal:
            attempt()
        assert CANARY.decode() not in str(refusal.value)
        assert refusal.value.__cause__ is None
    transit_server.fault = None
    assert root.unwrap(wrapped, CONTEXT) == KEY


def test_a_refusal_is_not_tried_again_and_silence_is_so_often(
    root: TransitRootKey, transit_server: TransitServer
) -> None:
    for fault, times in (((403, b"{}"), 1), ((503, b"{}"), QUICK.attempts)):
        transit_server.fault, transit_server.asked = fault, 0
        with pytest.raises(VaultError):
            root.health()
        assert transit_server.asked == times


def test_a_slow_keeper_is_given_up_in_time(
    root: TransitRootKey, transit: TransitPlace, transit_server: TransitServer
) -> None:
    transit_server.delay_s = 3
    hasty = TransitRootKey(transit, CallLimits(timeout_s=0.2, attempts=2, pause_s=0.01))
    began = time.monotonic()
    with pytest.raises(KmsUnavailableError):
        hasty.health()
    assert time.monotonic() - began < 2


def test_a_keeper_that_is_not_there_is_unavailable(aws: AwsPlace, transit: TransitPlace) -> None:
    for root in (AwsRootKey(replace(aws, endpoint=NOBODY), QUICK), TransitRootKey(replace(transit, url=NOBODY), QUICK)):
        with pytest.raises(KmsUnavailableError):
            root.health()


def test_a_token_that_transit_does_not_know_is_refused(transit: TransitPlace) -> None:
    stranger = TransitRootKey(replace(transit, token=lambda: SecretBytes(b"s.another")), QUICK)
    with pytest.raises(KmsRefusedError):
        stranger.health()


def test_a_renewed_token_is_used_at_once(transit: TransitPlace, transit_server: TransitServer) -> None:
    root = TransitRootKey.create(transit, QUICK)
    held = ["s.old"]
    renewed = TransitRootKey(replace(transit, token=lambda: SecretBytes(held[0].encode())), QUICK)
    with pytest.raises(KmsRefusedError):
        renewed.health()
    held[0] = transit_server.token
    renewed.health()
    assert renewed.unwrap(root.wrap(KEY, CONTEXT), CONTEXT) == KEY


@pytest.mark.parametrize(
    ("code", "status", "error"),
    [
        ("DisabledException", 400, KeyDisabledError),
        ("KMSInvalidStateException", 400, KeyDisabledError),
        ("NotFoundException", 400, KmsKeyMissingError),
        ("InvalidCiphertextException", 400, TamperedError),
        ("AccessDeniedException", 400, KmsRefusedError),
        ("ThrottlingException", 400, KmsUnavailableError),
        ("KMSInternalException", 500, KmsUnavailableError),
    ],
)
def test_each_refusal_of_aws_is_one_typed_error(
    aws: AwsPlace, transit_server: TransitServer, code: str, status: int, error: type[VaultError]
) -> None:
    """A server that answers as AWS KMS does; moto cannot be told to."""
    wrapped = AwsRootKey(aws, QUICK).wrap(KEY, CONTEXT)
    root = AwsRootKey(replace(aws, endpoint=transit_server.url), QUICK)
    transit_server.fault = status, json.dumps({"__type": code, "message": CANARY.decode()}).encode()
    with pytest.raises(error) as refusal:
        root.unwrap(wrapped, CONTEXT)
    assert CANARY.decode() not in str(refusal.value)


def test_without_credentials_aws_is_a_refusal(aws: AwsPlace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    with pytest.raises(KmsRefusedError, match="credentials"):
        AwsRootKey(aws, QUICK).health()


def test_a_wrong_pin_or_token_or_library_is_refused(token: object, hsm: HsmPlace) -> None:
    """In a process of its own: one process is logged in once for all."""
    code = (
        "import sys\nfrom pathlib import Path\nfrom vault import SecretBytes, VaultError\n"
        "from vault.kms.pkcs11 import HsmPlace, HsmRootKey\n"
        "place = HsmPlace(Path(sys.argv[1]), sys.argv[2], 'k', SecretBytes(sys.argv[3].encode()))\n"
        "try:\n    HsmRootKey(place).health()\nexcept VaultError as error:\n    print(error.code)\n"
    )
    found = [
        subprocess.run([sys.executable, "-c", code, *given], capture_output=True, text=True, check=True).stdout.strip()
        for given in (
            (str(hsm.module), "yumen", "0000"),
            (str(hsm.module), "nobody", "7391"),
            ("/nowhere/libpkcs11.so", "yumen", "7391"),
            (str(hsm.module), "yumen", "7391"),
        )
    ]
    assert found == ["vault/kms_refused", "vault/kms_key_missing", "vault/kms_unavailable", "vault/kms_key_missing"]


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # the library's, of the closed session
def test_a_session_that_broke_is_opened_again(hsm: HsmPlace) -> None:
    root = HsmRootKey.create(hsm, QUICK)
    wrapped = root.wrap(KEY, CONTEXT)
    root._session.close()
    assert root.unwrap(wrapped, CONTEXT) == KEY


def test_the_key_in_the_module_cannot_be_read(hsm: HsmPlace) -> None:
    root = HsmRootKey.create(hsm, QUICK)
    root.health()
    attribute = root._pkcs11.Attribute
    [key] = root._versions(root._session).values()
    assert key[attribute.SENSITIVE]
    assert not key[attribute.EXTRACTABLE]
    with pytest.raises(root._pkcs11.exceptions.AttributeSensitive):
        key[attribute.VALUE]


def test_a_library_that_hangs_is_given_up() -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        silent.settimeout(1)
        with pytest.raises(KmsUnavailableError, match="within"):
            within(0.05, silent.accept, name="pkcs11:yumen/k")


def test_trying_again_ends_and_waits_longer_each_time() -> None:
    waits: list[float] = []

    def silent() -> None:
        raise KmsUnavailableError("silent")

    with pytest.raises(KmsUnavailableError):
        insist(CallLimits(attempts=4, pause_s=0.1), silent, sleep=waits.append)
    assert waits == [0.1, 0.2, 0.4]


def test_a_missing_extra_is_named_in_one_line() -> None:
    with pytest.raises(ExtraMissingError, match=r"pip install 'yumen\[pkcs11\]'"):
        load("no_such_library_of_pkcs11", "pkcs11")
