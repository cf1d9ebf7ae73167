"""Verifying a log or a receipt from outside: a folder, a URL or a file, and the public key."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from rich.console import Group, RenderableType

from api.cli.faults import FAILED, CommandError
from api.cli.language import both, told
from api.cli.terminal import Terminal
from catalog import CatalogError
from catalog.canonical import canonical
from lineage import LineageError
from lineage.log import (
    CHECKPOINT,
    FolderSource,
    LogNotFoundError,
    LogReport,
    Receipt,
    Remembered,
    Source,
    Trust,
    VerifierKey,
    load_remembered,
    verify,
)

SHOWN = 20
TIMEOUT_S = 30.0
MAX_PIECE_B = 32 * 1024 * 1024
REFUSED = frozenset({401, 403})


@dataclass(frozen=True, slots=True)
class Asked:
    """What a verification is asked for."""

    target: str
    key: str
    state: Path | None = None
    witnesses: tuple[str, ...] = ()
    quorum: int = 0
    token_file: Path | None = None


class UrlSource:
    """A log behind HTTP."""

    def __init__(self, client: httpx.Client) -> None:
        self._client = client

    def fetch(self, path: str) -> bytes:
        """The bytes of a piece. Raises: LogNotFoundError; CommandError: the server does not answer as a log does."""
        try:
            answer = self._client.get(path)
        except httpx.HTTPError as error:
            lost = both("the log's server does not answer ({name})", "日志服务器没有应答（{name}）")
            raise CommandError(told(lost).format(name=type(error).__name__), code=FAILED) from error
        if answer.status_code in REFUSED:
            refused = both("the log's server refuses the token for {path}", "日志服务器拒绝令牌：{path}")
            raise CommandError(told(refused).format(path=path))
        if answer.status_code != 200 or len(answer.content) > MAX_PIECE_B:
            raise LogNotFoundError(f"{path} is not there")
        return answer.content


def verify_receipt(term: Terminal, asked: Asked, entry: Path | None) -> int:
    """Check a receipt against an entry's file."""
    if entry is None:
        raise CommandError(told(both("a receipt is checked against --entry", "验证回执需要 --entry")))
    key = VerifierKey.parse(asked.key)
    receipt = Receipt.parse(Path(asked.target).read_text(encoding="utf-8", errors="replace"))
    try:
        head = receipt.check(_entry(entry), key)
    except LineageError as error:
        document: dict[str, Any] = {"valid": False, "code": error.code}
        failed = term.say("The receipt does not hold.", "回执不成立。") + f" [{error.code}]"
        term.answer(document, lambda: failed)
        return FAILED
    document = {"valid": True, "index": receipt.index, "size": head.size, "origin": head.origin}
    said = term.say(
        f"The receipt holds: entry {receipt.index} of {head.size} in {head.origin}.",
        f"回执成立：{head.origin} 中第 {receipt.index} 条，共 {head.size} 条。",
    )
    term.answer(document, lambda: said)
    return 0


def verify_log(term: Terminal, asked: Asked) -> int:
    """Verify a log; remember its checkpoint if nothing is wrong with it."""
    key = VerifierKey.parse(asked.key)
    remembered = Remembered(key) if asked.state is None else load_remembered(asked.state, key)
    witnesses = tuple(VerifierKey.parse(each) for each in asked.witnesses)
    if asked.quorum > len(witnesses):
        raise CommandError(told(both("--quorum is more than there are --witness", "--quorum 多于 --witness")))
    trust = Trust(key, witnesses, asked.quorum, remembered.heads)
    with _source(asked) as source, term.progress() as bar:
        task = bar.add_task(term.say("entries", "条目"), total=None)
        kept = _Kept(source)
        report = verify(kept, trust, progress=lambda done, total: bar.update(task, completed=done, total=total))
    if asked.state is not None and report.is_intact and kept.checkpoint:
        remembered.with_note(kept.checkpoint).save(asked.state)
    term.answer(_document(report), lambda: _shown(term, report))
    return 0 if report.is_sound else FAILED


class _Kept:
    """A source that keeps the checkpoint it gave, so that what is remembered is what was verified."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self.checkpoint = b""

    def fetch(self, path: str) -> bytes:
        data = self._source.fetch(path)
        if path == CHECKPOINT:
            self.checkpoint = data
        return data


@contextmanager
def _source(asked: Asked) -> Iterator[Source]:
    if asked.target.startswith(("http://", "https://")):
        token = asked.token_file.read_text().strip() if asked.token_file else os.environ.get("YUMEN_TOKEN", "")
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        try:
            client = httpx.Client(base_url=asked.target.rstrip("/") + "/", headers=headers, timeout=TIMEOUT_S)
        except (httpx.InvalidURL, ValueError):
            raise CommandError(told(both("that is no URL", "不是有效网址"))) from None
        with client:
            yield UrlSource(client)
    elif Path(asked.target).is_dir():
        yield FolderSource(Path(asked.target))
    else:
        raise CommandError(told(both("there is no such folder or file", "没有这一文件夹或文件")))


def _entry(path: Path) -> bytes:
    """An entry's bytes: as they are, or as the API shows them, with the number beside the body."""
    data = path.read_bytes().strip()
    try:
        document = json.loads(data)
        if isinstance(document, dict) and "id" in document:
            del document["id"]
            return canonical(document)
    except (ValueError, RecursionError, CatalogError):
        return data
    return data


def _document(report: LogReport) -> dict[str, Any]:
    replay = report.replay
    return {
        "sound": report.is_sound,
        "intact": report.is_intact,
        "origin": report.origin,
        "size": report.size,
        "root": report.root.hex(),
        "good": report.good,
        "cosigned": report.cosigned,
        "compared": report.compared,
        "fault_count": report.fault_count,
        "faults": [{"code": fault.code.value, "path": fault.path, "index": fault.index} for fault in report.faults],
        "replay": {
            "entries": replay.entries,
            "reads": replay.reads,
            "released": replay.released,
            "fault_count": replay.fault_count,
            "faults": [
                {"index": None if fault.entry is None else fault.entry - 1, "code": fault.code.value}
                for fault in replay.faults
            ],
        },
    }


def _shown(term: Terminal, report: LogReport) -> RenderableType:
    facts = term.facts(
        (
            (both("log", "日志"), report.origin or "-"),
            (both("entries", "条目"), report.size),
            (both("good from the beginning", "自始完好"), report.good),
            (both("remembered checkpoints", "已记住的检查点"), report.compared),
            (both("witnesses", "见证方"), report.cosigned),
            (both("releases replayed", "已复核的提供"), report.replay.released),
            (both("faults of the log", "日志问题"), report.fault_count),
            (both("faults of its entries", "条目问题"), report.replay.fault_count),
        )
    )
    if report.is_sound:
        return Group(facts, term.say("The log is sound.", "日志无误。"))
    rows = [(fault.code.value, fault.path, fault.index) for fault in report.faults[:SHOWN]]
    rows += [
        (fault.code.value, "", None if fault.entry is None else fault.entry - 1)
        for fault in report.replay.faults[: SHOWN - len(rows)]
    ]
    columns = (both("fault", "问题"), both("piece", "位置"), both("entry", "条目"))
    return Group(facts, term.table(columns, rows))
