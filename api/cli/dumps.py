"""Dumps of PostgreSQL, read as a stream: one person's rows out of the COPY blocks of ``pg_dump``.

Rules:
- plain SQL is read as it stands, an archive (custom, tar) as ``pg_restore -f -`` writes it: nothing is loaded into any
  server, and nothing of the dump is executed;
- a dump is read line by line, and only the rows asked for are kept, so memory does not grow with it;
- what cannot be tried is refused, never answered: cut short, written as INSERTs, without the people, of another shape.
  An answer "not in it" would be taken for proof.

Source: PostgreSQL manual, pg_dump, pg_restore, and COPY (text format). Law: PIPL 47.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import IO, Final, TypeAlias

from api.cli.faults import CommandError
from api.cli.language import both, told

PEOPLE: Final = "consent_subjects"
DEPLOYMENT_KEYS: Final = "vault_keys"
OF_A_PERSON: Final = ("vault_subject_keys", "vault_identifiers", "gate_values")
HEAD_BYTES: Final = 4096
LINE_BYTES: Final = 1 << 26
STEP_BYTES: Final = 1 << 20
_COPY: Final = re.compile(rb'COPY (?:"?[^". ]+"?\.)?"?(\w+)"? \(([^)]*)\) FROM stdin;\s*')
_INSERT: Final = re.compile(rb'INSERT INTO (?:"?[^". ]+"?\.)?"?(\w+)"?[ (]')
_ESCAPE: Final = re.compile(rb"\\(.)", re.DOTALL)
_ESCAPED: Final = {b"b": b"\b", b"f": b"\f", b"n": b"\n", b"r": b"\r", b"t": b"\t", b"v": b"\v"}
_NULL: Final = rb"\N"
_END: Final = b"-- PostgreSQL database dump complete"

Row: TypeAlias = dict[str, str | None]
Advance: TypeAlias = Callable[[int], None]
"""Told how many bytes were read since it was told last."""


class BackupKind(StrEnum):
    """What a backup file is."""

    SQLITE = "sqlite"
    PLAIN = "plain"
    ARCHIVE = "archive"


def kind_of(path: Path) -> BackupKind:
    """Tell by its first bytes what a backup is. Raises: CommandError: nothing that can be tried."""
    with path.open("rb") as stream:
        head = stream.read(HEAD_BYTES)
    if head.startswith(b"SQLite format 3\0"):
        return BackupKind.SQLITE
    if head.startswith((b"PGDMP", b"toc.dat\0")):
        return BackupKind.ARCHIVE
    if b"-- PostgreSQL database dump" in head:
        return BackupKind.PLAIN
    raise _refused(
        "neither a SQLite file nor a dump by pg_dump (plain SQL, custom or tar)",
        "既不是 SQLite 文件，也不是 pg_dump 的转储（SQL 文本、custom 或 tar）",
    )


def read_person(path: Path, tenant: str, pseudonym: str, advance: Advance) -> list[tuple[str, Row]]:
    """Give the rows of the person with a pseudonym, and the deployment's wrapped keys, by table; none if unknown.

    Twice through the dump, as the person's reference may stand behind the rows that are of it.
    Raises: CommandError: the dump cannot be tried.
    """
    whose = {"tenant": tenant, "pseudonym": pseudonym}
    with _dump(path, {PEOPLE}, advance) as rows:
        person = next((row for _, row in rows if whose.items() <= row.items()), None)
    if person is None:
        return []
    mine = (tenant, person["ref"])
    with _dump(path, {*OF_A_PERSON, DEPLOYMENT_KEYS}, advance) as rows:
        kept = [
            (table, row)
            for table, row in rows
            if table == DEPLOYMENT_KEYS or (row.get("tenant"), row.get("subject")) == mine
        ]
    return [(PEOPLE, person), *kept]


@contextmanager
def _dump(path: Path, tables: Collection[str], advance: Advance) -> Iterator[Iterator[tuple[str, Row]]]:
    """The rows of some tables; what reads them may stop before the end."""
    if kind_of(path) is BackupKind.ARCHIVE:
        with _restored(path, tables) as (stream, finish):
            yield _rows(_lines(stream, advance), tables, finish)
    else:
        with path.open("rb") as stream:
            yield _rows(_lines(stream, advance), tables, lambda: None)


@contextmanager
def _restored(path: Path, tables: Collection[str]) -> Iterator[tuple[IO[bytes], Callable[[], None]]]:
    """An archive as SQL, and what says at its end whether it was whole."""
    program = shutil.which("pg_restore")
    if program is None:
        raise _refused(
            "pg_restore is not on PATH; it is needed for dumps of the custom and tar formats",
            "PATH 上没有 pg_restore；custom 与 tar 格式的转储需要它",
        )
    chosen = [f"--table={name}" for name in sorted(tables)]
    command = [program, "--file=-", "--data-only", *chosen, str(path.resolve())]
    with subprocess.Popen(  # noqa: S603 - the program found on PATH, a path made absolute, no shell
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as process:
        assert process.stdout is not None  # noqa: S101 - a pipe was asked for

        def finish() -> None:
            if process.wait() != 0:  # its words are not repeated: they may quote the dump
                raise _refused(
                    f"pg_restore cannot read it (exit code {process.returncode}): damaged, or of a newer PostgreSQL",
                    f"pg_restore 无法读取（退出码 {process.returncode}）：已损坏，或来自更新的 PostgreSQL",
                )

        try:
            yield process.stdout, finish
        finally:
            process.kill()


def _lines(stream: IO[bytes], advance: Advance) -> Iterator[bytes]:
    read_b = 0
    while line := stream.readline(LINE_BYTES):
        if len(line) == LINE_BYTES:
            raise _refused("a line of it is longer than any row of ours", "其中一行超过任何有效行的长度")
        read_b += len(line)
        if read_b >= STEP_BYTES:
            advance(read_b)
            read_b = 0
        yield line
    advance(read_b)


def _rows(lines: Iterator[bytes], tables: Collection[str], finish: Callable[[], None]) -> Iterator[tuple[str, Row]]:
    """The rows of some tables, from a whole dump. Raises: CommandError."""
    seen: set[str] = set()
    is_whole = False
    for line in lines:
        copied = _COPY.fullmatch(line)
        if copied is None:
            is_whole = is_whole or line.startswith(_END)
            _check_inserts(line, tables)
            continue
        table = copied[1].decode()
        if table in seen:
            raise _refused(f"table {table} stands in it twice", f"表 {table} 出现两次")
        seen.add(table)
        columns = [name.strip(b' "').decode() for name in copied[2].split(b",")]
        for values in _block(lines):
            if table in tables:
                yield table, _row(columns, values)
    finish()
    if not is_whole:
        raise _refused("it is cut short: its last line is missing", "转储不完整：缺少末行")
    if PEOPLE in tables and PEOPLE not in seen:
        raise _refused(
            f"it holds no people (table {PEOPLE}): it says nothing about anybody",
            f"其中没有人员（表 {PEOPLE}）：不能说明任何人的情况",
        )


def _block(lines: Iterable[bytes]) -> Iterator[list[bytes]]:
    """The rows of a COPY block, split, up to its end. Raises: CommandError."""
    for line in lines:
        if line.rstrip(b"\r\n") == rb"\.":
            return
        yield line.rstrip(b"\r\n").split(b"\t")
    raise _refused("it is cut short, amid a table", "转储不完整：在表中间中断")


def _row(columns: list[str], values: list[bytes]) -> Row:
    try:
        texts = [None if value == _NULL else _ESCAPE.sub(_unescaped, value).decode() for value in values]
        return dict(zip(columns, texts, strict=True))
    except ValueError:
        raise _refused("a row of it is not as COPY writes it in UTF-8", "其中一行不是 UTF-8 的 COPY 格式") from None


def _unescaped(found: re.Match[bytes]) -> bytes:
    return _ESCAPED.get(found[1], found[1])


def _check_inserts(line: bytes, tables: Collection[str]) -> None:
    found = _INSERT.match(line)
    if found is not None and found[1].decode() in tables:
        raise _refused("it is written as INSERTs; dump it without --inserts", "以 INSERT 写成；请勿使用 --inserts 转储")


def _refused(en: str, zh: str) -> CommandError:
    return CommandError(told(both(f"--backup: {en}", f"--backup：{zh}")))
