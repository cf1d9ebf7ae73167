"""``yumen status``: the database, its schema and sizes, what is in force, and what a running service says of itself."""

from __future__ import annotations

from typing import Annotated, Any

import httpx
import typer
from rich.console import Group, RenderableType

from api import migrate
from api.cli import store
from api.cli.command import application, command
from api.cli.commands.config import shown_database
from api.cli.faults import FAILED, report
from api.cli.language import both
from api.cli.parts import is_there, run, settings_of
from api.cli.terminal import Terminal
from api.service import NOT_THERE_YET, open_database
from api.settings import Settings
from catalog.store import current_revision
from consent import read_epoch
from gate.engines import load_bundle

APP = application()
ASK_S = 3.0
Url = Annotated[
    str | None,
    typer.Option(
        help=both(
            "Address of the service; when given, it must answer (else the settings' own is tried).",
            "服务地址；给出时须有应答（默认尝试设置中的地址）。",
        ),
        show_default=False,
    ),
]


@command(
    APP,
    "status",
    text=both(
        "Say whether everything is well. Exit code 1 if some part is not.",
        "说明整体状态。任一部分不正常时退出码为 1。",
    ),
    example="yumen status",
)
def run_status(term: Terminal, *, url: Url = None) -> int:
    """Look at the database and ask the service."""
    settings = settings_of(term)
    database = run(_database(settings))
    service = _ask(url or f"http://{settings.host}:{settings.port}")
    is_well = database["state"] == "ok" and service["state"] in ({"ready"} if url else {"ready", "not running"})
    document = {
        "well": is_well,
        "mode": settings.mode.value,
        "database": database,
        "policy": load_bundle().revision,
        "service": service,
    }
    term.answer(document, lambda: _shown(term, document))
    return 0 if is_well else FAILED


async def _database(settings: Settings) -> dict[str, Any]:
    """State of the database: ok, missing, unreachable, or its schema old."""
    found: dict[str, Any] = {"url": shown_database(settings), "state": "missing", "schema": None}
    found["needed"] = migrate.head()
    if not is_there(settings):
        return found
    database = open_database(settings)
    try:
        found["schema"] = await migrate.current(database)
        found["state"] = "ok" if found["schema"] == found["needed"] else "other schema"
        if found["state"] == "ok":
            async with database.reading() as tx:
                found["epoch"] = await read_epoch(tx.connection)
                found["catalog"] = await current_revision(tx.connection)
                found["counts"] = await store.counts(tx.connection)
    except NOT_THERE_YET as error:
        found["state"] = "unreachable"
        found["fault"] = report(error)[1][0]
    finally:
        await database.close()
    return found


def _ask(url: str) -> dict[str, Any]:
    """What ``/readyz`` says; a service that does not answer is not running."""
    try:
        answer = httpx.get(f"{url}/readyz", timeout=ASK_S).json()
        checks = {part["name"]: part["state"] for part in answer["checks"]}
        return {"url": url, "state": str(answer["status"]), "checks": checks}
    except (httpx.HTTPError, httpx.InvalidURL):
        return {"url": url, "state": "not running", "checks": {}}
    except (ValueError, KeyError, TypeError):
        return {"url": url, "state": "not Yumen", "checks": {}}


def _shown(term: Terminal, document: dict[str, Any]) -> RenderableType:
    database, service = document["database"], document["service"]
    checks = ", ".join(f"{name} {state}" for name, state in service["checks"].items())
    facts: list[tuple[str, object]] = [
        (both("mode", "模式"), document["mode"]),
        (both("database", "数据库"), f"{database['state']}  {database['url']}"),
        (both("schema", "结构"), database["schema"] or "-"),
        (both("policy", "规则"), document["policy"]),
        (both("catalogue", "目录"), database.get("catalog") or "-"),
        (both("epoch", "配置序号"), database.get("epoch", "-")),
        (both("service", "服务"), f"{service['state']}  {service['url']}" + (f"  ({checks})" if checks else "")),
    ]
    counts = database.get("counts", {})
    titles = {
        "subjects": both("subjects", "主体"),
        "grants": both("grants", "同意"),
        "values": both("sealed segments", "密封数据段"),
        "entries": both("ledger entries", "账本条目"),
    }
    facts += [(titles[name], count) for name, count in counts.items()]
    verdict = term.say("All is well.", "一切正常。") if document["well"] else term.say("Not all is well.", "有异常。")
    return Group(term.facts(facts), verdict)
