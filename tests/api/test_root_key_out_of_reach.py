"""The keeper of the root key is away, slow, or says no: at the start, and while the service runs."""

import asyncio
from collections.abc import Iterator
from contextlib import AsyncExitStack

import httpx
import pytest

from api.options import KmsSettings, RootProvider
from api.roots import create_root_key, open_root_key
from api.settings import Settings, SettingsError, load_settings
from api.watching import RootWatch
from tests.api.conftest import build
from tests.vault.kms.transit_server import TransitServer
from tests.vault.support import SUBJECT, TENANT
from vault import KeyDisabledError, KeyRing, KmsKeyMissingError, KmsRefusedError, RootKey, UnknownKeyError

SEALED = (503, b'{"errors":["Vault is sealed"]}')
FORBIDDEN = (403, b'{"errors":["permission denied"]}')


@pytest.fixture
def engine() -> Iterator[TransitServer]:
    with TransitServer() as server:
        yield server


@pytest.fixture
def transit(embedded: Settings, engine: TransitServer) -> Settings:
    """An embedded deployment whose root key lies in a transit engine."""
    kms = KmsSettings.model_validate(
        {
            "provider": "transit",
            "transit_url": engine.url,
            "transit_token": engine.token,
            "attempts": 1,
            "timeout_ms": 500,
            "watch_s": 0.1,
        }
    )
    settings = embedded.model_copy(update={"kms": kms})
    create_root_key(settings)
    return settings


async def serving(settings: Settings, stack: AsyncExitStack) -> tuple[httpx.AsyncClient, KeyRing | None]:
    app = build(settings)
    await stack.enter_async_context(app.router.lifespan_context(app))
    client = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://t")
    service = app.state.service
    return await stack.enter_async_context(client), service and service.keyring


async def status(client: httpx.AsyncClient) -> tuple[int, set[str]]:
    await asyncio.sleep(1.05)  # an answer is kept for a second
    answer = await client.get("/readyz")
    return answer.status_code, {part["name"] for part in answer.json()["checks"] if part["state"] == "failed"}


@pytest.mark.parametrize("fault", [SEALED, FORBIDDEN])
async def test_a_start_without_the_keeper_is_not_ready_and_recovers_alone(
    transit: Settings, engine: TransitServer, fault: tuple[int, bytes]
) -> None:
    engine.fault = fault
    async with AsyncExitStack() as stack:
        client, _ = await serving(transit, stack)
        assert (await client.get("/livez")).status_code == 200
        assert await status(client) == (503, {"service"})
        refused = await client.get("/test/score", headers={"Authorization": "Bearer x.y.z"})
        assert (refused.status_code, refused.json()["code"]) == (503, "service/starting")
        engine.fault = None
        for _ in range(50):
            if (await status(client))[0] == 200:
                break
        assert await status(client) == (200, set())


async def test_keys_serve_from_memory_while_the_keeper_is_silent(transit: Settings, engine: TransitServer) -> None:
    async with AsyncExitStack() as stack:
        client, keys = await serving(transit, stack)
        assert keys is not None
        _, wrapped = keys.new_subject_key(TENANT, SUBJECT)
        engine.fault = SEALED
        assert await status(client) == (200, set())
        keys.open_subject_key(TENANT, SUBJECT, wrapped)
        engine.fault, engine.delay_s = None, 2.0
        assert await status(client) == (200, set())


async def test_a_root_key_that_was_switched_off_stops_reads_until_it_is_back(
    transit: Settings, engine: TransitServer
) -> None:
    async with AsyncExitStack() as stack:
        client, keys = await serving(transit, stack)
        assert keys is not None
        _, wrapped = keys.new_subject_key(TENANT, SUBJECT)
        open_root_key(transit).disable()
        assert await status(client) == (503, {"keys"})
        with pytest.raises(UnknownKeyError):
            keys.open_subject_key(TENANT, SUBJECT, wrapped)
        with pytest.raises(KeyDisabledError):
            keys.new_subject_key(TENANT, SUBJECT)
        engine.keys["yumen-root"].bounds["min_decryption_version"] = 1
        assert await status(client) == (200, set())
        keys.open_subject_key(TENANT, SUBJECT, wrapped)


async def test_silence_is_borne_for_so_long_only(transit: Settings, engine: TransitServer) -> None:
    root: RootKey = open_root_key(transit)
    async with AsyncExitStack() as stack:
        _, keys = await serving(transit, stack)
        assert keys is not None
        clock = [0.0]
        watch = RootWatch(root, keys, outage_s=60, monotonic=lambda: clock[0])
        engine.fault = SEALED
        for at_s, locked in ((59.0, False), (61.0, True)):
            clock[0] = at_s
            await watch.look()
            assert keys.is_locked is locked
        engine.fault = None
        await watch.look()
        assert not keys.is_locked


def test_a_key_management_system_without_the_key_makes_none(embedded: Settings, engine: TransitServer) -> None:
    kms = {"provider": "transit", "transit_url": engine.url, "transit_token": engine.token}
    settings = embedded.model_copy(update={"kms": KmsSettings.model_validate(kms)})
    with pytest.raises(KmsKeyMissingError):
        open_root_key(settings).health()
    assert engine.keys == {}


def test_aws_keys_are_made_by_aws(embedded: Settings) -> None:
    kms = KmsSettings.model_validate({"provider": "aws", "aws_key": "alias/yumen", "aws_region": "cn-north-1"})
    with pytest.raises(KmsRefusedError, match="create-key"):
        create_root_key(embedded.model_copy(update={"kms": kms}))


@pytest.mark.parametrize(
    ("variables", "fault"),
    [
        ({"PROVIDER": "pkcs11"}, "needs pkcs11_module, pkcs11_token, pkcs11_pin"),
        ({"PROVIDER": "transit", "TRANSIT_URL": "https://vault.example"}, "exactly one of"),
        ({"PROVIDER": "aws"}, "needs aws_key"),
        ({"PROVIDER": "abacus"}, "kms.provider"),
    ],
)
def test_a_provider_that_is_not_whole_is_refused(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], fault: str
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(f"YUMEN_KMS__{name}", value)
    with pytest.raises(SettingsError, match=fault):
        load_settings()


def test_the_provider_is_a_file_unless_the_settings_say_else(embedded: Settings) -> None:
    assert embedded.kms.provider is RootProvider.FILE
    assert open_root_key(embedded).name.startswith("file:")
