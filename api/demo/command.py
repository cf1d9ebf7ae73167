"""``yumen demo``: the lenders' stories against a service of their own."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.text import Text

from api.cli.command import Needs, application, command
from api.cli.faults import FAILED, CommandError
from api.cli.language import both
from api.cli.terminal import Terminal
from api.demo.outcome import Outcome
from api.demo.player import Played
from api.demo.runner import DemoOptions, Telling, run_demo
from api.demo.server import ServerError
from api.demo.transcript import Transcript
from examples.lender import LenderError
from examples.story import StoryError

APP = application()

Lenders = Annotated[
    list[str] | None,
    typer.Option(
        "--lender",
        help=both("Only this lender, 000 to 004; repeatable.", "只演示该机构（000 至 004），可重复。"),
        show_default=False,
    ),
]
Speed = Annotated[
    float | None,
    typer.Option(
        min=0.01,
        max=1000,
        help=both("Steps a second, to read along.", "每秒几步，便于阅读。"),
        show_default=False,
    ),
]
Keep = Annotated[
    Path | None,
    typer.Option(
        help=both("Leave the service's files in this empty folder.", "把服务的文件留在这个空文件夹。"),
        show_default=False,
    ),
]
Clients = Annotated[
    int | None,
    typer.Option(
        min=1,
        max=30_000,
        help=both("Load only so many of the real clients.", "只加载这么多真实客户。"),
        show_default=False,
    ),
]


@command(
    APP,
    "demo",
    text=both(
        "Play the five lenders' stories over real HTTP against a service in a temporary folder.",
        "在临时文件夹中启动真实服务，通过 HTTP 演示五家机构的故事。",
    ),
    example="yumen demo --lender 001 --speed 1",
    needs=Needs.NOTHING,
)
def demo(
    term: Terminal, *, lender: Lenders = None, speed: Speed = None, keep: Keep = None, clients: Clients = None
) -> int:
    """Run the demonstration; the exit code is 1 if anything came out otherwise than told."""
    console = Console(highlight=False, markup=False, emoji=False, stderr=term.is_json, quiet=term.is_json)
    transcript = Transcript(console)
    told: list[dict[str, Any]] = []

    def step(name: str, played: Played) -> None:
        told.append(document(name, played))
        transcript.step(played)

    telling = Telling(transcript.note, transcript.begin, step, transcript.progress)
    try:
        outcome = run_demo(DemoOptions(tuple(lender or ()), speed, keep, clients), telling)
    except (LenderError, StoryError, FileExistsError) as error:
        raise CommandError(str(error)) from error
    except ServerError as error:
        raise CommandError(str(error), code=FAILED) from error
    transcript.end(outcome, keep)
    if term.is_json:
        term.answer(summary(outcome, told), Text)
    return 0 if outcome.is_good else FAILED


def document(name: str, played: Played) -> dict[str, Any]:
    """A played step for programs."""
    step = played.step
    found: dict[str, Any] = {
        "lender": name,
        "step": played.number,
        "who": step.actor,
        "did": step.do.value,
        "said": {"zh": step.say.zh, "en": step.say.en},
        "request": f"{played.request.method} {played.request.path}",
        "status": played.status,
        "took_ms": round(played.took_ms, 2),
        "as_told": not played.faults,
        "differences": list(played.faults),
    }
    if played.timing is not None:
        found["timing"] = {
            "requests": played.timing.requests,
            "people": played.timing.people,
            "seconds": round(played.timing.seconds, 3),
            "median_ms": round(played.timing.median_ms, 2),
            "p99_ms": round(played.timing.p99_ms, 2),
        }
    return found


def summary(outcome: Outcome, steps: list[dict[str, Any]]) -> dict[str, Any]:
    """The whole demonstration for programs."""
    return {
        "good": outcome.is_good,
        "seconds": round(outcome.seconds, 1),
        "differing": outcome.differing,
        "ledger": dict(outcome.ledger),
        "steps": steps,
    }
