"""A run over a file: part by part, resumable, the same bytes however often it was interrupted.

Rules:
- the result is a folder: parts of a fixed number of rows, the list of refused cells, and `run.json`, which says what is
  being made of what; a finished run also says so there;
- a run that was killed goes on after its last whole part; another file, plan or recipient in the same folder is
  refused, and nothing there is overwritten;
- a dry run tokenises everything and writes nothing.

Format: docs/formats/tokens.md.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from vault.bulk.files import FileKind, Source, open_source, settle, writing_part
from vault.bulk.streams import BatchTokeniser, Refusal, Tokenised
from vault.bulk_plans import BulkPlan, Recipient
from vault.errors import BulkTargetError
from vault.keyring import KeyRing

PART_ROWS: Final = 1_048_576
RUN_FILE: Final = "run.json"
REFUSED_FILE: Final = "refused.jsonl"
COUNTS: Final = ".counts.json"
FINISHED: Final = "finished"
UNFINISHED: Final = ".unfinished"
_DIGEST_CHUNK_B: Final = 1 << 20
_FORMAT: Final = "yumen-tokenise-v1"


@dataclass(slots=True)
class Tally:
    """What a run made.

    Attributes:
        nulls: cells that were empty from the start.
        resumed_at: rows that an earlier, interrupted run had made.
        was_done: whether the run was finished before.
    """

    rows: int = 0
    tokens: int = 0
    nulls: int = 0
    parts: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    resumed_at: int = 0
    was_done: bool = False

    @property
    def refused(self) -> int:
        """Cells and lines without a token."""
        return sum(self.faults.values())

    def add(self, other: "Tally") -> None:
        """Count a part."""
        self.rows += other.rows
        self.tokens += other.tokens
        self.nulls += other.nulls
        self.parts += other.parts
        self.faults.update(other.faults)

    def document(self) -> dict[str, Any]:
        """What does not depend on interruptions."""
        faults = dict(sorted(self.faults.items()))
        return {"rows": self.rows, "tokens": self.tokens, "nulls": self.nulls, "parts": self.parts, "faults": faults}

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> "Tally":
        """Read what `document` wrote."""
        return cls(**{**document, "faults": Counter(document["faults"])})


OnProgress = Callable[[int, int | None], None]
"""(rows done, rows in all or None)."""


@dataclass(frozen=True, slots=True)
class Run:
    """What is to be made of what.

    Attributes:
        target: the folder of the result; None only checks.
        written_as: the kind of the parts; None for that of the source.
        part_rows: rows of a part.
    """

    source: Path
    target: Path | None
    plan: BulkPlan
    recipient: Recipient
    written_as: FileKind | None = None
    part_rows: int = PART_ROWS


def tokenise_file(run: Run, ring: KeyRing, on_progress: OnProgress | None = None) -> Tally:
    """Tokenise a file.

    Raises: BulkPlanError, BulkSourceError, BulkTargetError, ColumnTypeError, OSError.
    """
    source = open_source(run.source)
    maker = BatchTokeniser.of(ring, run.recipient, run.plan)
    schema = maker.schema(source.schema)
    work = _Work(source, maker, on_progress or _silent)
    if run.target is None:
        return work.check()
    kind = run.written_as or source.kind
    mark = _mark(run, ring, kind)
    done = _claim(run.target, mark)
    if done is not None:
        return done
    work.write_parts(run.target, kind, schema=schema, part_rows=run.part_rows)
    _finish(run.target, mark, work.tally)
    return work.tally


class _Work:
    """One pass over the source."""

    def __init__(self, source: Source, maker: BatchTokeniser, on_progress: OnProgress) -> None:
        self.tally = Tally()
        self._source = source
        self._maker = maker
        self._on_progress = on_progress
        self._row = 0

    def check(self) -> Tally:
        """Tokenise everything, keeping nothing."""
        for batch in self._source.batches():
            self._make(batch, self.tally)
        self._count_faulty_lines()
        return self.tally

    def write_parts(self, target: Path, kind: FileKind, *, schema: Any, part_rows: int) -> None:
        """Write the parts that are not there yet."""
        for number, part in enumerate(_parts(self._source.batches(), part_rows)):
            path = target / f"part-{number:05d}.{kind.value}"
            notes = target / f"part-{number:05d}"
            if path.exists():
                self._pass_over(part, notes)
                continue
            made = Tally(parts=1)
            with writing_part(path, kind, schema) as writer:
                refused: list[Refusal] = []
                for batch in part:
                    found = self._make(batch, made)
                    writer.write(found.batch)
                    refused += found.refused
                _note(notes, made, refused)  # first: a part that is there has its notes
            self.tally.add(made)
        self._count_faulty_lines()
        _note_lines(target / f"rows.{REFUSED_FILE}", self._source.faulty_lines)

    def _make(self, batch: Any, tally: Tally) -> Tokenised:
        made = self._maker.apply(batch, self._row)
        self._row += len(batch)
        tally.rows += len(batch)
        tally.tokens += made.tokens
        tally.nulls += made.nulls
        tally.faults.update(each.fault for each in made.refused)
        self._on_progress(self._row, self._source.rows_total)
        return made

    def _pass_over(self, part: Iterator[Any], notes: Path) -> None:
        for batch in part:
            self._row += len(batch)
            self._on_progress(self._row, self._source.rows_total)
        self.tally.add(Tally.of(json.loads(notes.with_suffix(COUNTS).read_text())))
        self.tally.resumed_at = self._row

    def _count_faulty_lines(self) -> None:
        if self._source.faulty_lines:
            self.tally.faults["not_a_row"] += len(self._source.faulty_lines)


def _mark(run: Run, ring: KeyRing, kind: FileKind) -> dict[str, Any]:
    """What tells this run from others. The file's digest is keyed: a bare one of a small file could be guessed."""
    recipient = run.recipient
    return {
        "format": _FORMAT,
        "source": ring.blind(recipient.tenant, "bulk_source", digest_of(run.source)).hex(),
        "plan": run.plan.digest(),
        "recipient": {"tenant": recipient.tenant, "purpose": recipient.purpose, "party": recipient.party},
        "key": ring.token_version,
        "kind": kind.value,
        "part_rows": run.part_rows,
    }


def digest_of(path: Path) -> str:
    """SHA-256 of a file's content, hex. Not for storing elsewhere: a small file could be guessed from it."""
    found = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_DIGEST_CHUNK_B):
            found.update(chunk)
    return found.hexdigest()


def _parts(batches: Iterator[Any], rows: int) -> Iterator[Iterator[Any]]:
    """Cut a stream of batches into parts of exactly so many rows, the last one shorter; each is read to its end."""
    left: list[Any] = []

    def part(first: Any) -> Iterator[Any]:
        room, batch = rows, first
        while batch is not None:
            if len(batch) > room:
                left.append(batch.slice(room))
                batch = batch.slice(0, room)
            room -= len(batch)
            yield batch
            batch = next(batches, None) if room else None

    while (first := left.pop() if left else next(batches, None)) is not None:
        current = part(first)
        yield current
        for _ in current:  # what the caller left unread
            pass


def _claim(target: Path, mark: dict[str, Any]) -> Tally | None:
    """Begin a run in a folder, or go on with the one that is there; gives what a finished one made.

    Raises: BulkTargetError.
    """
    target.mkdir(mode=0o700, parents=True, exist_ok=True)
    stated = target / RUN_FILE
    if not stated.exists():
        if any(not path.name.endswith(UNFINISHED) for path in target.iterdir()):
            raise BulkTargetError("the folder for the result is not empty")
        _write_json(stated, mark)
        return None
    found = json.loads(stated.read_text())
    if {name: found.get(name) for name in mark} != mark:
        raise BulkTargetError("the folder holds a run over another file, plan, recipient or key")
    if FINISHED not in found:
        return None
    done = Tally.of(found[FINISHED])
    done.was_done = True
    return done


def _finish(target: Path, mark: dict[str, Any], tally: Tally) -> None:
    """Put the notes of the parts together and say that the run is done."""
    notes = sorted(target.glob(f"*.{REFUSED_FILE}"))
    _write(target / REFUSED_FILE, "".join(path.read_text() for path in notes))
    _write_json(target / RUN_FILE, {**mark, FINISHED: tally.document()})
    for path in (*notes, *target.glob(f"*{COUNTS}")):
        path.unlink()


def _note(notes: Path, made: Tally, refused: list[Refusal]) -> None:
    lines = (json.dumps({"row": each.row + 1, "column": each.column, "fault": each.fault}) for each in refused)
    _write(notes.with_suffix(f".{REFUSED_FILE}"), "".join(line + "\n" for line in lines))
    _write_json(notes.with_suffix(COUNTS), made.document())


def _note_lines(path: Path, lines: list[int]) -> None:
    _write(path, "".join(json.dumps({"line": line, "fault": "not_a_row"}) + "\n" for line in lines))


def _write_json(path: Path, document: dict[str, Any]) -> None:
    _write(path, json.dumps(document, indent=1) + "\n")


def _write(path: Path, text: str) -> None:
    scratch = path.with_name(f".{path.name}.unfinished")
    scratch.write_text(text)
    settle(scratch, path)


def _silent(_rows: int, _total: int | None) -> None:
    pass
