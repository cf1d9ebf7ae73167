"""``yumen replay``: recorded reads decided again from their facts, by the policy of their time."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Annotated, Any

import msgspec
import typer
from rich.console import Group, RenderableType
from rich.progress import Progress
from sqlalchemy.ext.asyncio import AsyncConnection

from api.cli.acting import LEDGER_BY
from api.cli.command import application, command
from api.cli.faults import FAILED, CommandError
from api.cli.language import both, told
from api.cli.parts import Parts, opened_parts, run, settings_of
from api.cli.terminal import Terminal
from api.cli.windows import Since, Tenant, Until, window
from api.settings import Settings
from api.usecases.replays import shown
from gate.engines import load_bundle
from gate.replaying import RecordedRead, Replayed, Replayer, Verdict, recorded
from lineage import DEPLOYMENT, EntryDraft, Kind, Window, append, count_reads, last_id, read_from, read_page

APP = application()
PAGE = 2000
KEPT = 100
Entry = Annotated[
    int | None,
    typer.Argument(metavar="ENTRY", min=1, help=both("Only this entry.", "仅此条目。"), show_default=False),
]
Sample = Annotated[
    int | None,
    typer.Option(
        "--sample", min=1, help=both("So many reads, drawn at random.", "随机抽取的读取数。"), show_default=False
    ),
]


@dataclass(slots=True)
class Outcome:
    """What replaying came to; ``flagged`` are the first that did not come out the same."""

    verdicts: Counter[Verdict] = field(default_factory=Counter)
    flagged: list[Replayed] = field(default_factory=list)
    only: Replayed | None = None

    @property
    def entries(self) -> int:
        """How many reads were replayed."""
        return self.verdicts.total()

    @property
    def bad(self) -> int:
        """How many did not come out the same."""
        return self.entries - self.verdicts[Verdict.SAME]

    def add(self, found: list[Replayed]) -> None:
        """Count replays."""
        self.verdicts.update(each.verdict for each in found)
        bad = [each for each in found if each.verdict is not Verdict.SAME]
        self.flagged += bad[: KEPT - len(self.flagged)]


@command(
    APP,
    "replay",
    text=both(
        "Decide recorded reads again from the facts and the policy kept with them: one entry, a window, a sample, "
        "or all. Exit code 1 if one does not come out as recorded.",
        "依所存事实与当时规则重新作出已记录的决定：单个条目、一段时间、抽样或全部。有不一致时退出码为 1。",
    ),
    example="yumen replay --tenant jiebei --from 2026-11-01T00:00:00Z --sample 1000",
)
def run_replay(  # noqa: PLR0913  the options of one command
    term: Terminal,
    *,
    entry: Entry = None,
    tenant: Tenant = None,
    since: Since = None,
    until: Until = None,
    sample: Sample = None,
) -> int:
    """Replay reads."""
    outcome = run(_replay(term, settings_of(term), window(tenant, since, until), entry, sample))
    reasons = load_bundle().reasons
    document: dict[str, Any] = {
        "entries": outcome.entries,
        "verdicts": {verdict.value: count for verdict, count in sorted(outcome.verdicts.items())},
        "flagged": [shown(each, reasons) for each in outcome.flagged],
    }
    if outcome.only is not None:
        document["replay"] = shown(outcome.only, reasons)
    term.answer(document, lambda: _shown(term, outcome))
    return FAILED if outcome.bad else 0


async def _replay(term: Terminal, settings: Settings, wanted: Window, entry: int | None, sample: int | None) -> Outcome:
    async with opened_parts(settings, writing=False, tenant=wanted.tenant) as parts:
        replayer, outcome = Replayer(), Outcome()
        try:
            with term.progress() as bar:
                async with parts.database.snapshot() as tx:
                    if entry is not None:
                        await _one(tx.connection, replayer, outcome, entry)
                    else:
                        await _many(term, tx.connection, replayer, outcome, wanted, sample, bar)
        finally:
            await replayer.close()
        await _record(parts, wanted.tenant, outcome)
        return outcome


async def _one(connection: AsyncConnection, replayer: Replayer, outcome: Outcome, entry: int) -> None:
    row = await read_from(connection, Window(), entry)
    if row is None or row[1] != entry:
        raise CommandError(told(both("ENTRY: no such entry, or no read", "ENTRY：没有这一条目，或不是读取")))
    [outcome.only] = found = await replayer.replay(connection, [_recorded(row)])
    outcome.add(found)


async def _many(  # noqa: PLR0913, PLR0917  the parts of one run
    term: Terminal,
    connection: AsyncConnection,
    replayer: Replayer,
    outcome: Outcome,
    wanted: Window,
    sample: int | None,
    bar: Progress,
) -> None:
    total = await count_reads(connection, wanted)
    task = bar.add_task(term.say("reads", "读取"), total=total if sample is None else min(sample, total))
    pages = _pages(connection, wanted) if sample is None else _sampled(connection, wanted, sample)
    async for page in pages:
        outcome.add(await replayer.replay(connection, page))
        bar.update(task, completed=outcome.entries)


async def _pages(connection: AsyncConnection, wanted: Window) -> AsyncIterator[list[RecordedRead]]:
    after = (0, 0)
    while page := await read_page(connection, wanted, after=after, limit=PAGE):
        after = page[-1][:2]
        yield [_recorded(row) for row in page]


async def _sampled(connection: AsyncConnection, wanted: Window, sample: int) -> AsyncIterator[list[RecordedRead]]:
    """Reads found behind random places of the ledger, each once."""
    last = await last_id(connection)
    seen: dict[int, RecordedRead] = {}
    for _ in range(sample):
        place = 1 + int.from_bytes(os.urandom(8), "big") % max(last, 1)
        row = await read_from(connection, wanted, place) or await read_from(connection, wanted, 1)
        if row is not None:
            seen[row[1]] = _recorded(row)
    reads = list(seen.values())
    for start in range(0, len(reads), PAGE):
        yield reads[start : start + PAGE]


def _recorded(row: tuple[int, int, str]) -> RecordedRead:
    return recorded(row[1], msgspec.json.decode(row[2]))


async def _record(parts: Parts, tenant: str | None, outcome: Outcome) -> None:
    counts = {"entries": outcome.entries, "same": outcome.entries - outcome.bad, "flagged": outcome.bad}
    draft = EntryDraft(Kind.LEDGER_REPLAYED, tenant or DEPLOYMENT, LEDGER_BY, parts=counts)
    async with parts.database.transaction() as tx:
        await append(tx.connection, [draft], now=tx.now, mac=parts.keys.mac)


def _shown(term: Terminal, outcome: Outcome) -> RenderableType:
    lines = [(both("reads replayed", "重放的读取"), outcome.entries)]
    lines += [(verdict.value, count) for verdict, count in sorted(outcome.verdicts.items())]
    facts = term.facts(lines)
    listed = [outcome.only] if outcome.only is not None else outcome.flagged
    if not listed:
        return Group(facts, term.say("Every decision came out as recorded.", "每个决定均与记录一致。"))
    columns = (
        both("entry", "条目"),
        both("verdict", "结果"),
        both("feature", "特征"),
        both("recorded", "记录"),
        both("now", "重放"),
    )
    rows = [
        (each.read.entry, each.verdict.value, feature.name, _text(feature.before), _text(feature.after))
        for each in listed
        for feature in each.features
        if outcome.only is not None or not feature.agrees or each.verdict is not Verdict.DIFFERENT
    ]
    return Group(facts, term.table(columns, rows))


def _text(found: str | tuple[str, ...] | None) -> str:
    return "" if found is None else found if isinstance(found, str) else f"withheld ({', '.join(found)})"
