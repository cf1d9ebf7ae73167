"""The story on the terminal: who did what, the HTTP line, and what it came to.

Rules:
- readable at 60 columns and without colour (Rich honours NO_COLOR and dumb terminals);
- a denial shows its article, and the first time in a story its text and remedy in Chinese and English;
- progress bars only where a person looks on.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.panel import Panel
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.rule import Rule
from rich.text import Text

from api.demo import renderings
from api.demo.bulk import Advance
from api.demo.outcome import Outcome
from api.demo.player import Played
from api.demo.renderings import both, shortened
from examples.story import Story, Verb

COLOURS = {
    "scorer": "cyan",
    "subject": "green",
    "auditor": "magenta",
    "steward": "blue",
    "dpo": "yellow",
    "operator": "yellow",
}
ROLES = {
    "scorer": "scoring service 评分服务",
    "subject": "data subject 本人",
    "auditor": "auditor 审计员",
    "steward": "data steward 数据管理员",
    "dpo": "data protection officer 个人信息保护负责人",
    "operator": "operator 运维",
}


class Transcript:
    """Writes a demonstration to a console."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._told: set[str] = set()

    def note(self, zh: str, en: str) -> None:
        """Say what happens outside the stories."""
        self._console.print(Text(f"{en}  {zh}", style="dim"))

    def begin(self, name: str, story: Story) -> None:
        """Open a story: its title and what its article worries about."""
        self._told.clear()
        self._console.print()
        self._console.print(Rule(Text(name, style="bold cyan"), style="cyan", align="left"))
        self._console.print(both(story.title, "bold"))
        self._console.print(both(story.worry, "italic"))

    def step(self, played: Played) -> None:
        """Show one step."""
        step = played.step
        colour = COLOURS[step.role]
        head = Text.assemble((f"{played.number:>2}  ", "bold"), (ROLES[step.role], f"bold {colour}"))
        if step.name:
            head.append(f"  {step.name}", style=colour)
        if step.second_factor:
            head.append("  +2FA", style="bold yellow")
        body: list[RenderableType] = [both(step.say), _line(played), renderings.outcome(played)]
        if step.do in {Verb.READ, Verb.SWEEP} and played.status < 400:
            body += self._reasons(played.answer["reasons"])
        body += [Text(f"✗ NOT AS TOLD 与故事不符: {fault}", style="bold red") for fault in played.faults]
        self._console.print()
        self._console.print(head)
        self._console.print(Padding(Group(*body), (0, 0, 0, 4), expand=False))

    @contextmanager
    def progress(self) -> Iterator[Advance]:
        """A progress bar while the block runs, where a person looks on."""
        columns = (TextColumn("    "), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
        with Progress(*columns, console=self._console, transient=True, disable=not self._console.is_terminal) as bar:
            task = bar.add_task("", total=None)
            yield lambda done, total: bar.update(task, completed=done, total=total)

    def end(self, outcome: Outcome, keep: Path | None) -> None:
        """Close the demonstration: what came out, the ledger's check, what to try next."""
        entries, faults = outcome.ledger.get("entries", 0), len(outcome.ledger.get("faults", []))
        right = outcome.steps - len(outcome.differing)
        lines = [
            Text(f"{right} of {outcome.steps} steps came out as told  {right}/{outcome.steps} 步与故事相符"),
            Text(f"ledger checked: {entries:,} entries, {faults} faults  账本已核验：{entries:,} 条，{faults} 处问题"),
            *(Text(f"✗ {difference}", style="red") for difference in outcome.differing),
            Text(f"{outcome.seconds:.1f} s", style="dim"),
        ]
        self._console.print()
        self._console.print(Panel(Group(*lines), border_style="green" if outcome.is_good else "red", expand=False))
        self._console.print(Text("Try next  接下来可以试试", style="bold"))
        for line, said in _next(keep):
            self._console.print(Text.assemble("  ", (line, "cyan"), f"\n      {said}"))

    def _reasons(self, reasons: Mapping[str, Any]) -> list[RenderableType]:
        shown: list[RenderableType] = []
        for code, texts in sorted(reasons.items()):
            shown.append(renderings.reason(code, texts, in_full=code not in self._told))
            self._told.add(code)
        return shown


def _line(played: Played) -> Text:
    request = played.request
    query = "?" + "&".join(f"{key}={value}" for key, value in request.query.items()) if request.query else ""
    line = Text(shortened(f"{request.method} {request.path}{query}"), style="bold")
    if played.step.do is not Verb.FILES:
        line.append(" → ")
        line.append(str(played.status), style="green" if played.status < 400 else "red")
    line.append(f"  {played.took_ms:.1f} ms", style="dim")
    if isinstance(request.body, dict) and "purpose" in request.body:
        line.append(f"  for {request.body['purpose']}", style="dim")
    return line


def _next(keep: Path | None) -> list[tuple[str, str]]:
    look = [(f"YUMEN_DATA_DIR={keep} yumen serve", "this demonstration's service again 再次启动本次演示的服务")]
    return (look if keep else []) + [
        ("yumen demo --lender 001 --speed 1", "one story, slowly 慢速看一个故事"),
        ("yumen demo --keep FOLDER", "keep the service's files, to look into them 保留服务的文件以便查看"),
        ("yumen setup 001 && yumen serve", "your own service with a lender in it 载入一家机构，启动自己的服务"),
        ("yumen --help", "all commands 全部命令"),
    ]
