"""The evidence pack: one archive that says what happened, and can be checked by anyone without us (PIPL 69).

Rules:
- it holds the entries as the ledger has them, with digests and MACs, what they rely on (catalogues, policies,
  facts), receipts and a checkpoint where there is a transparency log, and how to check it, in Chinese and English;
- `manifest.json` (canonical JSON) names every file with its size and SHA-256; the manifest's own digest is the pack's;
- equal contents give equal bytes: names sorted, no times, no owners; nothing of the moment it was made stands in it;
- a subject's pack is whole: their stream from the first place on, with the configuration its reads were judged by, so
  that every release can be judged again; a period's pack is an excerpt and says so.

Format: docs/formats/evidence-pack.md.
"""

import gzip
import hashlib
import tarfile
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Protocol

from sqlalchemy.ext.asyncio import AsyncConnection

from catalog.canonical import canonical
from lineage.bodies import read_document
from lineage.evidence.instructions import EN, ZH
from lineage.queries import FoundEntry

VERSION = 1
MANIFEST = "manifest.json"
ENTRIES, INDEX = "entries.jsonl", "index.jsonl"
TIME_0 = 0


class ReceiptSource(Protocol):
    """A transparency log that can prove entries: receipts by entry, and the checkpoint they lead to."""

    async def receipts(self, connection: AsyncConnection, entries: Sequence[int]) -> Mapping[int, bytes]:
        """The receipts (`tlog-proof@v1`) of entries; those not in the log yet are left out."""

    async def checkpoint(self, connection: AsyncConnection) -> bytes | None:
        """The newest signed checkpoint; None if there is none yet."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What a pack is about: a subject (pseudonym), or a time as entries write it."""

    tenant: str
    subject: str | None = None
    since: str | None = None
    until: str | None = None

    def document(self) -> dict[str, str]:
        """As the manifest names it, without what was not given."""
        given = {"tenant": self.tenant, "subject": self.subject, "since": self.since, "until": self.until}
        return {name: part for name, part in given.items() if part is not None}


@dataclass(slots=True)
class Contents:
    """The files of a pack while it is being written, in a folder of the caller's."""

    folder: Path
    files: dict[str, tuple[int, str]] = field(default_factory=dict)

    def add(self, name: str, content: bytes) -> None:
        """Write a file whole."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        self.files[name] = (len(content), hashlib.sha256(content).hexdigest())


@dataclass(slots=True)
class _Lines:
    """A file written line by line, with its digest."""

    stream: IO[bytes]
    size: int = 0
    digest: Any = field(default_factory=hashlib.sha256)

    def write(self, line: bytes) -> None:
        self.stream.write(line + b"\n")
        self.digest.update(line + b"\n")
        self.size += len(line) + 1


@dataclass(frozen=True, slots=True)
class Collected:
    """What the entries name: their numbers, the revisions they were decided under, the digests of their facts."""

    numbers: tuple[int, ...]
    catalogs: tuple[str, ...]
    policies: tuple[str, ...]
    facts: tuple[str, ...]

    @property
    def named(self) -> list[str]:
        """The files that the entries name."""
        return [
            *(f"catalog/{each}.json" for each in self.catalogs),
            *(f"facts/{each}.json" for each in self.facts),
            *(f"policy/{each}.tar.gz" for each in self.policies),
        ]


@dataclass(frozen=True, slots=True)
class Written:
    """A finished pack: its digest (of the manifest), entries, receipts, what it names but does not hold."""

    digest: str
    entries: int
    receipts: int
    missing: tuple[str, ...]


async def collect(entries: AsyncIterator[FoundEntry], contents: Contents) -> Collected:
    """Write the entries and their index; returns what they name."""
    numbers: list[int] = []
    catalogs: set[str] = set()
    policies: set[str] = set()
    facts: set[str] = set()
    with (contents.folder / ENTRIES).open("wb") as bodies, (contents.folder / INDEX).open("wb") as index:
        lines = {ENTRIES: _Lines(bodies), INDEX: _Lines(index)}
        async for entry in entries:
            numbers.append(entry.id)
            place = {"digest": entry.digest.hex(), "id": str(entry.id), "mac": entry.mac.hex()}
            lines[ENTRIES].write(entry.body)
            lines[INDEX].write(canonical(place))
            if (body := read_document(entry.body)) is not None:
                catalogs.add(str(body["catalog"]))
                policies.add(str(body["policy"]))
                facts.update(str(each) for each in [body["facts"]] if each is not None)
    for name, made in lines.items():
        contents.files[name] = (made.size, made.digest.hexdigest())
    return Collected(tuple(numbers), tuple(sorted(catalogs)), tuple(sorted(policies)), tuple(sorted(facts)))


def finish(contents: Contents, scope: Scope, collected: Collected, target: IO[bytes]) -> Written:
    """Add instructions and manifest, and write the archive to `target`."""
    contents.add("README.zh.md", ZH.encode())
    contents.add("README.en.md", EN.encode())
    receipts = [name for name in contents.files if name.startswith("receipts/")]
    missing = tuple(name for name in collected.named if name not in contents.files)
    manifest = {
        "entries": len(collected.numbers),
        "files": {name: {"sha256": digest, "size": size} for name, (size, digest) in sorted(contents.files.items())},
        "missing": list(missing),
        "receipts": len(receipts),
        "scope": scope.document(),
        "v": VERSION,
        "whole": scope.subject is not None,
    }
    contents.add(MANIFEST, canonical(manifest))
    archive(contents, target)
    return Written(contents.files[MANIFEST][1], len(collected.numbers), len(receipts), missing)


def archive(contents: Contents, target: IO[bytes]) -> None:
    """Write the files as one .tar.gz whose bytes depend on nothing but them; the manifest comes first."""
    names = sorted(contents.files, key=lambda name: (name != MANIFEST, name))
    with (
        gzip.GzipFile(filename="", mode="wb", fileobj=target, mtime=TIME_0) as packed,
        tarfile.open(fileobj=packed, mode="w", format=tarfile.USTAR_FORMAT) as tar,
    ):
        for name in names:
            member = tarfile.TarInfo(name)
            member.size, member.mtime, member.mode = contents.files[name][0], TIME_0, 0o644
            with (contents.folder / name).open("rb") as content:
                tar.addfile(member, content)
