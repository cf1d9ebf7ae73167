"""Running a classification: samples read here, tables classified side by side in processes of their own.

Rules:
- what cannot be read of many tables is listed and does not keep the others from being classified;
- a table that is done stands in the state file at once; a run that was stopped goes on with the others;
- samples pass through pipes between processes and are never written anywhere; what is written are counts.
"""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import os
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from multiprocessing.connection import wait
from pathlib import Path
from typing import Any

from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError

from api.cli.faults import DRIVERS, FAILED, NO_SOURCE, CommandError
from api.cli.language import both, told
from catalog import Field, digest
from catalog.classify.errors import SourceRefusedError
from catalog.classify.results import classified, table_document
from catalog.classify.sources.files import files_of, read_file
from catalog.classify.sources.sampling import TableSample
from catalog.classify.store_sources import opened, read_table, tables_of

OWNER_ONLY = 0o600


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """What is to be classified.

    Attributes:
        paths: files and folders; empty for a database.
        url: of a database; shows in nothing that is printed or written.
        size: rows sampled per table.
    """

    paths: tuple[Path, ...] = ()
    url: str | None = field(default=None, repr=False)
    schemas: tuple[str, ...] = ()
    size: int = 1000
    jobs: int = 1
    state: Path | None = None
    today: date

    @property
    def shown(self) -> str:
        """The source without passwords, hosts and folders."""
        if self.url is None:
            return ", ".join(path.name for path in self.paths)
        url = _checked(self.url)
        return f"{url.get_backend_name()}:{Path(url.database or '').name}"

    @property
    def mark(self) -> str:
        """What makes two runs the same: source, schemas, size."""
        paths = [str(path.absolute()) for path in self.paths]
        where = "" if self.url is None else _checked(self.url).render_as_string(hide_password=True)
        return digest({"paths": paths, "url": where, "schemas": list(self.schemas), "size": self.size})


OnTable = Callable[[int, int | None], None]


def _checked(url: str) -> Any:
    try:
        return make_url(url)
    except ArgumentError:
        raise CommandError(told(both("that is no database URL", "不是数据库 URL"))) from None


@dataclass(slots=True)
class Outcome:
    """What a run found: documents of tables by name, and what it could not read, with why in two languages.

    Attributes:
        total: how many tables there are; None before they were listed.
    """

    tables: dict[str, dict[str, Any]] = field(default_factory=dict)
    unread: list[dict[str, str]] = field(default_factory=list)
    total: int | None = None


async def run_task(task: Task, fields: Mapping[str, Field], on_table: OnTable) -> Outcome:
    """Classify every table; what cannot be read is listed, and ends a run only if it is all there is.

    Raises: CommandError; SourceRefusedError; PartMissingError; OSError.
    """
    found = Outcome({table["name"]: table for table in _kept(task)})
    on_table(len(found.tables), None)
    with _pool(task) as pool:
        pending: set[asyncio.Future[dict[str, Any]]] = set()
        async for sample in _samples(task, found):
            pending.add(_started(pool, sample, task.today, fields))
            if len(pending) >= task.jobs * 2:
                ended, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
                _keep(task, found, ended, on_table)
        if pending:
            for last in asyncio.as_completed(pending):
                _keep_one(task, found, await last, on_table)
    if not found.tables and not found.unread:
        raise CommandError(told(both("there is nothing to classify there", "其中没有可分类的表")))
    return found


def _keep(task: Task, found: Outcome, ended: set[asyncio.Future[dict[str, Any]]], on_table: OnTable) -> None:
    for each in ended:
        _keep_one(task, found, each.result(), on_table)


def _keep_one(task: Task, found: Outcome, table: dict[str, Any], on_table: OnTable) -> None:
    found.tables[table["name"]] = table
    if task.state is not None:
        with task.state.open("a", encoding="utf-8") as file:
            file.write(json.dumps(table, ensure_ascii=False) + "\n")
    on_table(len(found.tables) + len(found.unread), found.total)


def _started(
    pool: ProcessPoolExecutor | None, sample: TableSample, today: date, fields: Mapping[str, Field]
) -> asyncio.Future[dict[str, Any]]:
    loop = asyncio.get_running_loop()
    if pool is not None:
        return loop.run_in_executor(pool, document_of, sample, today, dict(fields))
    done: asyncio.Future[dict[str, Any]] = loop.create_future()
    done.set_result(document_of(sample, today, fields))
    return done


def document_of(sample: TableSample, today: date, fields: Mapping[str, Field]) -> dict[str, Any]:
    """Classify one table and write its document; runs in a process of the pool."""
    return table_document(classified(sample, today, fields))


def end_with_parent() -> None:
    """Let this process end when the one that started it does, however it ended: samples must not outlive a run."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_after, args=(parent.sentinel,), daemon=True).start()


def _end_after(sentinel: int) -> None:
    wait([sentinel])
    os._exit(1)


@contextmanager
def _pool(task: Task) -> Any:
    if task.jobs == 1:
        yield None
        return
    spawning = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(task.jobs, mp_context=spawning, initializer=end_with_parent)
    try:
        yield pool
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


async def _samples(task: Task, found: Outcome) -> AsyncIterator[TableSample]:
    """Samples of all that is not done; how many there are and what cannot be read is told in `found`."""
    done = frozenset(found.tables)
    samples = _file_samples(task, done, found) if task.url is None else _store_samples(task, done, found)
    async for sample in samples:
        yield sample


async def _file_samples(task: Task, done: frozenset[str], found: Outcome) -> AsyncIterator[TableSample]:
    files = files_of(task.paths)
    found.total = len(files)
    names: set[str] = set()
    for file in files:
        if file.name in names:
            raise CommandError(
                told(both("two files would be one table: {name}", "两个文件同名：{name}")).format(name=file.path.name)
            )
        names.add(file.name)
        if file.name in done:
            continue
        try:
            sample = await asyncio.to_thread(read_file, file.path, size=task.size, today=task.today, name=file.name)
        except (SourceRefusedError, OSError) as error:
            why = _why(error)
            if file.is_given:
                raise CommandError(f"{file.path.name}: {told(both(why['en'], why['zh']))}") from error
            found.unread.append({"name": file.name, **why})
        else:
            yield sample


async def _store_samples(task: Task, done: frozenset[str], found: Outcome) -> AsyncIterator[TableSample]:
    _check_file(str(task.url))
    with source_faults():
        async with opened(str(task.url)) as engine:
            names = await tables_of(engine, task.schemas)
            found.total = len(names)
            for name in names:
                if name.shown in done:
                    continue
                try:
                    sample = await read_table(engine, name, size=task.size)
                except (DBAPIError, SourceRefusedError) as error:
                    if isinstance(error, DBAPIError) and error.connection_invalidated:
                        raise
                    found.unread.append({"name": name.shown, **_why(error)})
                else:
                    yield sample


def _check_file(given: str) -> None:
    """An SQLite database is a file, and opening one that is missing would make it."""
    url = _checked(given)
    place = url.database or ""
    if url.get_backend_name() == "sqlite" and place not in {"", ":memory:"} and not Path(place).is_file():
        raise CommandError(told(both("{name}: no such file", "{name}：没有这个文件")).format(name=Path(place).name))


def _why(error: Exception) -> dict[str, str]:
    """Why a table cannot be read, without a driver's words."""
    if isinstance(error, SourceRefusedError):
        return {"en": error.problem, "zh": error.zh}
    if isinstance(error, OSError):
        return dict.fromkeys(("en", "zh"), error.strerror or type(error).__name__)
    name = type(error.__cause__ or error).__name__
    return {"en": f"the database refused to read it ({name})", "zh": f"数据库拒绝读取（{name}）"}


@contextmanager
def source_faults() -> Iterator[None]:
    """Say of a database that is to be classified what is wrong with it, without its driver's words."""
    try:
        yield
    except (ArgumentError, NoSuchModuleError, ModuleNotFoundError):
        raise CommandError(told(both("no driver for that database URL", "没有该数据库 URL 的驱动"))) from None
    except Exception as error:
        if type(error).__module__.partition(".")[0] in DRIVERS or isinstance(error, OSError | TimeoutError):
            said = told(NO_SOURCE).format(name=type(error).__name__)
            raise CommandError(said, code=FAILED) from None
        raise


def _kept(task: Task) -> Sequence[dict[str, Any]]:
    """The tables an earlier run of the same task has done; starts the state file if there is none or an empty one."""
    if task.state is None:
        return []
    mine = json.dumps({"v": 1, "mark": task.mark}).encode() + b"\n"
    task.state.touch(mode=OWNER_ONLY)
    content = task.state.read_bytes()
    whole = content[: content.rfind(b"\n") + 1]  # what stands behind the last newline was cut short by a kill
    if mine.startswith(content):
        whole = mine
        task.state.write_bytes(mine)
    try:
        head, *lines = whole.splitlines(keepends=True)
        done = [json.loads(line) for line in lines]
    except ValueError:
        head, done = b"", []
    if head != mine:
        raise CommandError(
            told(
                both("{name} belongs to another run; give another --state", "{name} 属于另一次运行；请换一个 --state")
            ).format(name=task.state.name)
        )
    os.truncate(task.state, len(whole))
    return done
