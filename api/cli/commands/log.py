"""``yumen log``: the transparency log: its key, its state, receipts, verification, and running it."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import RenderableType

from api.cli.command import Needs, application, command
from api.cli.faults import FAILED, CommandError
from api.cli.language import both, told
from api.cli.lazy import INTERRUPTED
from api.cli.logged import LogParts, head_of, log_parts, running, witness_states
from api.cli.logs_verified import Asked, verify_log, verify_receipt
from api.cli.parts import run, settings_of
from api.cli.terminal import Terminal
from lineage import EntryNotFoundError, log_places, waiting_since
from lineage.log import LogNotReadyError

APP = application()
Entry = Annotated[int, typer.Argument(min=1, help=both("The entry's number.", "条目编号。"))]
Target = Annotated[
    str,
    typer.Argument(help=both("Folder or URL of a log, or the file of a receipt.", "日志的文件夹或网址，或回执文件。")),
]
Key = Annotated[
    str,
    typer.Option("--key", help=both("The log's verifier key, from `yumen log key`.", "日志公钥，见 yumen log key。")),
]
State = Annotated[
    Path | None,
    typer.Option(
        "--state",
        help=both(
            "File in which to remember checkpoints; a log that shrank or was rewritten then shows.",
            "记住检查点的文件；日志缩短或被改写时可见。",
        ),
    ),
]
Body = Annotated[
    Path | None,
    typer.Option("--entry", help=both("Of a receipt: the file with the entry it is for.", "回执所对应条目的文件。")),
]
Witness = Annotated[
    list[str] | None,
    typer.Option(
        "--witness", help=both("Verifier key of a trusted witness; may be repeated.", "可信见证方公钥，可重复。")
    ),
]
Quorum = Annotated[
    int,
    typer.Option("--quorum", min=0, max=32, help=both("How many of them must have cosigned.", "须有几方共同签名。")),
]
Token = Annotated[
    Path | None,
    typer.Option(
        "--token-file",
        help=both(
            "Of a URL: file with an auditor's token (else YUMEN_TOKEN).", "审计员令牌文件（默认取 YUMEN_TOKEN）。"
        ),
    ),
]


@command(
    APP,
    "key",
    text=both(
        "Show the key that verifies the log; give it to verifiers by another way than the log itself.",
        "显示验证日志的公钥；请另行交给验证者。",
    ),
    example="yumen log key",
)
def run_key(term: Terminal) -> None:
    """Show the log's public key."""

    async def ask() -> str:
        async with log_parts(settings_of(term)) as parts:
            return parts.key.text

    key = run(ask())
    term.answer({"origin": key.partition("+")[0], "key": key}, lambda: key)


@command(
    APP,
    "checkpoint",
    text=both("Show the newest signed checkpoint.", "显示最新的已签名检查点。"),
    example="yumen log checkpoint",
)
def run_checkpoint(term: Terminal) -> None:
    """Show the newest checkpoint, verified."""

    async def ask() -> tuple[dict[str, Any], str]:
        async with log_parts(settings_of(term)) as parts:
            head, data = parts.reader.head()
            document = {"origin": head.origin, "size": head.size, "root": head.root.hex(), "note": data.decode()}
            return document, data.decode()

    document, note = run(ask())
    term.answer(document, lambda: note.rstrip("\n"))


@command(
    APP,
    "prove",
    text=both("Write the receipt of an entry: the proof that it is in the log.", "输出条目的回执：证明其在日志中。"),
    example="yumen log prove 42",
)
def run_prove(term: Terminal, entry: Entry) -> None:
    """Make a receipt."""

    async def ask() -> tuple[int, str]:
        async with log_parts(settings_of(term)) as parts:
            return await _proven(parts, entry)

    index, receipt = run(ask())
    term.answer({"entry": entry, "index": index, "receipt": receipt}, lambda: receipt.rstrip("\n"))


@command(
    APP,
    "verify",
    text=both(
        "Verify a log or a receipt with its public key alone. A log: checkpoint, tiles, every entry, what was "
        "remembered, and that every release was justified. Exit code 1 if anything is wrong.",
        "只凭公钥验证日志或回执。日志：检查点、哈希块、每个条目、已记住的检查点，以及每次提供是否有据。"
        "有问题时退出码为 1。",
    ),
    example="yumen log verify var/log --key 'log.example/yumen+1a2b3c4d+AX…' --state seen.json",
    needs=Needs.NOTHING,
)
def run_verify(  # noqa: PLR0913  the options of one command
    term: Terminal,
    target: Target,
    *,
    key: Key,
    state: State = None,
    entry: Body = None,
    witness: Witness = None,
    quorum: Quorum = 0,
    token_file: Token = None,
) -> int:
    """Verify, offline unless a URL is given."""
    asked = Asked(target, key, state, tuple(witness or ()), quorum, token_file)
    if Path(target).is_file():
        return verify_receipt(term, asked, entry)
    if entry is not None:
        raise CommandError(told(both("--entry belongs to a receipt's file", "--entry 只用于回执文件")))
    return verify_log(term, asked)


@command(
    APP,
    "witness",
    text=both(
        "Show which witnesses cosigned the newest checkpoint. Exit code 1 if fewer than the quorum did.",
        "显示哪些见证方共同签署了最新检查点。少于所需数量时退出码为 1。",
    ),
    example="yumen log witness",
)
def run_witness(term: Terminal) -> int:
    """Check the cosignatures of the newest checkpoint."""

    async def ask() -> tuple[int, list[dict[str, Any]]]:
        async with log_parts(settings_of(term)) as parts:
            return parts.settings.transparency.quorum, witness_states(parts)

    quorum, states = run(ask())
    count = sum(each["cosigned"] for each in states)
    document = {"quorum": quorum, "cosigned": count, "witnesses": states}
    columns = (both("witness", "见证方"), both("cosigned", "已签"), both("at", "时间"))
    rows = [(each["name"], each["cosigned"], each["at"]) for each in states]
    none = term.say("No witnesses are configured.", "未配置见证方。")
    term.answer(document, lambda: term.table(columns, rows) if rows else none)
    return 0 if count >= quorum else FAILED


@command(
    APP,
    "status",
    text=both(
        "Say how far the log is and whether it keeps up. Exit code 1 if an entry has waited for ten seconds.",
        "说明日志进度及是否跟上。有条目等待超过十秒时退出码为 1。",
    ),
    example="yumen log status",
)
def run_status(term: Terminal) -> int:
    """Compare the log with the ledger."""
    document = run(_status(term))
    term.answer(document, lambda: _shown(term, document))
    return 0 if document["keeps_up"] else FAILED


@command(
    APP,
    "run",
    text=both(
        "Write the log: where `yumen serve` does not, or to catch up once. Another process that writes it already is "
        "waited for.",
        "写入日志：用于 yumen serve 不写入时，或一次性追平。若已有进程在写则等待。",
    ),
    example="yumen log run --once",
)
def run_run(
    term: Terminal,
    *,
    once: Annotated[bool, typer.Option("--once", help=both("Stop when everything is in it.", "追平后停止。"))] = False,
) -> int:
    """Run the sequencer."""
    try:
        size = asyncio.run(running(term, settings_of(term), once=once))
    except KeyboardInterrupt:
        return INTERRUPTED
    term.answer({"size": size}, lambda: term.say(f"{size} entries are in the log.", f"日志中有 {size} 个条目。"))
    return 0


async def _proven(parts: LogParts, entry: int) -> tuple[int, str]:
    async with parts.database.reading() as tx:
        places = await log_places(tx.connection, [entry])
    if entry not in places:
        raise EntryNotFoundError(entry)
    receipt = parts.reader.receipts([places[entry]])[0]
    if receipt is None:
        raise LogNotReadyError("no checkpoint covers the entry yet")
    return places[entry], receipt.text


async def _status(term: Terminal) -> dict[str, Any]:
    async with log_parts(settings_of(term)) as parts:
        head = head_of(parts)
        size = head.size if head else 0
        async with parts.database.reading() as tx:
            since_us = await waiting_since(tx.connection, size)
            waiting_s = None if since_us is None else max(0.0, round(tx.now.timestamp() - since_us / 1_000_000, 3))
        return {
            "origin": parts.key.name,
            "size": size,
            "root": head.root.hex() if head else None,
            "written": parts.reader.is_written,
            "waiting_s": waiting_s,
            "keeps_up": waiting_s is None or waiting_s < 10,
        }


def _shown(term: Terminal, document: dict[str, Any]) -> RenderableType:
    waiting = document["waiting_s"]
    return term.facts(
        (
            (both("log", "日志"), document["origin"]),
            (both("entries in it", "条目数"), document["size"]),
            (both("root", "根哈希"), document["root"] or "-"),
            (both("a process writes it", "有进程写入"), document["written"]),
            (both("oldest entry waiting", "最久等待"), "-" if waiting is None else f"{waiting:.1f} s"),
        )
    )
