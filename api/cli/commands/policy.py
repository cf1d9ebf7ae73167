"""``yumen policy``: the rules in force, their reasons, trials of them on facts from a file or recorded."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Group, RenderableType

from api.cli import previews
from api.cli.candidates import candidate
from api.cli.command import Needs, application, command
from api.cli.faults import FAILED, CommandError
from api.cli.language import both, told
from api.cli.parts import run, settings_of
from api.cli.terminal import Terminal
from api.cli.windows import Since, Tenant, Until, window
from gate.engines import Answer, EmbeddedEngine, load_bundle

APP = application()
DEADLINE_S = 10.0
Code = Annotated[
    str | None, typer.Argument(metavar="CODE", help=both("Only this one.", "仅此一个。"), show_default=False)
]
Input = Annotated[
    Path,
    typer.Argument(
        metavar="INPUT.json",
        help=both(
            'Facts: {"calls": [...], "requests": [...]}, or one {"call": ..., "subject": ...}.',
            '事实：{"calls": [...], "requests": [...]}，或单个 {"call": ..., "subject": ...}。',
        ),
        show_default=False,
    ),
]

FailOnWidening = Annotated[
    bool,
    typer.Option(
        "--fail-on-widening/--allow-widening",
        help=both("Whether exit code 1 says that more would leave.", "放行范围变大时是否以退出码 1 表示。"),
    ),
]
Candidate = Annotated[
    Path,
    typer.Argument(
        metavar="CANDIDATE",
        exists=True,
        help=both(
            "A policy bundle (.tar.gz with policy.wasm), or a folder of Rego, which OPA builds.",
            "规则包（含 policy.wasm 的 .tar.gz），或由 OPA 编译的 Rego 文件夹。",
        ),
        show_default=False,
    ),
]


@command(
    APP,
    "show",
    text=both("Show the policy's revision.", "显示规则修订。"),
    example="yumen policy show",
    needs=Needs.NOTHING,
)
def run_show(term: Terminal) -> None:
    """Show the shipped policy bundle."""
    bundle = load_bundle()
    document = {
        "revision": bundle.revision,
        "module_bytes": len(bundle.module),
        "reasons": len(bundle.reasons),
        "obligations": sorted(bundle.vocabulary.obligations),
    }
    names = (
        both("revision", "修订"),
        both("module, bytes", "模块字节数"),
        both("reasons", "理由"),
        both("obligations", "附带义务"),
    )
    term.answer(document, lambda: term.facts(zip(names, document.values(), strict=True)))


@command(
    APP,
    "reasons",
    text=both("Say why something can be withheld, and what would cure it.", "说明不予提供的理由及补救办法。"),
    example="yumen policy reasons GRANT_WITHDRAWN",
    needs=Needs.NOTHING,
)
def run_reasons(term: Terminal, *, code: Code = None) -> None:
    """List the reason codes."""
    reasons = load_bundle().reasons
    if code is not None and code not in reasons:
        raise CommandError(
            told(
                both(
                    "CODE: no such reason; yumen policy reasons lists all",
                    "CODE：没有这个理由；yumen policy reasons 列出全部",
                )
            )
        )
    chosen = [reason for name, reason in sorted(reasons.items()) if code in {None, name}]
    columns = (both("code", "代码"), both("article", "条款"), both("reason", "理由"), both("remedy", "补救"))
    term.answer(
        {"reasons": {reason.code: asdict(reason) for reason in chosen}},
        lambda: term.table(
            columns,
            [
                (r.code, f"{r.law} {r.article}".strip(), term.say(r.en, r.zh), term.say(r.remedy_en, r.remedy_zh))
                for r in chosen
            ],
        ),
    )


@command(
    APP,
    "test",
    text=both(
        "Decide facts from a file with the embedded engine. Exit code 1 if a request gets no answer.",
        "用内嵌引擎对文件中的事实作出决定。有请求得不到答复时退出码为 1。",
    ),
    example="yumen policy test facts.json --json",
    needs=Needs.NOTHING,
)
def run_test(term: Terminal, *, file: Input) -> int:
    """Decide facts."""
    calls, requests = _read(file)
    revision, answers = run(_decide(calls, requests))
    results = [None if answer is None else _document(answer) for answer in answers]
    term.answer({"policy": revision, "results": results}, lambda: _shown(term, results))
    return FAILED if None in results else 0


@command(
    APP,
    "preview",
    text=both(
        "Say what a candidate policy would change: it decides the facts of recorded reads again. "
        "Exit code 1 if more would leave than does now, unless --allow-widening is given.",
        "说明候选规则将改变什么：以已记录读取的事实重新作出决定。若放行范围变大，退出码为 1（--allow-widening 除外）。",
    ),
    example="yumen policy preview candidate.tar.gz --tenant jiebei --from 2026-11-01T00:00:00Z",
)
def run_candidate(  # noqa: PLR0913  the options of one command
    term: Terminal,
    *,
    file: Candidate,
    tenant: Tenant = None,
    since: Since = None,
    until: Until = None,
    fail_on_widening: FailOnWidening = True,
) -> int:
    """Preview a candidate."""
    found = run(previews.run_preview(term, settings_of(term), candidate(file), window(tenant, since, until)))
    term.answer(previews.document(found), lambda: previews.shown(term, found))
    return FAILED if found.widenings and fail_on_widening else 0


async def _decide(calls: list[dict[str, Any]], requests: list[dict[str, Any]]) -> tuple[str, list[Answer | None]]:
    engine = EmbeddedEngine()
    try:
        return engine.revision, await engine.decide(calls, requests, deadline_s=DEADLINE_S)
    finally:
        await engine.close()


def _read(file: Path) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The calls and requests of a file. Raises: CommandError."""
    try:
        document = json.loads(file.read_bytes())
    except (ValueError, RecursionError):
        raise CommandError(told(both("INPUT.json: not JSON", "INPUT.json：不是 JSON"))) from None
    if isinstance(document, dict) and document.keys() == {"call", "subject"}:
        document = {"calls": [document["call"]], "requests": [{"call": 0, "subject": document["subject"]}]}
    if not _is_input(document):
        raise CommandError(
            told(
                both(
                    "INPUT.json: needs calls and requests, or call and subject",
                    "INPUT.json：需要 calls 与 requests，或 call 与 subject",
                )
            )
        )
    return document["calls"], document["requests"]


def _is_input(document: object) -> bool:
    """Whether positions and parts are such that the engine can be asked at all; the rules judge the rest."""
    if not isinstance(document, dict) or document.keys() != {"calls", "requests"}:
        return False
    calls, requests = document["calls"], document["requests"]
    if not isinstance(calls, list) or not isinstance(requests, list):
        return False
    return all(isinstance(call, dict) and isinstance(call.get("features"), dict) for call in calls) and all(
        isinstance(one, dict)
        and type(one.get("call")) is int
        and 0 <= one["call"] < len(calls)
        and isinstance(one.get("subject"), dict)
        and isinstance(one["subject"].get("grants", []), list)
        for one in requests
    )


def _document(answer: Answer) -> dict[str, dict[str, Any]]:
    return {
        name: {
            "form": decision.form,
            "reasons": list(decision.reasons),
            "grants": list(decision.grants),
            "obligations": list(decision.obligations),
        }
        for name, decision in sorted(answer.features.items())
    }


def _shown(term: Terminal, results: list[dict[str, dict[str, Any]] | None]) -> RenderableType:
    columns = (
        both("feature", "特征"),
        both("form", "形式"),
        both("reasons", "理由"),
        both("grants", "同意"),
        both("obligations", "义务"),
    )
    tables = []
    for number, result in enumerate(results):
        title = term.say(f"request {number}", f"请求 {number}")
        rows = [] if result is None else [(name, *decision.values()) for name, decision in result.items()]
        tables.append(
            term.table(
                columns, rows, title=title + ("" if result is not None else term.say(": no answer", "：没有答复"))
            )
        )
    return Group(*tables)
