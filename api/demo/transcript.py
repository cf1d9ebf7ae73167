"""The story on the terminal: who did what, the HTTP line, and what it came to.

Rules:
- readable at 60 columns and without colour (Rich honours NO_COLOR and dumb terminals);
- a denial always shows its article and its text in Chinese and English;
- references are shortened, identifiers appear only where a reveal is the point.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.panel import Panel
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from api.demo.bulk import Advance
from api.demo.outcome import Outcome
from api.demo.player import Played, Timing
from examples.story import Said, Story, Verb

COLOURS = {
    "scorer": "cyan",
    "subject": "green",
    "auditor": "magenta",
    "steward": "blue",
    "dpo": "yellow",
    "operator": "yellow",
}
ROLES = {
    "scorer": "评分服务 scoring service",
    "subject": "本人 data subject",
    "auditor": "审计员 auditor",
    "steward": "数据管理员 data steward",
    "dpo": "个人信息保护负责人 DPO",
    "operator": "运维 operator",
}
_REFERENCE = re.compile(r"\b((?:sub|gr|ps|tok|ev|gd)_[a-z2-7]{6})[a-z2-7]{20}\b")


def shortened(text: str) -> str:
    """Cut opaque references to their beginning."""
    return _REFERENCE.sub(r"\1…", text)


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
        self._console.print(Rule(Text(f"{name}  {story.title.zh}  {story.title.en}", style="bold"), style="cyan"))
        self._console.print(_both(story.worry, "italic"))

    def step(self, played: Played) -> None:
        """Show one step."""
        step = played.step
        colour = COLOURS[step.role]
        head = Text.assemble((f"{played.number:>2}  ", "bold"), (ROLES[step.role], f"bold {colour}"))
        if step.name:
            head.append(f" {step.name}", style=colour)
        if step.second_factor:
            head.append(" +2FA", style="bold yellow")
        body = [_both(step.say, ""), self._line(played), *self._outcome(played)]
        body += [Text(f"✗ {fault}", style="bold red") for fault in played.faults]
        self._console.print()
        self._console.print(head)
        self._console.print(Padding(Group(*body), (0, 0, 0, 4)))

    @contextmanager
    def progress(self) -> Iterator[Advance]:
        """A progress bar while the block runs, where a person looks on."""
        columns = (TextColumn("    "), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
        with Progress(*columns, console=self._console, transient=True, disable=not self._console.is_terminal) as bar:
            task = bar.add_task("", total=None)
            yield lambda done, total: bar.update(task, completed=done, total=total)

    def end(self, outcome: Outcome, keep: Path | None) -> None:
        """Close the demonstration: what came out, the ledger's check, what to try next."""
        good = len(outcome.differing)
        entries, faults = outcome.ledger.get("entries", 0), len(outcome.ledger.get("faults", []))
        lines = [
            Text(f"{outcome.steps} steps, {good} came out otherwise  {outcome.steps} 步，{good} 步不符"),
            Text(f"ledger checked: {entries:,} entries, {faults} faults  账本已核验：{entries:,} 条，{faults} 处问题"),
            *(Text(f"✗ {difference}", style="red") for difference in outcome.differing),
            Text(f"{outcome.seconds:.1f} s", style="dim"),
        ]
        self._console.print()
        self._console.print(Panel(Group(*lines), border_style="green" if outcome.is_good else "red", expand=False))
        self._console.print(Text("Try next  接下来可以试试", style="bold"))
        for line, said in _next(keep):
            self._console.print(Text.assemble("  ", (line, "cyan"), f"  {said}"))

    def _line(self, played: Played) -> Text:
        request = played.request
        query = "?" + "&".join(f"{key}={value}" for key, value in request.query.items()) if request.query else ""
        status = "green" if played.status < 400 else "red"
        line = Text.assemble((shortened(f"{request.method} {request.path}{query}"), "bold"), " → ")
        if played.step.do is not Verb.FILES:
            line.append(f"{played.status} ", style=status)
        line.append(f"{played.took_ms:.1f} ms", style="dim")
        return line

    def _outcome(self, played: Played) -> list[RenderableType]:
        answer = played.answer
        if played.status >= 400:
            return [_problem(answer)]
        do = played.step.do
        if do is Verb.READ:
            return [_features(answer), *self._reasons(answer)]
        if played.timing:
            return [_timing(played.timing), _features({"results": answer["results"][:1]}), *self._reasons(answer)]
        shown = {Verb.ASK: _entries, Verb.MY_READS: _my_reads, Verb.FILES: _files}.get(do)
        return [shown(answer) if shown else _facts(answer, played.step.given.get("show", []))]

    def _reasons(self, answer: Any) -> list[RenderableType]:
        shown: list[RenderableType] = []
        for code, reason in sorted(answer.get("reasons", {}).items()):
            text = Text.assemble(
                (f"✗ {code} ", "bold red"), (f"《{reason['law']}》{_articles(reason['article'])}", "red")
            )
            if code not in self._told:
                text.append(f"\n  {reason['zh']}\n  {reason['en']}")
                text.append(f"\n  → {reason['remedy_zh']}\n  → {reason['remedy_en']}", style="dim")
                self._told.add(code)
            shown.append(text)
        return shown


def _next(keep: Path | None) -> list[tuple[str, str]]:
    look = [(f"YUMEN_DATA_DIR={keep} yumen serve", "the service of this demonstration again 再次启动本次演示的服务")]
    return (look if keep else []) + [
        ("yumen demo --lender 001 --speed 1", "one story, slowly 慢速看一个故事"),
        ("yumen demo --keep FOLDER", "keep the files, to look into them 保留文件以便查看"),
        ("yumen serve", "your own service, then: 启动自己的服务，然后："),
        ("yumen setup examples/001_jiebei", "load a lender into it 载入一家机构"),
        ("yumen --help", "all commands 全部命令"),
    ]


def _articles(article: Any) -> str:
    listed = article if isinstance(article, list) else [article]
    return " ".join(f"第{number}条 Art. {number}" for number in listed if number)


def _both(said: Said, style: str) -> Text:
    return Text(f"{said.en}\n{said.zh}", style=style)


def _features(answer: Any) -> RenderableType:
    table = Table(box=None, padding=(0, 1), pad_edge=False, show_header=False)
    table.add_column(overflow="fold", ratio=3)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold", ratio=3)
    several = len(answer["results"]) > 1
    for result in answer["results"][:4]:
        if several:
            table.add_row(Text(shortened(result["subject"]), style="bold"), "", f"entry {result['entry']}")
        for name, feature in result["features"].items():
            match feature["status"]:
                case "denied":
                    table.add_row(name, Text("withheld", style="red"), Text(" ".join(feature["reasons"]), style="red"))
                case "absent":
                    table.add_row(name, Text("absent", style="yellow"), "")
                case _:
                    shown = feature.get("value", "would be released")
                    table.add_row(name, Text(feature["form"], style="green"), shortened(str(shown)))
    if several:
        return table
    entries = ", ".join(f"{result['entry']} ({result['status']})" for result in answer["results"])
    return Group(table, Text(f"ledger entry 账本记录 {entries}", style="dim"))


def _timing(timing: Timing) -> Text:
    rate = timing.people / timing.seconds
    return Text(
        f"{timing.requests:,} requests, {timing.people:,} people in {timing.seconds:.2f} s = {rate:,.0f} people/s; "
        f"per request: median {timing.median_ms:.1f} ms, 99% within {timing.p99_ms:.1f} ms",
        style="bold green",
    )


def _entries(answer: Any) -> RenderableType:
    table = Table(box=None, padding=(0, 1), pad_edge=False, header_style="dim")
    for column in ("entry", "time", "kind", "who", "purpose", "outcome"):
        table.add_column(column, overflow="fold")
    for entry in answer["entries"][:8]:
        actor = entry.get("actor", {})
        table.add_row(
            str(entry.get("id", "")),
            str(entry.get("at", ""))[11:19],
            str(entry.get("kind", "")),
            shortened(f"{actor.get('role', '')} {actor.get('id', '')}"),
            str(entry.get("purpose") or ""),
            str(entry.get("outcome") or ""),
        )
    rest = len(answer["entries"]) - 8
    return Group(table, Text(f"and {rest} more" if rest > 0 else "", style="dim")) if rest > 0 else table


def _my_reads(answer: Any) -> RenderableType:
    lines: list[RenderableType] = []
    for read in answer["reads"][:6]:
        lines.append(Text(f"• {shortened(read['en'])}"))
        lines.append(Text(f"  {shortened(read['zh'])}"))
    return Group(*lines)


def _files(answer: Any) -> RenderableType:
    sizes = ", ".join(f"{name} {size:,} B" for name, size in answer["files"].items())
    found = "; ".join(answer["found"])
    verdict = f"found: {found}" if found else "nothing found 未发现"
    return Text(
        f"{sizes}\nsearched for {', '.join(answer['searched_for'])}\n{verdict}", style="red" if found else "green"
    )


def _problem(answer: Any) -> Text:
    text = Text.assemble((f"✗ {answer.get('code', '')} ", "bold red"), (str(answer.get("title", "")), "red"))
    if answer.get("detail"):
        text.append(f"\n  {answer['detail']}")
    return text


def _facts(answer: Any, paths: list[str]) -> Text:
    """One line per shown fact; without a list, the plain values at the top of the answer."""
    shown = {path: _at(answer, path) for path in paths} if paths else answer
    facts = [
        f"{name} {shortened(str(value))}"
        for name, value in shown.items()
        if value not in (None, [], {}) and (paths or isinstance(value, str | int | list))
    ]
    return Text(", ".join(facts), style="green")


def _at(answer: Any, path: str) -> Any:
    for part in path.split("."):
        answer = answer[int(part)] if isinstance(answer, list) else answer.get(part)
        if answer is None:
            return None
    return answer
