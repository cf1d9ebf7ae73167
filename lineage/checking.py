"""Checking the ledger, entry by entry, in one pass: bytes, places, and whether every release was justified.

What is checked of each entry, in order:
1. ids ascend;
2. the digest is that of the body, the MAC (given the ledger keys) authenticates it;
3. the body is canonical JSON of version 1 and the columns repeat it;
4. it stands in the stream it belongs to, in the next place;
5. the replay of `lineage.replay` finds the change legal, or the read justified.

What cannot be seen from here: entries cut off at the end of a stream, and a ledger rewritten as a whole by someone who
holds the ledger key. A transparency log with outside witnesses shows these.

Cost: linear, some 60,000 entries a second on one core; memory grows with streams, grants, shapes,
facts, not entries.
"""

from collections.abc import Callable, Iterable, Sequence
from hashlib import sha256
from typing import Any, TypeAlias

from lineage.bodies import ReadBody, decode_other, decode_read, may_be_read, microseconds
from lineage.entries import stream_of
from lineage.faults import CheckReport, Fault, FaultCode
from lineage.kinds import Kind
from lineage.replay import Replay
from lineage.shapes import Shape
from vault import VaultError

CheckMac: TypeAlias = Callable[[bytes, bytes], None]
Progress: TypeAlias = Callable[[int], None]
KEPT = 1000
EVERY = 4096
_BODY, _DIGEST, _MAC = 13, 14, 15


class Checker:
    """Takes entries in the order of their ids and collects what is wrong with them."""

    def __init__(self, *, check_mac: CheckMac | None = None, kept: int = KEPT) -> None:
        self._check_mac = check_mac
        self._kept = kept
        self._replay = Replay()
        self._heads: dict[str, int] = {}
        self._last = 0
        self._entries = self._reads = self._released = self._count = 0
        self._faults: list[Fault] = []
        self._facts: set[str] = set()
        self._policies: set[str] = set()
        self._catalogs: set[str] = set()
        self._at: tuple[object, int | None] = ("", None)

    def row(self, row: Sequence[Any]) -> None:
        """Take a row: its id, then the values of `lineage.COLUMNS`."""
        number = row[0]
        if not isinstance(number, int) or not isinstance(row[_BODY], str):
            self._entries += 1
            self.fault(number if isinstance(number, int) else None, FaultCode.MALFORMED)
            return
        body = row[_BODY].encode("utf-8", "surrogatepass")
        if sha256(b"\x00" + body).digest() != row[_DIGEST]:
            self.fault(number, FaultCode.DIGEST)
        if self._check_mac is not None:
            self._authenticate(number, body, row[_MAC])
        self._take(number, body, row)

    def body(self, number: int, body: bytes) -> None:
        """Take a body alone, as an export or a log bundle holds it, with its number in the order."""
        self._take(number, body, None)

    def fault(self, entry: int | None, code: FaultCode) -> None:
        """Note a fault; the first ones are kept, all are counted."""
        self._count += 1
        if len(self._faults) < self._kept:
            self._faults.append(Fault(entry, code))

    @property
    def shapes(self) -> list[Shape]:
        """The shapes recorded so far."""
        return [track.shape for track in self._replay.shapes.values()]

    def report(self) -> CheckReport:
        """The result so far."""
        return CheckReport(
            entries=self._entries,
            streams=len(self._heads),
            reads=self._reads,
            released=self._released,
            shapes=len(self._replay.shapes),
            grants=sum(len(track.grants) for track in self._replay.subjects.values()),
            last_entry=self._last,
            fault_count=self._count,
            faults=tuple(self._faults),
            facts=frozenset(self._facts),
            policies=frozenset(self._policies),
            catalogs=frozenset(self._catalogs),
        )

    def _authenticate(self, number: int, body: bytes, mac: object) -> None:
        try:
            if self._check_mac is not None and isinstance(mac, bytes):
                self._check_mac(body, mac)
                return
        except VaultError:
            pass
        self.fault(number, FaultCode.MAC)

    def _take(self, number: int, body: bytes, row: Sequence[Any] | None) -> None:
        self._entries += 1
        if number <= self._last:
            self.fault(number, FaultCode.ID_ORDER)
        self._last = number
        read = decode_read(body) if may_be_read(body) else None
        if isinstance(read, ReadBody):
            self._take_read(number, read, row)
        else:
            self._take_other(number, body, row, read)

    def _take_read(self, number: int, read: ReadBody, row: Sequence[Any] | None) -> None:
        self._reads += 1
        at_us = self._us(read.at)
        if at_us is None:
            self.fault(number, FaultCode.MALFORMED)
        if row is not None and tuple(row[1:_BODY]) != (
            read.tenant, read.stream, read.seq, read.kind, at_us, read.client, read.party, read.purpose,
            read.subject, read.outcome, read.shape, read.about,
        ):  # fmt: skip
            self.fault(number, FaultCode.COLUMNS)
        stream = read.subject if read.subject is not None else f"client/{read.tenant}/{read.client}"
        self._place(number, read.stream, read.seq, stream)
        if read.outcome in ("released", "partial"):
            self._released += 1
        if read.facts is not None:
            self._facts.add(read.facts)
        self._policies.add(read.policy)
        self._catalogs.add(read.catalog)
        for code in self._replay.read(read):
            self.fault(number, code)

    def _take_other(self, number: int, body: bytes, row: Sequence[Any] | None, read: FaultCode | None) -> None:
        found = decode_other(body)
        if read is not None and (isinstance(found, FaultCode) or found["kind"] == Kind.READ):
            found = read
        if isinstance(found, FaultCode):
            self.fault(number, found)
            if row is not None and isinstance(row[2], str) and isinstance(row[3], int):
                self._place(number, row[2], row[3], row[2])
            return
        names = ("tenant", "stream", "seq", "kind", "at", "client", "party", "purpose", "subject", "outcome", "about")
        said = [found[name] for name in names]
        said[4] = self._us(said[4])
        said.insert(10, None)
        if row is not None and list(row[1:_BODY]) != said:
            self.fault(number, FaultCode.COLUMNS)
        if not isinstance(said[1], str) or not isinstance(said[2], int) or said[4] is None:
            self.fault(number, FaultCode.MALFORMED)
            return
        stream = stream_of(said[3], tenant=said[0], client=said[5], subject=said[8])
        self._place(number, said[1], said[2], stream)
        for code in self._replay.change(found):
            self.fault(number, code)

    def _place(self, number: int, stream: str, seq: int, expected: str) -> None:
        if stream != expected:
            self.fault(number, FaultCode.STREAM)
        head = self._heads.get(stream, 0)
        if seq != head + 1:
            self.fault(number, FaultCode.GAP if seq > head else FaultCode.REPEATED)
        self._heads[stream] = max(seq, head)

    def _us(self, at: object) -> int | None:
        if self._at[0] != at:
            self._at = (at, microseconds(at))
        return self._at[1]


def check_rows(
    rows: Iterable[Sequence[Any]], *, check_mac: CheckMac | None = None, progress: Progress | None = None
) -> CheckReport:
    """Check rows (id, then the values of `lineage.COLUMNS`) in the order of their ids.

    Shape: `check_mac(body, mac)` raises a VaultError (`KeyRing.check_mac`); without it MACs are passed over.
    `progress` is told now and then how many entries are done.
    """
    checker = Checker(check_mac=check_mac)
    for done, row in enumerate(rows, 1):
        checker.row(row)
        if progress is not None and done % EVERY == 0:
            progress(done)
    report = checker.report()
    if progress is not None:
        progress(report.entries)
    return report


def check_bodies(bodies: Iterable[bytes]) -> CheckReport:
    """Check bodies alone, in their order: an export needs neither database nor key."""
    checker = Checker()
    for number, body in enumerate(bodies, 1):
        checker.body(number, body)
    return checker.report()
