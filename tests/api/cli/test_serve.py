"""``yumen serve`` as a process: starts, answers, stops in order."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from api.cli.serving import opened
from api.metrics import Metrics
from api.settings import load_settings
from tests.api.cli.conftest import Cli, finished, process
from tests.api.cli.test_migrate import PRODUCTION

FEATURE = "account_profile:tier"
CHECKED = ("service", "policy", "ledger", "keys", "ends", "log")


@contextmanager
def serving(*arguments: str, ready: int = 200) -> Iterator[tuple["subprocess.Popen[str]", str]]:
    """A service on a free port, once it is ready; killed if the test did not stop it."""
    running = process("serve", "--port", "0", "--json", *arguments, start_new_session=True)
    try:
        assert running.stdout is not None
        url = json.loads("".join(iter(running.stdout.readline, "}\n")) + "}")["url"]
        until(lambda: answer(f"{url}/readyz") == ready or running.poll() is not None)
        yield running, url
    finally:
        if running.poll() is None:
            running.kill()
        running.communicate()


def until(done: Callable[[], bool], seconds: float = 40) -> None:
    deadline = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)


def answer(url: str) -> int:
    try:
        return httpx.get(url, timeout=5).status_code
    except httpx.TransportError:
        return 0


def ended(running: "subprocess.Popen[str]", number: int) -> tuple[int, str]:
    running.send_signal(number)
    _, err = running.communicate(timeout=30)
    return running.returncode, err


def token(cli: Cli) -> str:
    return str(cli("token", "--role", "scorer", "--tenant", "xiaomi", "--name", "limit_engine").out.strip())


def reading(subject: str) -> bytes:
    body = {"purpose": "limit_setting", "product": "xiaomi_loan", "subjects": [subject], "features": [FEATURE]}
    return json.dumps(body).encode()


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 0), (signal.SIGINT, 130)])
def test_it_starts_on_nothing_answers_and_stops_by_a_signal(number: int, code: int, folder: Path) -> None:
    del folder
    with serving() as (running, url):
        assert httpx.get(f"{url}/livez").json() == {"status": "ok"}
        found, err = ended(running, number)
    assert found == code
    assert "Traceback" not in err
    assert answer(f"{url}/livez") == 0


def test_an_answer_in_flight_is_finished_after_the_signal(both_databases: str, cli: Cli) -> None:
    del both_databases
    subject = cli("setup", "000", "--json").document["people"]["lin"]
    body, bearer = reading(subject), token(cli)
    with serving() as (running, url):
        head = (
            f"POST /v1/reads HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {bearer}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        place = urlsplit(url)
        with socket.create_connection((str(place.hostname), int(place.port or 0)), timeout=20) as raw:
            raw.sendall(head.encode() + body[:20])
            time.sleep(0.3)
            running.send_signal(signal.SIGTERM)
            time.sleep(0.5)
            assert running.poll() is None
            raw.sendall(body[20:])
            got = b"".join(iter(lambda: raw.recv(65_536), b""))
        running.communicate(timeout=30)
    assert got.startswith(b"HTTP/1.1 200")
    assert b"NO_GRANT" in got
    assert running.returncode == 0
    assert cli("check", "--json").document["reads"] == 1


def test_several_workers_share_one_socket_and_stop_together(both_databases: str, cli: Cli) -> None:
    del both_databases
    subject = cli("setup", "000", "--json").document["people"]["lin"]
    headers = {"Authorization": f"Bearer {token(cli)}", "Content-Type": "application/json"}
    with serving("--workers", "2") as (running, url):
        workers = children(running.pid)
        for _ in range(10):
            done = httpx.post(f"{url}/v1/reads", content=reading(subject), headers=headers, timeout=20)
            assert done.status_code == 200
        assert len(workers) >= 2
        code, err = ended(running, signal.SIGTERM)
    assert code == 0
    assert "Traceback" not in err
    until(lambda: not [worker for worker in workers if Path(f"/proc/{worker}/cmdline").exists()])
    assert cli("check", "--json").document["reads"] == 10


def test_a_worker_that_dies_is_started_again(folder: Path) -> None:
    del folder
    with serving("--workers", "2") as (running, url):
        before = servers(running.pid)
        os.kill(before[0], signal.SIGKILL)
        until(lambda: len(set(servers(running.pid)) - {before[0]}) == 2)
        until(lambda: answer(f"{url}/readyz") == 200)
        code, _ = ended(running, signal.SIGINT)
    assert code == 130


def children(parent: int) -> list[int]:
    """The processes below one, whatever they do."""
    listed = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
    return [int(pid) for pid in listed]


def servers(parent: int) -> list[int]:
    """The spawned workers, without the helper that tracks resources."""
    found = []
    for pid in children(parent):
        line = Path(f"/proc/{pid}/cmdline")
        if line.exists() and b"spawn_main" in line.read_bytes():
            found.append(pid)
    return found


def test_production_refuses_an_old_schema_and_says_what_to_do(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    del folder
    for name, value in PRODUCTION.items():
        monkeypatch.setenv(name, value)
    done = finished("serve", "--port", "0")
    assert done.code == 2
    assert done.out == ""
    assert "run: yumen migrate" in done.err.splitlines()[-1]
    assert "Traceback" not in done.err


def test_a_taken_port_is_told_in_one_line(folder: Path) -> None:
    del folder
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = finished("serve", "--port", str(port))
    assert done.code == 2
    assert done.err.splitlines() == [f"yumen: 127.0.0.1:{port}: Address already in use"]


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_wrong_root_key_ends_the_start_in_one_line(workers: str, cli: Cli, folder: Path) -> None:
    cli("setup", "000")
    (folder / "var" / "root.key").unlink()
    done = finished("serve", "--port", "0", "--workers", workers)
    assert done.code in {1, 2}
    assert "Traceback" not in done.err
    assert any(line.startswith("yumen: ") and "vault/" in line for line in done.err.splitlines())


def test_a_running_service_is_seen_by_the_status(cli: Cli) -> None:
    cli("tenants", "add", "xiaomi", "--zh", "小米贷款", "--en", "Xiaomi Loan")
    with serving() as (running, url):
        status: Any = cli("status", "--url", url, "--json")
        assert status.code == 0
        assert status.document["service"]["checks"] == dict.fromkeys(CHECKED, "ok")
        assert ended(running, signal.SIGTERM)[0] == 0
    assert cli("status", "--url", url).code == 1


def test_a_lender_is_set_up_over_http_and_again_doubles_nothing(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    cli("tenants", "add", "xiaomi", "--zh", "小米贷款", "--en", "Xiaomi Loan")
    with serving() as (_, url):
        first, again = (cli("setup", "000", "--url", url, "--json") for _ in range(2))
        monkeypatch.setenv("YUMEN_TOKEN", "not.a.token")
        refused = cli("setup", "000", "--url", url)
    assert (first.code, again.code, refused.code) == (0, 0, 2)
    assert first.document["people"] == again.document["people"]
    assert "401 identity/token_invalid" in refused.err
    monkeypatch.delenv("YUMEN_TOKEN")
    assert cli("status", "--json").document["database"]["counts"]["subjects"] == 3
    assert cli("check").code == 0


def test_a_service_whose_database_is_away_lives_and_says_so(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    del folder
    monkeypatch.setenv("YUMEN_DATABASE_URL", "postgresql://nobody:hush@127.0.0.1:1/nothing")
    with serving(ready=503) as (running, url):
        assert answer(f"{url}/livez") == 200
        code, err = ended(running, signal.SIGTERM)
    assert code == 0
    assert "Traceback" not in err
    assert "hush" not in err


def test_a_database_that_comes_late_with_an_old_schema_is_waited_for(
    folder: Path, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in PRODUCTION.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("YUMEN_ISSUER__JWKS_URL")
    monkeypatch.setenv("YUMEN_ISSUER__JWKS_FILE", str(folder / "keys.json"))
    (folder / "keys.json").write_text('{"keys": []}')
    settings = load_settings()

    async def open_and_close() -> bool:
        async with opened(settings, Metrics()) as service:
            return service.settings is settings

    with pytest.raises(ConnectionError):
        asyncio.run(open_and_close())
    assert cli("migrate").code == 0
    assert asyncio.run(open_and_close())
