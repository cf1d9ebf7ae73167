"""Checking an evidence pack, without database, network or trust in whoever made it.

What is checked, in order; the first fault refuses the pack:
1. the archive holds plain files with the manifest's names, no other, none twice, each of the size and SHA-256 it says;
2. every entry's digest is that of its body, numbers ascend, the index fits line by line;
3. bodies are canonical entries, each in the stream it belongs to, in the next place, of the tenant and scope;
4. in a subject's pack the stream begins at its first place, and every release in it was justified (`lineage.replay`);
5. catalogues, facts and policies are what their names say; whatever the entries name is there or listed as missing;
6. MACs, given the ledger keys; receipts, given a check for them.
"""

import gzip
import hashlib
import json
import re
import tarfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import IO, Any, TypeAlias

from catalog import CatalogError
from catalog.canonical import canonical
from lineage.checking import Checker, CheckMac
from lineage.errors import PackRefusedError
from lineage.evidence.pack import ENTRIES, INDEX, MANIFEST, VERSION
from lineage.evidence.policies import policy_revision
from lineage.faults import FaultCode
from vault import VaultError

MALFORMED = (tarfile.TarError, EOFError, zlib.error, KeyError, TypeError, ValueError)
MAX_FILES = 2_000_000
MAX_FILE_B = 1 << 34
MAX_PART_B = 1 << 28  # of what is read whole
_NAME = re.compile(r"(?:[a-z]+/)?[A-Za-z0-9._-]{1,120}")
# What can be told only of a whole history, so never of a period's excerpt.
_NEEDS_ALL = frozenset(FaultCode) - {FaultCode.MALFORMED, FaultCode.NOT_CANONICAL, FaultCode.STREAM}
CheckReceipt: TypeAlias = Callable[[bytes, bytes, bytes], None]


@dataclass(frozen=True, slots=True)
class PackReport:
    """What a pack that passed holds.

    Attributes:
        digest: of the manifest; streams: how many; reads, released: of the entries.
        replayed: whether every release was judged again.
        authenticated: whether the MACs were checked; receipts: how many were checked.
    """

    digest: str
    scope: Mapping[str, str]
    entries: int
    streams: int
    reads: int
    released: int
    replayed: bool
    authenticated: bool
    receipts: int
    missing: tuple[str, ...]


def verify_pack(
    path: Path, *, check_mac: CheckMac | None = None, check_receipt: CheckReceipt | None = None
) -> PackReport:
    """Check a pack.

    Shape: `check_receipt(receipt, body, checkpoint)` raises if the receipt does not prove the body.
    Raises: PackRefusedError: naming the part that is wrong. OSError.
    """
    try:
        with gzip.open(path) as packed, tarfile.open(fileobj=packed, mode="r:") as tar:
            manifest, raw = _manifest(tar)
            members = _members(tar, manifest)
            _ensure_end(packed, tar.offset)
            return _Pack(tar, manifest, members).verified(raw, check_mac, check_receipt)
    except (
        tarfile.TarError,
        EOFError,
        json.JSONDecodeError,
        UnicodeDecodeError,
        KeyError,
        TypeError,
        ValueError,
    ) as fault:
        raise PackRefusedError("the archive or its manifest is malformed") from fault
    except OSError as fault:
        if fault.errno is not None:
            raise
        raise PackRefusedError("the archive is damaged") from fault  # gzip's own


class _Judge(Checker):
    """A checker that says at once what is wrong with an entry."""

    def __init__(self) -> None:
        super().__init__(kept=0)
        self._now: set[FaultCode] = set()

    def judge(self, line: int, body: bytes) -> set[FaultCode]:
        """Take an entry; what is wrong with it."""
        self._now = set()
        self.body(line, body)
        return self._now

    def fault(self, entry: int | None, code: FaultCode) -> None:
        """Note a fault."""
        self._now.add(code)
        super().fault(entry, code)


class _Pack:
    """A pack whose files are all there."""

    def __init__(self, tar: tarfile.TarFile, manifest: dict[str, Any], members: Mapping[str, tarfile.TarInfo]) -> None:
        self._tar = tar
        self._manifest = manifest
        self._members = members
        self._scope: dict[str, str] = manifest["scope"]
        self._named: set[str] = set()
        self._numbers: dict[str, bytes] = {}

    def verified(self, raw: bytes, check_mac: CheckMac | None, check_receipt: CheckReceipt | None) -> PackReport:
        for name in self._members:
            self._ensure_file(name)
        checker = self._checked(check_mac)
        report = checker.report()
        if report.entries != self._manifest["entries"]:
            raise PackRefusedError(f"{ENTRIES}: holds another number of entries than the manifest says")
        self._ensure_named()
        receipts = self._check_receipts(check_receipt)
        return PackReport(
            hashlib.sha256(raw).hexdigest(),
            self._scope,
            report.entries,
            report.streams,
            report.reads,
            report.released,
            replayed=bool(self._manifest["whole"]),
            authenticated=check_mac is not None,
            receipts=receipts,
            missing=tuple(self._manifest["missing"]),
        )

    def _ensure_file(self, name: str) -> None:
        said = self._manifest["files"][name]
        digest, size = hashlib.sha256(), 0
        stream = self._tar.extractfile(self._members[name])
        while stream is not None and (block := stream.read(1 << 20)):
            digest.update(block)
            size += len(block)
        if (size, digest.hexdigest()) != (said["size"], said["sha256"]):
            raise PackRefusedError(f"{name}: size or SHA-256 is not the manifest's")

    def _checked(self, check_mac: CheckMac | None) -> _Judge:
        checker = _Judge()
        heads: dict[str, int] = {}
        last = 0
        for line, (body, place) in enumerate(zip_longest(self._lines(ENTRIES), self._lines(INDEX)), 1):
            if body is None or place is None:
                raise PackRefusedError(f"{INDEX}: does not fit {ENTRIES} line by line")
            known = json.loads(place)
            if canonical(known) != place or known.keys() != {"digest", "id", "mac"}:
                raise PackRefusedError(f"{INDEX}: line {line} is malformed")
            if hashlib.sha256(b"\x00" + body).hexdigest() != known["digest"]:
                raise PackRefusedError(f"{ENTRIES}: line {line} does not have the digest of the index")
            number = int(known["id"])
            if number <= last:
                raise PackRefusedError(f"{INDEX}: line {line} is out of order")
            last = number
            self._ensure_mac(body, bytes.fromhex(known["mac"]), check_mac, line)
            self._take(checker, body, line, heads)
            if f"receipts/{number}.txt" in self._members:
                self._numbers[str(number)] = body
        return checker

    def _take(self, checker: _Judge, body: bytes, line: int, heads: dict[str, int]) -> None:
        """Judge one entry; a period's pack is judged by form and place alone."""
        found = json.loads(body)
        self._ensure_scope(found, line)
        if found["kind"] == "read":
            self._named |= {f"catalog/{found['catalog']}.json", f"policy/{found['policy']}.tar.gz"}
            if found["facts"] is not None:
                self._named.add(f"facts/{found['facts']}.json")
        excerpt = not self._manifest["whole"] or found["stream"] != self._scope.get("subject")
        stream, seq = found["stream"], found["seq"]
        if excerpt and seq <= heads.get(stream, 0):
            raise PackRefusedError(f"{ENTRIES}: line {line} repeats a place of its stream")
        if not excerpt and seq != heads.get(stream, 0) + 1:
            raise PackRefusedError(f"{ENTRIES}: line {line} is not in the next place of its stream")
        heads[stream] = seq
        faults = checker.judge(line, body)
        serious = faults - ({FaultCode.GAP} if self._manifest["whole"] else _NEEDS_ALL)
        if serious:
            raise PackRefusedError(f"{ENTRIES}: line {line}: {min(serious).value}")

    def _ensure_scope(self, body: Mapping[str, Any], line: int) -> None:
        tenant, subject = self._scope["tenant"], self._scope.get("subject")
        strange = body["tenant"] != tenant
        if subject is not None:
            strange = strange or body["stream"] not in (subject, f"tenant/{tenant}")
        elif not self._scope["since"] <= body["at"] < self._scope["until"]:
            strange = True
        if strange:
            raise PackRefusedError(f"{ENTRIES}: line {line} is outside the scope")

    @staticmethod
    def _ensure_mac(body: bytes, mac: bytes, check_mac: CheckMac | None, line: int) -> None:
        if check_mac is None:
            return
        try:
            check_mac(body, mac)
        except VaultError:
            raise PackRefusedError(f"{INDEX}: line {line} has a MAC that no ledger key made") from None

    def _ensure_named(self) -> None:
        missing = set(self._manifest["missing"])
        for name in sorted(self._named):
            if name not in self._members and name not in missing:
                raise PackRefusedError(f"{name}: is named by entries and neither there nor listed as missing")
        for name in self._members:
            if name.startswith(("catalog/", "facts/")):
                digest = self._manifest["files"][name]["sha256"]
                if Path(name).name != f"{digest}.json":
                    raise PackRefusedError(f"{name}: is not what its name says")
            elif name.startswith("policy/") and policy_revision(self._read(name)) != _stem(name):
                raise PackRefusedError(f"{name}: is not the policy of this revision")

    def _check_receipts(self, check: CheckReceipt | None) -> int:
        names = [name for name in self._members if name.startswith("receipts/")]
        if len(names) != self._manifest["receipts"] or len(names) != len(self._numbers):
            raise PackRefusedError("receipts: not as many as the manifest and the entries say")
        if check is None or not names:
            return 0
        checkpoint = self._read("checkpoint.txt")
        for name in names:
            number = name.removeprefix("receipts/").removesuffix(".txt")
            try:
                check(self._read(name), self._numbers[number], checkpoint)
            except Exception as fault:
                raise PackRefusedError(f"{name}: does not prove its entry") from fault
        return len(names)

    def _read(self, name: str) -> bytes:
        stream = self._tar.extractfile(self._members[name])
        return b"" if stream is None else stream.read()

    def _lines(self, name: str) -> Iterator[bytes]:
        stream = self._tar.extractfile(self._members[name])
        for line in stream or ():
            if not line.endswith(b"\n"):
                raise PackRefusedError(f"{name}: the last line is cut off")
            yield line[:-1]


def pack_files(path: Path) -> Iterator[tuple[str, IO[bytes]]]:
    """The files of a pack that was checked, in their order; each is read before the next is asked for."""
    with gzip.open(path) as packed, tarfile.open(fileobj=packed, mode="r:") as tar:
        for member in tar:
            content = tar.extractfile(member)
            if content is not None:
                yield member.name, content


def _stem(name: str) -> str:
    return Path(name).name.removesuffix(".tar.gz")


def _ensure_end(packed: gzip.GzipFile, offset: int) -> None:
    """Read to the very end: a cut or lengthened archive shows in gzip's own sum, or behind the last file."""
    packed.seek(offset)
    while block := packed.read(1 << 20):
        if block.strip(b"\0"):
            raise PackRefusedError("the archive goes on behind its end")


def _manifest(tar: tarfile.TarFile) -> tuple[dict[str, Any], bytes]:
    first = tar.next()
    if first is None or first.name != MANIFEST or not first.isreg() or first.size > 1 << 28:
        raise PackRefusedError(f"{MANIFEST}: must come first")
    stream = tar.extractfile(first)
    raw = b"" if stream is None else stream.read()
    manifest = json.loads(raw)
    try:
        same = canonical(manifest) == raw
    except CatalogError:
        same = False
    members = {"entries", "files", "missing", "receipts", "scope", "v", "whole"}
    if not same or manifest.keys() != members or manifest["v"] != VERSION:
        raise PackRefusedError(f"{MANIFEST}: is not canonical, or of another version")
    if bool(manifest["whole"]) != ("subject" in manifest["scope"]):
        raise PackRefusedError(f"{MANIFEST}: the scope does not fit")
    return manifest, raw


def _members(tar: tarfile.TarFile, manifest: Mapping[str, Any]) -> dict[str, tarfile.TarInfo]:
    found: dict[str, tarfile.TarInfo] = {}
    for number, member in enumerate(tar):
        most = MAX_FILE_B if member.name in {ENTRIES, INDEX} else MAX_PART_B
        if number > MAX_FILES or member.size > most:
            raise PackRefusedError("the archive is larger than a pack can be")
        if member.name == MANIFEST and number == 0:
            continue
        if not member.isreg() or not _NAME.fullmatch(member.name) or member.name in found:
            raise PackRefusedError("the archive holds something that is no file of a pack")
        found[member.name] = member
    if found.keys() != manifest["files"].keys():
        raise PackRefusedError("the files are not those of the manifest")
    if not {ENTRIES, INDEX} <= found.keys():
        raise PackRefusedError(f"{ENTRIES} or {INDEX} is missing")
    return found
