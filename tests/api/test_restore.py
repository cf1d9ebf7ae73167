"""A backup is restored: what ended since stays ended, and nothing is served before."""

import asyncio
import json
import shutil
import sqlite3
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy.engine import make_url

from api.app import create_app
from api.cli.acting import BY
from api.database import Database
from api.ends import Ends, EndsFile, EndsMalformedError, EndsUnavailableError, read_ends
from api.service import open_issuer
from api.settings import Settings
from api.usecases.ending import Office, restore
from lineage import check
from tests import postgres
from tests import world as lender_world
from tests.api.routes.conftest import Lender
from tests.world import World

EVIDENCE = "ev_" + "b" * 26


@asynccontextmanager
async def served(settings: Settings, world: World) -> AsyncIterator[Lender]:
    """The service on what is in the database now."""
    app = create_app(settings)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://test") as http,
    ):
        yield Lender(http, open_issuer(settings), world, settings)


class Backup:
    """A copy of a database, taken and put back."""

    def __init__(self, settings: Settings, folder: Path, dsn: str | None) -> None:
        self.url = make_url(settings.database)
        self.dsn = dsn
        self.file = folder / "backup.db"
        self.name = f"b_{uuid.uuid4().hex[:12]}"

    async def take(self) -> None:
        if self.dsn is None:
            with sqlite3.connect(str(self.url.database)) as source, sqlite3.connect(self.file) as target:
                source.backup(target)
            return
        await postgres.run(self.dsn, f"CREATE DATABASE {self.name} TEMPLATE {self.url.database} STRATEGY FILE_COPY")

    def _copy_back(self) -> None:
        for rest in ("-wal", "-shm"):
            Path(f"{self.url.database}{rest}").unlink(missing_ok=True)
        shutil.copyfile(self.file, str(self.url.database))

    async def put_back(self) -> None:
        if self.dsn is None:
            await asyncio.to_thread(self._copy_back)
            return
        await postgres.run(self.dsn, f"DROP DATABASE {self.url.database} WITH (FORCE)")
        await postgres.run(self.dsn, f"CREATE DATABASE {self.url.database} TEMPLATE {self.name} STRATEGY FILE_COPY")


@pytest.fixture
async def world(settings: Settings) -> AsyncIterator[World]:
    settings.data_dir.mkdir(exist_ok=True)
    database = Database.open(settings.database)
    made = await lender_world.build(database, settings.data_dir)
    await made.add_subjects(4, values={"orders": 3})
    for ref in made.subjects:
        await made.give(ref)
    await database.close()
    yield made
    await database.close()


@pytest.fixture
async def backup(
    settings: Settings, world: World, tmp_path: Path, request: pytest.FixtureRequest
) -> AsyncIterator[Backup]:
    """A backup of the world, everybody's consent in it."""
    del world
    is_sqlite = settings.database.startswith("sqlite")
    taken = Backup(settings, tmp_path, None if is_sqlite else request.getfixturevalue("postgres_dsn"))
    await taken.take()
    yield taken
    if taken.dsn is not None:
        await asyncio.to_thread(postgres.drop_database, taken.dsn, taken.name)


async def live_on(lender: Lender) -> None:
    """After the backup: a withdrawal, an erasure, a hold, and a suspended client."""
    withdrawn, erased, held, _ = lender.world.subjects
    answers = [
        await lender.subject("POST", "/v1/withdrawals", {"scope": "all"}, name=withdrawn),
        await lender.subject("POST", "/v1/erasure-requests", name=erased),
        await lender.call(
            "dpo",
            "POST",
            "/v1/holds",
            {
                "subject": held,
                "basis": "aml",
                "reference": EVIDENCE,
                "until": "2046-01-01T00:00:00Z",
                "then_erase": True,
            },
        ),
        await lender.call("steward", "PATCH", "/v1/clients/partner_scoring", {"status": "suspended"}),
    ]
    assert [answer.is_success for answer in answers] == [True] * 4, [answer.text for answer in answers]


async def reasons_of(lender: Lender) -> list[set[str]]:
    """What stands against a read of each of the four."""
    answer = await lender.read(lender.world.subjects, features=["behaviour:orders"])
    assert answer.status_code == 200, answer.text
    return [
        {code for feature in result["features"].values() for code in feature.get("reasons", ())}
        for result in answer.json()["results"]
    ]


async def bring_up(settings: Settings, world: World, *, dry_run: bool = False) -> dict[str, int]:
    database = Database.open(settings.database)
    ends = Ends(EndsFile(settings.ends_file))
    office = Office(database, world.keys, ends, BY)
    done = await restore(office, read_ends(ends.log), dry_run=dry_run)
    assert done.configuration == [("client", "partner_scoring", 2)]
    await database.close()
    return dict(done.repeated)


ENDED = [{"GRANT_WITHDRAWN"}, {"SUBJECT_ERASED"}, {"RESTRICTED_HOLD"}, set()]
REPEATED = {"consent.withdrawn": 1, "hold.placed": 1, "erasure.requested": 1, "subject.erased": 1}


async def test_what_ended_after_the_backup_stays_ended(settings: Settings, world: World, backup: Backup) -> None:
    async with served(settings, world) as lender:
        await live_on(lender)
        assert await reasons_of(lender) == ENDED
    await backup.put_back()
    async with served(settings, world) as lender:
        ready = await lender.http.get("/readyz")
        assert ready.status_code == 503
        assert {"name": "ends", "state": "behind: run yumen restore"} in ready.json()["checks"]
        read = await lender.read(world.subjects)
        assert (read.status_code, read.json()["code"]) == (503, "service/database_behind")
        assert "yumen restore" in read.json()["detail"]
    assert await bring_up(settings, world, dry_run=True) == REPEATED
    async with served(settings, world) as lender:
        assert (await lender.http.get("/readyz")).status_code == 503, "a dry run changes nothing"
    assert await bring_up(settings, world) == REPEATED
    async with served(settings, world) as lender:
        assert (await lender.http.get("/readyz")).status_code == 200
        assert await reasons_of(lender) == ENDED
    assert await bring_up(settings, world) == {}, "done twice it changes nothing more"
    database = Database.open(settings.database)
    async with database.reading() as tx:
        report = await check(tx.connection, check_mac=world.keys.check_mac)
    await database.close()
    assert report.faults == ()


async def test_a_restore_stopped_half_way_is_behind_still(settings: Settings, world: World, backup: Backup) -> None:
    async with served(settings, world) as lender:
        await live_on(lender)
    await backup.put_back()
    database = Database.open(settings.database)
    ends = Ends(EndsFile(settings.ends_file))

    def stop(place: int) -> None:
        if place == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        await restore(Office(database, world.keys, ends, BY), read_ends(ends.log), on_progress=stop)
    await database.close()
    async with served(settings, world) as lender:
        assert (await lender.http.get("/readyz")).status_code == 503
    left = await bring_up(settings, world)
    assert left.get("subject.erased") == 1
    async with served(settings, world) as lender:
        assert await reasons_of(lender) == ENDED


async def test_a_service_that_starts_keeps_what_the_ledger_holds_and_the_file_does_not(
    settings: Settings, world: World
) -> None:
    async with served(settings, world) as lender:
        await live_on(lender)
        whole = settings.ends_file.read_bytes()
    settings.ends_file.write_bytes(whole[: len(whole) // 2])  # torn, and the rest lost
    async with served(settings, world) as lender:
        assert (await lender.http.get("/readyz")).status_code == 200
    assert [line for line in settings.ends_file.read_bytes().splitlines() if b'"mark"' not in line] == [
        line for line in whole.splitlines() if b'"mark"' not in line
    ]


async def test_a_withdrawal_that_cannot_be_kept_is_in_effect_and_answered_when_it_can(
    settings: Settings, world: World
) -> None:
    async with served(settings, world) as lender:
        settings.ends_file.unlink(missing_ok=True)
        settings.ends_file.mkdir()
        ref = world.subjects[0]
        body: Any = {"scope": "all"}
        first = await lender.subject("POST", "/v1/withdrawals", body, name=ref, key="k")
        assert (first.status_code, first.json()["code"]) == (503, "service/ends_unavailable")
        assert (await reasons_of(lender))[0] == {"GRANT_WITHDRAWN"}
        settings.ends_file.rmdir()
        again = await lender.subject("POST", "/v1/withdrawals", body, name=ref, key="k")
        assert again.status_code == 200
        kept = settings.ends_file.read_text("utf-8").splitlines()
        assert json.loads(kept[-1])["kind"] == "consent.withdrawn"


def test_a_damaged_line_is_named_and_a_torn_last_one_passed_over(tmp_path: Path) -> None:
    file = EndsFile(tmp_path / "ends.jsonl")
    assert read_ends(file).entries == []
    line = b'{"kind":"consent.withdrawn","seq":1,"stream":"ps_a"}'
    file.append([line, line])
    file.path.write_bytes(file.path.read_bytes() + b'{"kind":"con')
    assert len(read_ends(file).entries) == 2
    file.append([line])
    assert len(read_ends(file).entries) == 3, "a torn line is cut off before the next one"
    file.path.write_bytes(file.path.read_bytes().replace(b'"seq":1', b'"sqe":1', 1))
    with pytest.raises(EndsMalformedError, match="line 1"):
        read_ends(file)
    assert file.path.stat().st_mode & 0o077 == 0
    with pytest.raises(EndsUnavailableError):
        EndsFile(tmp_path).append([line])
