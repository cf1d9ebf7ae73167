"""``yumen erase``: many people at once, those whose hold has ended, and the bytes they leave in the files."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Group, RenderableType

from api.cli.acting import BY, deletion_due
from api.cli.command import application, command
from api.cli.faults import FAILED, CommandError
from api.cli.language import both, told
from api.cli.parts import Parts, opened_parts, run, settings_of
from api.cli.terminal import Terminal
from api.ends import Ends, EndsFile
from api.settings import Settings
from api.store_scrub import Scrubbed, scrub
from api.usecases.ending import Erased, Job, Office, erase_due, erase_many, refs_of
from consent import SubjectId

APP = application()
APP.callback(help=both("Erase people for good.", "彻底删除个人信息。"))(lambda: None)
Tenant = Annotated[str, typer.Option("--tenant", help=both("Tenant.", "租户。"), show_default=False)]
File = Annotated[
    Path,
    typer.Argument(
        metavar="FILE",
        help=both("References, one a line.", "引用，每行一个。"),
        exists=True,
        dir_okay=False,
        show_default=False,
    ),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help=both("Say what would come of it.", "只说明结果。"))]
Decided = Annotated[
    bool,
    typer.Option(
        "--decided",
        help=both(
            "An officer decided that no statutory period stands against it; holds stand all the same.",
            "负责人已认定无法定保存期限；依法留存仍然有效。",
        ),
    ),
]
Full = Annotated[
    bool,
    typer.Option("--full", help=both("Write the tables anew; they are locked meanwhile.", "重写数据表，期间锁定。")),
]
TITLES = {
    "erased": both("erased now", "本次删除"),
    "gone": both("erased before", "此前已删除"),
    "held": both("kept by a hold, restricted", "依法留存，已限制处理"),
    "waiting": both("an officer has to decide, restricted", "待负责人决定，已限制处理"),
    "unknown": both("not known", "不存在"),
}
Work = Callable[[Office, Job], Coroutine[Any, Any, Erased]]


@command(
    APP,
    "file",
    text=both(
        "Erase the people whose references a file lists; stopped, give it again. Exit code 1 if some are not erased.",
        "删除文件所列人员的个人信息；中断后再次运行即可。有未删除者时退出码为 1。",
    ),
    example="yumen erase file refs.txt --tenant xiaomi --dry-run",
)
def run_file(term: Terminal, *, file: File, tenant: Tenant, decided: Decided = False, dry_run: DryRun = False) -> int:
    """Erase the people of a file."""
    refs = refs_of(file.read_text("utf-8").splitlines())
    for line, ref in enumerate(refs, 1):
        if not ref.startswith("sub_"):
            text = both(f"{file.name}: reference {line} is none, sub_…", f"{file.name}：第 {line} 个不是引用 sub_…")
            raise CommandError(told(text))
        SubjectId(tenant, ref)
    work = lambda office, job: erase_many(office, replace(job, decided=decided), refs)  # noqa: E731  one line
    return _run(term, Job(tenant, dry_run=dry_run), work, total=len(refs))


@command(
    APP,
    "due",
    text=both("Erase those whose hold has ended; to be run daily.", "删除留存期限已届满者；宜每日运行。"),
    example="yumen erase due --tenant xiaomi",
)
def run_due(term: Terminal, *, tenant: Tenant, dry_run: DryRun = False) -> int:
    """Carry out what was held."""
    return _run(term, Job(tenant, dry_run=dry_run), erase_due)


@command(
    APP,
    "scrub",
    text=both(
        "Make what was deleted leave the database's files; needs the owner of the tables on PostgreSQL. "
        "Exit code 1 if it could not be done now.",
        "使已删除的数据离开数据库文件；PostgreSQL 上需要表的所有者。暂未能完成时退出码为 1。",
    ),
    example="yumen erase scrub --full",
)
def run_scrub(term: Terminal, *, full: Full = False) -> int:
    """Scrub the database's files."""
    done = run(_scrub(settings_of(term), full=full))
    document = {"done": done.is_done, "method": done.method}
    term.answer(document, lambda: _scrubbed(term, done))
    return 0 if done.is_done else FAILED


async def _scrub(settings: Settings, *, full: bool) -> Scrubbed:
    async with opened_parts(settings, writing=True) as parts:
        return await scrub(parts.database, full=full)


def _run(term: Terminal, job: Job, work: Work, *, total: int | None = None) -> int:
    done, scrubbed = run(_work(term, settings_of(term), job, work, total=total))
    return answer(term, done, scrubbed, dry_run=job.dry_run)


async def _work(
    term: Terminal, settings: Settings, job: Job, work: Work, *, total: int | None
) -> tuple[Erased, Scrubbed | None]:
    async with opened_parts(settings, writing=not job.dry_run, tenant=job.tenant) as parts:
        office = await office_of(parts)
        with term.progress() as bar:
            task = bar.add_task(term.say("people", "人员"), total=total)
            done = await work(office, replace(job, on_progress=lambda count: bar.update(task, completed=count)))
        is_changed = done.counts["erased"] > 0 and not job.dry_run
        return done, await scrub(parts.database) if is_changed else None


async def office_of(parts: Parts) -> Office:
    """What erasing needs, on a database that is not behind what ended. Raises: DatabaseBehindError, EndsError."""
    ends = Ends(EndsFile(parts.settings.ends_file))
    await ends.open(parts.database)
    return Office(parts.database, parts.keys, ends, BY, deletion_due(parts.settings))


def answer(term: Terminal, done: Erased, scrubbed: Scrubbed | None, *, dry_run: bool) -> int:
    """Tell how it went; exit code 1 if somebody was not erased."""
    counts = done.counts
    document = {
        "dry_run": dry_run,
        **counts,
        "tasks": done.told,
        "scrubbed": None if scrubbed is None else scrubbed.is_done,
        "people": [
            {
                "subject": ref,
                "outcome": result.outcome.value,
                "certificate": None if result.certificate is None or dry_run else result.certificate.id,
                "request": None if result.request is None or dry_run else result.request.id,
            }
            for ref, result in sorted(done.results.items())
        ],
    }
    term.answer(document, lambda: _shown(term, done, scrubbed, dry_run=dry_run))
    return FAILED if counts["held"] + counts["waiting"] + counts["unknown"] else 0


def _shown(term: Terminal, done: Erased, scrubbed: Scrubbed | None, *, dry_run: bool) -> RenderableType:
    lines = [(TITLES[name], count) for name, count in done.counts.items()]
    lines.append((both("deletion tasks for recipients", "接收方删除任务"), done.told))
    parts: list[RenderableType] = [term.facts(lines)]
    if dry_run:
        parts.append(term.say("Nothing was changed.", "未作任何更改。"))
    if scrubbed is not None:
        parts.append(_scrubbed(term, scrubbed))
    return Group(*parts)


def _scrubbed(term: Terminal, done: Scrubbed) -> str:
    if done.is_done:
        return term.say("The bytes have left the database's files.", "数据已离开数据库文件。")
    return term.say(
        "The bytes have not left the files yet: readers are in the way, or the tables belong to another role. "
        "Run: yumen erase scrub",
        "数据尚未离开文件：有读取者占用，或数据表属于其他角色。请运行：yumen erase scrub",
    )
