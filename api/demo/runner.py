"""One demonstration from start to end.

1. a temporary folder, closed to others; in it the database with a tenant for each lender
2. a real service process on a free port; tokens from the development issuer
3. per lender: load its folder over HTTP, the generated clients in bulk, play its story
4. check the ledger; stop the service; remove the folder (unless it is to be kept)

Rules:
- the end comes the same way after success, a difference, Ctrl-C or a termination signal: nothing is left running and no
  file is left behind;
- the exit code is 0 only if every step came out as told and the ledger is sound.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx

from api.demo.bulk import Advance, add_tenants, load_clients
from api.demo.outcome import Outcome
from api.demo.player import Played, World, play
from api.demo.server import ServerError, command, environment, serving
from api.identity import BuiltinIssuer, Role
from api.service import open_issuer
from api.settings import Settings, load_settings
from examples import LENDERS, load_lender, load_story
from examples.lender import Lender, find_lender
from examples.loading import Loading
from examples.people import Person
from examples.story import Story

TIMEOUT_S = 60.0


@dataclass(frozen=True, slots=True)
class DemoOptions:
    """What a demonstration is asked to do.

    Attributes:
        lenders: names or beginnings of names; all if empty.
        speed: steps a second, to read along; None for as fast as it goes.
        keep: a folder to leave the service's files in, None to remove them.
        clients: how many of the real credit clients are loaded; None for all.
        database_url: an empty database to play on; None for one in the folder.
    """

    lenders: tuple[str, ...] = ()
    speed: float | None = None
    keep: Path | None = None
    clients: int | None = None
    database_url: str | None = None

    def variables(self, folder: Path) -> dict[str, str]:
        """The service's settings, as environment variables."""
        database = {} if self.database_url is None else {"YUMEN_DATABASE_URL": self.database_url}
        return {"YUMEN_DATA_DIR": str(folder), **database}


@dataclass(slots=True)
class Telling:
    """Where a demonstration is told: called as things happen.

    Attributes:
        note: something outside the stories, in Chinese and English.
        begin: a story begins.
        step: a step was played.
        progress: something long begins; what it gives is told how much of how much is done.
    """

    note: Callable[[str, str], None]
    begin: Callable[[str, Story], None]
    step: Callable[[str, Played], None]
    progress: Callable[[], AbstractContextManager[Advance]]


def run_demo(options: DemoOptions, telling: Telling) -> Outcome:
    """Run a demonstration.

    Raises: LenderError, StoryError: a name or a file is wrong; ServerError: the service did not start, or a command
    of it failed; FileExistsError: the folder to keep is not empty; KeyboardInterrupt.
    """
    folders = dict.fromkeys(find_lender(name) for name in options.lenders or LENDERS)
    lenders = [(load_lender(folder), load_story(folder)) for folder in folders]
    began = time.monotonic()
    outcome = Outcome()
    with terminating(), own_settings(), workspace(options.keep) as folder:
        variables = options.variables(folder)
        os.environ.update(variables)
        settings = load_settings()
        telling.note("建立数据库，启动服务", "Making the database, starting the service")
        add_tenants(settings, [lender.file for lender, _ in lenders])
        with serving(variables, folder / "service.log") as base:
            issuer = open_issuer(settings)
            with httpx.Client(base_url=base, timeout=TIMEOUT_S) as http:
                for lender, story in lenders:
                    stage = Stage(http, folder, settings, issuer, options)
                    _play_lender(stage, lender, story, telling, outcome)
            telling.note("核验账本", "Checking the ledger")
            outcome.ledger = yumen(variables, "check")
    outcome.seconds = time.monotonic() - began
    return outcome


@dataclass(frozen=True, slots=True)
class Stage:
    """What every lender's story needs of the running demonstration."""

    http: httpx.Client
    folder: Path
    settings: Settings
    issuer: BuiltinIssuer
    options: DemoOptions

    def token(self, tenant: str, role: str, name: str, *, second_factor: bool) -> str:
        """A development token."""
        amr = ("pwd", "otp") if second_factor else ("pwd",)
        return self.issuer.issue(
            tenant=tenant, roles=[Role(role)], name=name, now=now(), token_id=secrets.token_hex(16), amr=amr
        )

    def headers(self, tenant: str, role: str) -> dict[str, str]:
        """The bearer header of a staff member."""
        return {"Authorization": f"Bearer {self.token(tenant, role, f'{role}_desk', second_factor=True)}"}


def now() -> datetime:
    """The process clock."""
    return datetime.now(UTC)


@contextmanager
def workspace(keep: Path | None) -> Iterator[Path]:
    """A folder for the service, closed to others; removed at the end unless it is to be kept.

    Raises: FileExistsError: the folder to keep is there already and not empty.
    """
    if keep is not None:
        keep.mkdir(mode=0o700, parents=True, exist_ok=True)
        if any(keep.iterdir()):
            raise FileExistsError(f"{keep} is not empty")
        yield keep.resolve()
        return
    folder = Path(tempfile.mkdtemp(prefix="yumen-demo-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


@contextmanager
def terminating() -> Iterator[None]:
    """Let a termination signal, or the terminal's end, end the block the way Ctrl-C does."""

    def interrupt(_number: int, _frame: object) -> None:
        raise KeyboardInterrupt

    before = {number: signal.signal(number, interrupt) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def own_settings() -> Iterator[None]:
    """Put the environment back at the end, and meanwhile leave the caller's own settings of Yumen out of it."""
    before = dict(os.environ)
    for name in before:
        if name.startswith("YUMEN_"):
            del os.environ[name]
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def yumen(variables: Mapping[str, str], *arguments: str) -> dict[str, Any]:
    """Run a ``yumen`` command with ``--json`` and read what it answers.

    Raises: ServerError: it failed; the message carries what it said.
    """
    done = subprocess.run(  # noqa: S603  our own interpreter and code
        command(*arguments, "--json"),
        env=environment(variables),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode not in {0, 1} or not done.stdout.strip():
        raise ServerError(f"yumen {' '.join(arguments)} failed: {(done.stderr or done.stdout).strip()[-800:]}")
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def _play_lender(stage: Stage, lender: Lender, story: Story, telling: Telling, outcome: Outcome) -> None:
    name, tenant = lender.folder.name, lender.file.tenant
    telling.begin(name, story)
    loaded = Loading(lender, stage.http, lambda role: stage.headers(tenant, role), now()).run()
    telling.note(*_counted(loaded.counts))
    crowd: tuple[str, ...] = ()
    if lender.file.credit_clients:
        telling.note("加载真实信贷客户（身份虚构）", "Loading real credit clients, each with a made-up identity")
        with telling.progress() as advance:
            crowd = load_clients(stage.settings, tenant, stage.options.clients, advance)
    people: dict[str, Person] = {one.key: one for one in lender.people}
    world = World(
        http=stage.http,
        tenant=tenant,
        token=lambda *who: stage.token(who[0], who[1], who[2], second_factor=who[3]),
        names=dict(loaded.people),
        people=people,
        crowd=crowd,
        folder=stage.folder,
        clock=now,
    )
    for played in play(story, world):
        outcome.steps += 1
        outcome.differing += [f"{name} step {played.number}: {fault}" for fault in played.faults]
        telling.step(name, played)
        if stage.options.speed:
            time.sleep(1 / stage.options.speed)


KINDS = {
    "parties": "参与方",
    "clients": "服务",
    "purposes": "目的",
    "notices": "告知",
    "people": "人",
    "values": "特征值",
}


def _counted(counts: Mapping[str, int]) -> tuple[str, str]:
    return (
        "已加载：" + "，".join(f"{KINDS[name]} {count}" for name, count in counts.items()),
        "Loaded: " + ", ".join(f"{name} {count}" for name, count in counts.items()),
    )
