"""Deciding again the reads of an evidence pack, from nothing but the pack.

Rules:
- the pack was checked before (`lineage.evidence.verify_pack`): what is read here is what its manifest says;
- facts and policies are checked against their digests all the same, as those of a database are;
- a pack of a period does not hold what was recorded before it: a shape it lacks is not compared.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from catalog import canonical
from gate.engines.bundle import parts_of
from gate.errors import BundleError
from gate.replaying.recorded import RecordedRead, recorded
from gate.replaying.replayer import Replayed, Replayer, Verdict
from gate.store_facts import KeptPolicy, Situation, situation_of
from lineage.bodies import read_document
from lineage.evidence import pack_files
from lineage.evidence.pack import ENTRIES, INDEX

PART = 1_000
FLAGGED = 50
_KEPT = ("catalog/", "facts/", "policy/")


@dataclass(slots=True)
class PackReplay:
    """How the reads of a pack came out.

    Attributes:
        flagged: the first of those that did not come out as recorded.
    """

    verdicts: Counter[Verdict] = field(default_factory=Counter)
    flagged: list[Replayed] = field(default_factory=list)

    @property
    def differs(self) -> bool:
        """Whether a read comes out otherwise, or from something that is not what it was."""
        return any(self.verdicts[each] for each in _WRONG)


_WRONG = (Verdict.DIFFERENT, Verdict.SHAPE_DIFFERS, Verdict.FACTS_TAMPERED, Verdict.POLICY_TAMPERED, Verdict.UNDECIDED)


class InPack:
    """What a pack keeps.

    Attributes:
        index: the numbers of its entries, in their order.
    """

    def __init__(self, path: Path) -> None:
        self.index: list[int] = []
        self._files: dict[str, bytes] = {}
        self._shapes: dict[tuple[str, str], bytes] = {}
        for name, content in pack_files(path):
            if name.startswith(_KEPT):
                self._files[name] = content.read()
            elif name == INDEX:
                self.index = [int(msgspec.json.decode(line)["id"]) for line in content]
            elif name == ENTRIES:
                self._take_shapes(content)

    def _take_shapes(self, bodies: Iterable[bytes]) -> None:
        for body in bodies:
            if b'"kind":"shape.recorded"' in body:
                found = msgspec.json.decode(body)
                self._shapes[found["tenant"], found["shape"]] = canonical(found["document"])

    async def facts(self, digests: Sequence[str]) -> Mapping[str, Situation | None]:
        """As `Kept`."""
        given = {each: self._files.get(f"facts/{each}.json") for each in digests}
        return {each: situation_of(each, document) for each, document in given.items() if document is not None}

    async def policy(self, revision: str) -> KeptPolicy | None:
        """As `Kept`."""
        archive = self._files.get(f"policy/{revision}.tar.gz")
        try:
            return None if archive is None else KeptPolicy(revision, *parts_of(archive))
        except BundleError:
            return KeptPolicy(revision, b"", b"")  # there, and no policy

    async def shapes(self, tenant: str, shapes: Sequence[str]) -> Mapping[str, bytes]:
        """As `Kept`."""
        return {each: self._shapes[tenant, each] for each in shapes if (tenant, each) in self._shapes}

    async def catalogs(self) -> frozenset[str]:
        """As `Kept`."""
        names = (name for name in self._files if name.startswith("catalog/"))
        return frozenset(name.removeprefix("catalog/").removesuffix(".json") for name in names)


async def replay_pack(path: Path) -> PackReplay:
    """Decide the reads of a checked pack again. Raises: OSError."""
    kept, replayer, done = InPack(path), Replayer(needs_shapes=False), PackReplay()
    try:
        for part in _reads(path, kept.index):
            for each in await replayer.replay_from(kept, part):
                done.verdicts[each.verdict] += 1
                if each.verdict is not Verdict.SAME and len(done.flagged) < FLAGGED:
                    done.flagged.append(each)
    finally:
        await replayer.close()
    return done


def _reads(path: Path, index: Sequence[int]) -> Iterator[list[RecordedRead]]:
    part: list[RecordedRead] = []
    for number, body in zip(index, _bodies(path), strict=True):
        if (read := read_document(body)) is not None:
            part.append(recorded(number, read))
        if len(part) == PART:
            yield part
            part = []
    if part:
        yield part


def _bodies(path: Path) -> Iterator[bytes]:
    for name, content in pack_files(path):
        if name == ENTRIES:
            for line in content:
                yield line.rstrip(b"\n")
            return
