"""``yumen setup``: an example lender, or a folder made like one, into the database or over HTTP."""

from __future__ import annotations

import os
import secrets
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Never

import httpx
import typer
from rich.console import Group, RenderableType

from api.cli.acting import BY, registrar
from api.cli.command import application, command
from api.cli.faults import FAILED, CommandError
from api.cli.language import both, told
from api.cli.lenders import Enrolment
from api.cli.parts import Parts, opened_parts, run, settings_of
from api.cli.people import ALL_CLIENTS, put_crowd, put_people
from api.cli.terminal import Terminal
from api.database import utc_now
from api.identity import Role
from api.options import IssuerKind
from api.service import open_issuer
from api.settings import Settings
from api.usecases.catalogs import Authority
from examples.lender import Lender, find_lender, load_lender
from examples.loading import Loading

APP = application()
TIMEOUT_S = 60.0
TOKEN = "YUMEN_TOKEN"  # noqa: S105  a variable's name

Folder = Annotated[
    str,
    typer.Argument(
        metavar="LENDER",
        help=both("A lender (000 to 004) or a folder.", "示例机构（000 至 004）或文件夹。"),
        show_default=False,
    ),
]
Url = Annotated[
    str | None,
    typer.Option(
        help=both(
            "Send it to this service instead of writing to the database; the tenant must exist.",
            "发送到该服务而不是直接写数据库；租户须已存在。",
        )
    ),
]
Clients = Annotated[
    int | None,
    typer.Option(
        "--clients",
        min=0,
        max=ALL_CLIENTS,
        help=both("How many clients of the data set, where the lender has one.", "加载多少名数据集客户（如有）。"),
        show_default="all",
    ),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help=both("Check everything, store nothing.", "只检查，不保存。"))]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was set up: per kind how much of it was new, changed, the same; references of the story's people."""

    tally: Mapping[str, Counter[str]]
    people: Mapping[str, str] = field(default_factory=dict)


@command(
    APP,
    "setup",
    text=both(
        "Set up an example lender: tenant, parties, clients, purposes, notices, views, people, values. "
        "Again changes nothing.",
        "建立示例机构：租户、参与方、服务、目的、告知、视图、人员与数值。重复执行不会重复建立。",
    ),
    example="yumen setup 001",
)
def run_setup(
    term: Terminal, *, lender: Folder, url: Url = None, clients: Clients = None, dry_run: DryRun = False
) -> None:
    """Set a lender up."""
    found = load_lender(find_lender(lender))
    settings = settings_of(term)
    if url is not None:
        if dry_run:
            raise CommandError(told(both("--dry-run: not with --url", "--dry-run：不能与 --url 并用")))
        done = _over_http(settings, found, url)
    else:
        done = run(_in_process(term, settings, found, _crowd(found, clients), dry_run=dry_run))
    document = {
        "tenant": found.file.tenant,
        "dry_run": dry_run,
        "parts": {kind: dict(counts) for kind, counts in done.tally.items()},
        "people": {} if dry_run else dict(done.people),
    }
    term.answer(document, lambda: _shown(term, document))


def _crowd(lender: Lender, clients: int | None) -> int:
    if not lender.file.credit_clients:
        return 0
    return ALL_CLIENTS if clients is None else clients


class _RolledBackError(Exception):
    """Ends the transaction of a dry run."""


def _roll_back() -> Never:
    raise _RolledBackError


async def _in_process(term: Terminal, settings: Settings, lender: Lender, crowd: int, *, dry_run: bool) -> Outcome:
    async with opened_parts(settings, writing=True) as parts:
        outcome = Outcome({})
        try:
            async with parts.database.transaction() as tx:
                authority = Authority(BY, tx.now, parts.keys.mac, parts.keys.rows)
                step = Enrolment(tx.connection, registrar(parts), authority)
                catalog = await step.enrol(lender)
                refs, new = await put_people(tx.connection, parts, catalog, lender, tx.now)
                step.tally["people"] = Counter(new=new, same=len(refs) - new)
                outcome = Outcome(step.tally, refs)
                if dry_run:
                    _roll_back()
        except _RolledBackError:
            return outcome
        if crowd:
            new = await _load_crowd(term, parts, lender.file.tenant, crowd)
            step.tally["data_set_clients"] = Counter(new=new, same=crowd - new)
        return outcome


async def _load_crowd(term: Terminal, parts: Parts, tenant: str, crowd: int) -> int:
    with term.progress() as bar:
        task = bar.add_task(term.say("clients of the data set", "数据集客户"), total=crowd)

        def advance(done: int) -> None:
            bar.update(task, completed=done)

        return await put_crowd(parts, tenant, crowd, advance)


def _over_http(settings: Settings, lender: Lender, url: str) -> Outcome:
    headers = _headers(settings, lender.file.tenant)
    try:
        with httpx.Client(base_url=url, timeout=TIMEOUT_S) as http:
            loaded = Loading(lender, http, headers, utc_now()).run()
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        refusal = told(both("--url: the service cannot be reached ({name})", "--url：无法连接服务（{name}）"))
        raise CommandError(refusal.format(name=type(error).__name__), code=FAILED) from error
    return Outcome({kind: Counter(sent=count) for kind, count in loaded.counts.items()}, loaded.people)


def _headers(settings: Settings, tenant: str) -> Callable[[str], Mapping[str, str]]:
    """Authorization headers by role: the token of the environment, or one of the built-in issuer."""
    given = os.environ.get(TOKEN)
    if given:
        return lambda _role: {"Authorization": f"Bearer {given}"}
    if settings.issuer.kind is not IssuerKind.BUILTIN:
        raise CommandError(told(both("set YUMEN_TOKEN to a steward's token", "请将 YUMEN_TOKEN 设为 steward 的令牌")))
    issuer = open_issuer(settings)

    def made(role: str) -> Mapping[str, str]:
        token = issuer.issue(
            tenant=tenant,
            roles=[Role(role)],
            name=f"{role}_desk",
            now=utc_now(),
            token_id=secrets.token_hex(16),
            amr=("pwd", "otp"),
        )
        return {"Authorization": f"Bearer {token}"}

    return made


def _shown(term: Terminal, document: dict[str, Any]) -> RenderableType:
    columns = sorted({what for counts in document["parts"].values() for what in counts})
    rows = [[kind, *(counts.get(what, 0) for what in columns)] for kind, counts in document["parts"].items()]
    title = term.say(f"tenant {document['tenant']}", f"租户 {document['tenant']}")
    tables: list[RenderableType] = [term.table(["", *columns], rows, title=title)]
    if document["people"]:
        tables.append(term.table([both("person", "人员"), both("reference", "引用")], document["people"].items()))
    return Group(*tables)
