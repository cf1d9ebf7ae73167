"""How each kind of answer is shown on a terminal.

Rules:
- references are cut to their beginning; identifiers appear only where a reveal is the point;
- every table folds its long cells, so that nothing is lost at 60 columns.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from api.demo.expectations import find, is_missing
from api.demo.player import Played, Timing
from examples.story import Said, Verb

_REFERENCE = re.compile(r"\b((?:sub|gr|ps|tok|ev|gd|st)_[a-z2-7]{6})[a-z2-7]{20}\b")
SHOWN_RESULTS, SHOWN_ENTRIES, SHOWN_READS = 3, 8, 5


def shortened(text: str) -> str:
    """Cut opaque references to their beginning."""
    return _REFERENCE.sub(r"\1…", text)


def both(said: Said, style: str = "") -> Text:
    """A sentence in both languages, a line each."""
    return Text(f"{said.en}\n{said.zh}", style=style)


def outcome(played: Played) -> RenderableType:
    """What a step's answer came to, in words."""
    if played.status >= 400:
        return _problem(played.answer)
    if played.timing is not None:
        return Group(_timing(played.timing), *(_one_of_many(played) if played.step.do is Verb.SWEEP else ()))
    return _SHOWN.get(played.step.do, _facts)(played)


def reason(code: str, texts: Mapping[str, Any], *, in_full: bool) -> Text:
    """A reason: code and article, and in full the texts and remedies in both languages."""
    articles = ", ".join(part for part in str(texts["article"] or "").split(", ") if part)
    cited = f"《{texts['law']}》" + (f"第 {articles} 条 Art. {articles}" if articles else "")
    shown = Text.assemble(("✗ ", "red"), (code, "bold red"), "  ", (cited, "red"))
    if in_full:
        shown.append(f"\n  {texts['zh']}\n  {texts['en']}")
        shown.append(f"\n  → {texts['remedy_zh']}\n  → {texts['remedy_en']}", style="dim")
    return shown


def _read(played: Played) -> RenderableType:
    return _features(played.answer["results"])


def _features(results: list[dict[str, Any]]) -> RenderableType:
    parts: list[RenderableType] = []
    for result in results[:SHOWN_RESULTS]:
        table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, show_header=False)
        table.add_column(overflow="fold")
        table.add_column(no_wrap=True)
        table.add_column(overflow="fold", min_width=24)
        for name, feature in result["features"].items():
            table.add_row(name, *_feature(feature))
        done = f"{shortened(result['subject'])}: {result['status']}, ledger entry 账本记录 {result['entry']}"
        parts += [table, Text(done, style="dim")]
    return Group(*parts)


def _feature(feature: Mapping[str, Any]) -> tuple[Text, Text]:
    if feature["status"] == "denied":
        return Text("withheld", style="red"), Text("\n".join(feature["reasons"]), style="red")
    if feature["status"] == "absent":
        return Text("absent", style="yellow"), Text("")
    shown = Text(shortened(str(feature.get("value", "would be released"))))
    if feature.get("obligations"):
        shown.append(f"  +{' +'.join(feature['obligations'])}", style="yellow")
    return Text(feature["form"], style="green"), shown


def _timing(timing: Timing) -> Text:
    rate = timing.people / timing.seconds
    return Text(
        f"{timing.requests:,} requests, {timing.people:,} people, {timing.seconds:.2f} s: {rate:,.0f} people/s; "
        f"a request takes {timing.median_ms:.1f} ms (median), 99% at most {timing.p99_ms:.1f} ms",
        style="bold green",
    )


def _one_of_many(played: Played) -> tuple[RenderableType, ...]:
    return Text("one of them 其中之一", style="dim"), _features(played.answer["results"][:1])


def _entries(played: Played) -> RenderableType:
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="dim")
    extra = played.step.given.get("show", ["purpose"])
    for column in ("entry", "at", "kind", "who", *extra, "outcome"):
        table.add_column(column, overflow="fold")
    entries = played.answer["entries"]
    for entry in entries[:SHOWN_ENTRIES]:
        who = f"{entry['actor']['role']} {entry['actor']['id']}"
        more = (_cell(find(entry, path)) for path in extra)
        row = (str(entry["id"]), entry["at"][11:19], entry["kind"], who, *more, entry["outcome"])
        table.add_row(*map(shortened, row))
    rest = len(entries) - SHOWN_ENTRIES
    return Group(table, Text(f"and {rest} more 另有 {rest} 条", style="dim")) if rest > 0 else table


def _cell(value: Any) -> str:
    if value is None or is_missing(value):
        return ""
    return ", ".join(value) if isinstance(value, list) else str(value)


def _my_reads(played: Played) -> RenderableType:
    lines: list[RenderableType] = []
    for read in played.answer["reads"][:SHOWN_READS]:
        refused = read["outcome"] == "denied"
        lines.append(Text(f"{'✗' if refused else '•'} {shortened(read['en'])}", style="red" if refused else ""))
        lines.append(Text(f"  {shortened(read['zh'])}", style="red" if refused else ""))
    return Group(*lines)


def _files(played: Played) -> RenderableType:
    sizes = ", ".join(f"{name} {size:,} B" for name, size in played.answer["files"].items())
    found = "; ".join(played.answer["found"])
    verdict = f"found: {found}" if found else "none of them found 均未发现"
    wanted = "; ".join(f"{person}: {', '.join(names)}" for person, names in played.answer["searched_for"].items())
    return Group(
        Text(f"searched {sizes}", style="dim"),
        Text(f"for {wanted}", style="dim"),
        Text(verdict, style="red" if found else "bold green"),
    )


def _given(played: Played) -> RenderableType:
    grant = played.answer["grant"]
    form = {"general": "一般同意", "separate": "单独同意", "written": "书面同意"}[grant["form"]]
    parts = [f"{grant['form']} {form}", f"to {grant['recipient']}", f"for {grant['purpose']}"]
    if grant["provision"]:
        parts.append("as another handler 作为另一处理者")
    if grant["guardian"]:
        parts.append("by a guardian 由监护人")
    ends = f", until {grant['expires_at'][:10]}" if grant["expires_at"] else ""
    return Group(
        Text(f"{grant['state']}: {', '.join(parts)}{ends}", style="green"),
        Text(f"{', '.join(grant['fields'])}"),
        Text(f"{shortened(grant['id'])}, ledger entry 账本记录 {played.answer['entry']}", style="dim"),
    )


def _withdrawn(played: Played) -> RenderableType:
    answer = played.answer
    parts = [f"{kind} {', '.join(answer[kind])}" for kind in ("withdrawn", "narrowed") if answer[kind]]
    return Group(
        Text(shortened("; ".join(parts)), style="green"),
        Text(f"ledger entry 账本记录 {', '.join(answer['entries'])}", style="dim"),
    )


def _revealed(played: Played) -> RenderableType:
    shown = ", ".join(f"{name} {value}" for name, value in played.answer["identifiers"].items())
    return Group(Text(shown, style="bold yellow"), Text(f"ledger entry 账本记录 {played.answer['entry']}", style="dim"))


def _facts(played: Played) -> RenderableType:
    """The parts a step asks to be shown, a line each; without such a list, the plain values of the answer."""
    asked = played.step.given.get("show")
    if asked is None:
        plain = {name: value for name, value in played.answer.items() if isinstance(value, str | int)}
        return Text(shortened(", ".join(f"{name} {value}" for name, value in plain.items())), style="green")
    found = {path: find(played.answer, path) for path in asked}
    lines = [f"{path}: {value}" for path, value in found.items() if value is not None and not is_missing(value)]
    return Text(shortened("\n".join(lines)), style="green")


def _problem(answer: Mapping[str, Any]) -> Text:
    text = Text.assemble(("✗ ", "red"), (str(answer.get("code", "")), "bold red"), "  ", str(answer.get("title", "")))
    if answer.get("detail"):
        text.append(f"\n  {answer['detail']}")
    return text


_SHOWN: Mapping[Verb, Callable[[Played], RenderableType]] = {
    Verb.READ: _read,
    Verb.ASK: _entries,
    Verb.MY_READS: _my_reads,
    Verb.FILES: _files,
    Verb.GIVE: _given,
    Verb.REFUSE: _given,
    Verb.WITHDRAW: _withdrawn,
    Verb.REVEAL: _revealed,
}
