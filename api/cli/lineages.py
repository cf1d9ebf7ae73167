"""What ``yumen lineage`` does beside asking: grades, following, telling, and the record of a question."""

from __future__ import annotations

from typing import Any

import httpx

from api.cli.acting import LEDGER_BY
from api.cli.faults import FAILED, CommandError
from api.cli.language import both, told
from api.cli.parts import Parts, opened_parts, settings_of
from api.cli.terminal import Terminal
from api.following import catch_up
from api.usecases.emitting import Server, emit_all, next_events
from catalog import Catalog
from catalog.store import current as current_catalog
from lineage import EntryDraft, Kind, append
from lineage.content import Json
from lineage.graph import COLUMN, load_graph


async def grades(term: Terminal, tenant: str) -> list[dict[str, Any]]:
    """The columns outside with what follows from their origins."""
    async with opened_parts(settings_of(term), writing=False, tenant=tenant) as parts, parts.database.reading() as tx:
        catalog = await current_catalog(tx.connection) or Catalog.builtin()
        graph = await load_graph(tx.connection, tenant, catalog)
    judged = graph.judge()
    return [
        {
            "node": name,
            "label": graph.nodes[name].label,
            "grade": judged[name].grade,
            "grade_before": judged[name].grade_before,
            "duties": sorted(duty.value for duty in judged[name].duties),
            "fields": sorted(judged[name].fields),
            "removed": graph.nodes[name].is_removed,
        }
        for name in sorted(graph.nodes, key=lambda name: graph.nodes[name].label)
        if name.startswith(COLUMN)
    ]


async def follow(term: Terminal) -> int:
    """Fold all that is new; returns how many entries."""
    async with opened_parts(settings_of(term), writing=False) as parts:
        done = 0
        with term.progress() as bar:
            task = bar.add_task(term.say("entries", "条目"), total=None)
            while folded := await catch_up(parts.database, turns=10):
                done += folded
                bar.update(task, completed=done)
        return done


async def emitted(term: Terminal, *, dry_run: bool) -> dict[str, Any]:
    """Tell all that is new, or say what would be told. Raises: CommandError."""
    settings = settings_of(term)
    async with opened_parts(settings, writing=False) as parts:
        if dry_run:
            found, last = await next_events(parts.database)
            return {"events": len(found), "upto": str(last), "first": found[:1]}
        options = settings.lineage
        if options.emit_url is None:
            raise CommandError(told(both("lineage.emit_url is not set", "尚未设置 lineage.emit_url")))
        token = None if options.emit_token is None else options.emit_token.get_secret_value()
        try:
            async with httpx.AsyncClient() as http:
                done = await emit_all(parts.database, Server(str(options.emit_url), token), http)
        except httpx.HTTPError:
            refusal = told(both("the OpenLineage server does not take events", "OpenLineage 服务未接收事件"))
            raise CommandError(refusal, code=FAILED) from None
        return {"events": done.events, "upto": str(done.last)}


async def note(tx: Any, parts: Parts, tenant: str, question: dict[str, Json]) -> None:
    """Put the question on record."""
    about = question.get("grant") or question.get("score") or question.get("field")
    draft = EntryDraft(
        Kind.LEDGER_QUERIED,
        tenant,
        LEDGER_BY,
        about=str(about) if about else None,
        parts={"filter": dict(question), "found": 1},
    )
    await append(tx.connection, [draft], now=tx.now, mac=parts.keys.mac)
