"""Key management systems on this machine: SoftHSM2, moto, a transit engine."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from moto.server import ThreadedMotoServer

from tests.vault.kms.transit_server import TransitServer
from vault import CallLimits, SecretBytes
from vault.kms.aws import AwsPlace
from vault.kms.pkcs11 import HsmPlace
from vault.kms.transit import TransitPlace

QUICK = CallLimits(timeout_s=2.0, attempts=2, pause_s=0.01)
PIN = "7391"
MODULES = (
    "/usr/lib/softhsm/libsofthsm2.so",
    "/usr/lib64/pkcs11/libsofthsm2.so",
    "/opt/homebrew/lib/softhsm/libsofthsm2.so",
)
NO_HSM = "no SoftHSM2: apt-get install softhsm2"


@pytest.fixture(scope="session")
def token(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The library of a software HSM with one token named `yumen`; SoftHSM2 reads its settings once per process."""
    module = next((Path(path) for path in MODULES if Path(path).is_file()), None)
    if module is None or shutil.which("softhsm2-util") is None:
        pytest.skip(NO_HSM)
    folder = tmp_path_factory.mktemp("hsm")
    (folder / "tokens").mkdir()
    settings = folder / "softhsm2.conf"
    settings.write_text(f"directories.tokendir = {folder}/tokens\nobjectstore.backend = file\nlog.level = ERROR\n")
    before = os.environ.get("SOFTHSM2_CONF")
    os.environ["SOFTHSM2_CONF"] = str(settings)
    command = ["softhsm2-util", "--init-token", "--free", "--label", "yumen", "--pin", PIN, "--so-pin", "48151623"]
    subprocess.run(command, check=True, capture_output=True)
    yield module
    if before is None:
        del os.environ["SOFTHSM2_CONF"]
    else:
        os.environ["SOFTHSM2_CONF"] = before


@pytest.fixture
def hsm(token: Path, request: pytest.FixtureRequest) -> HsmPlace:
    """A place for a key of this test's own."""
    label = f"k{abs(hash(request.node.nodeid)):x}"[:16]
    return HsmPlace(token, "yumen", label, SecretBytes(PIN.encode()))


@pytest.fixture(scope="session")
def aws_url() -> Iterator[str]:
    """The address of an AWS KMS of moto's."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def aws(aws_url: str, monkeypatch: pytest.MonkeyPatch) -> AwsPlace:
    """A fresh symmetric key."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    client = boto3.client("kms", region_name="cn-north-1", endpoint_url=aws_url)
    return AwsPlace(client.create_key()["KeyMetadata"]["KeyId"], "cn-north-1", aws_url)


@pytest.fixture
def transit_server() -> Iterator[TransitServer]:
    """A transit engine that speaks the wire protocol."""
    with TransitServer() as server:
        yield server


@pytest.fixture
def transit(transit_server: TransitServer) -> TransitPlace:
    """A place for a key in it."""
    return TransitPlace(transit_server.url, "yumen-root", lambda: SecretBytes(transit_server.token.encode()))
