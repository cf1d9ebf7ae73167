"""What an audit takes away: whole, the same every time, and refused if anything in it was changed."""

import csv
import gzip
import hashlib
import io
import json
import tarfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from api.usecases.compliance import Standing, compliance
from api.usecases.exporting import Exporter
from gate.engines.bundle import archive_of, load_bundle, parts_of
from gate.replaying import Verdict, replay_pack
from lineage import Actor, LedgerFilter, Moment, Role, search
from lineage.errors import PackRefusedError
from lineage.evidence import Format, PackReport, Period, Scope, verify_pack
from tests.api.routes.conftest import Lender
from tests.api.routes.samples import scores
from vault import TamperedError

AUDITOR = Actor(Role.AUDITOR, "auditor_one")
Files = dict[str, bytes]


def exporter(lender: Lender) -> Exporter:
    return Exporter(lender.world.database, lender.world.keys.mac, AUDITOR, "lender")


def today() -> Period:
    now = datetime.now(UTC)
    return Period(now - timedelta(hours=1), now + timedelta(hours=1))


async def lived(lender: Lender) -> str:
    """Consents, reads of two people by two clients, a score, a withdrawal; returns the first one's pseudonym."""
    who, other = lender.world.subjects
    await lender.subject("POST", "/v1/grants", lender.grant())
    await lender.subject("POST", "/v1/grants", lender.grant(), name=other)
    read = (await lender.read([who])).json()["results"][0]["entry"]
    await lender.read([who, other])
    await lender.read([other], client="partner_scoring")
    scored = await lender.call("scorer", "POST", "/v1/scores", scores(who, read), name="scoring")
    assert scored.status_code == 201, scored.text
    await lender.subject("POST", "/v1/withdrawals", {"scope": "all"})
    await lender.read([who])
    async with lender.world.database.reading() as tx:
        page = await search(tx.connection, "lender", LedgerFilter(grant=None, client="scoring"), limit=1)
    return str(page.entries[0].document["subject"])


async def packed(lender: Lender, path: Path, subject: str | None) -> PackReport:
    period = None if subject else today()
    texts = (None, None) if period is None else (Moment.of(period.since).text, Moment.of(period.until).text)
    with path.open("wb") as target:
        done = await exporter(lender).evidence(Scope("lender", subject, *texts), period, target)
    report = verify_pack(path, check_mac=lender.world.keys.check_mac)
    assert (report.digest, report.entries) == (done.digest, done.entries)
    return report


async def test_the_query_log_says_who_when_what_and_why(lender: Lender) -> None:
    await lived(lender)
    text = io.StringIO()
    count = await exporter(lender).query_log(today(), Format.CSV, text, lambda _: None)
    rows = list(csv.DictReader(io.StringIO(text.getvalue())))
    assert len(rows) == count == 5
    assert {row["client"] for row in rows} == {"scoring", "partner_scoring"}
    assert {row["outcome"] for row in rows} == {"released", "denied"}
    assert all(row["at"] and row["subject"].startswith("ps_") and row["purpose"] for row in rows)
    assert "behaviour:limit=plain" in rows[0]["released"]
    lines = io.StringIO()
    assert await exporter(lender).query_log(today(), Format.JSONL, lines, lambda _: None) == 5
    first = json.loads(lines.getvalue().splitlines()[0])
    assert (str(first["entry"]), first["grants"]) == (rows[0]["entry"], rows[0]["grants"].split("+"))
    asked = await lender.call("auditor", "GET", "/v1/entries", params={"kind": "ledger.exported"})
    assert [entry["entries"] for entry in asked.json()["entries"]] == [5, 5]


async def test_a_subject_s_pack_is_whole_and_every_release_in_it_is_judged_again(
    lender: Lender, tmp_path: Path
) -> None:
    subject = await lived(lender)
    report = await packed(lender, tmp_path / "pack.tar.gz", subject)
    assert (report.replayed, report.authenticated, report.receipts, report.missing) == (True, True, 0, ())
    assert (report.reads, report.released) == (3, 2)
    again = await packed(lender, tmp_path / "again.tar.gz", subject)
    assert again.digest == report.digest
    assert (tmp_path / "pack.tar.gz").read_bytes() == (tmp_path / "again.tar.gz").read_bytes()
    with tarfile.open(tmp_path / "pack.tar.gz") as tar:
        everything = b"".join((tar.extractfile(member) or io.BytesIO()).read() for member in tar)
    for ref in lender.world.subjects:
        assert ref.encode() not in everything


async def test_the_reads_of_a_pack_are_decided_again_from_the_pack_alone(lender: Lender, tmp_path: Path) -> None:
    subject = await lived(lender)
    path = tmp_path / "pack.tar.gz"
    await packed(lender, path, subject)
    again = await replay_pack(path)
    assert (dict(again.verdicts), again.differs) == ({Verdict.SAME: 3}, False)
    with tarfile.open(path) as tar:
        whole = {member.name: (tar.extractfile(member) or io.BytesIO()).read() for member in tar}
    assert {name.split("/")[0] for name in whole if "/" in name} == {"catalog", "facts", "policy"}
    for ref in lender.world.subjects:
        assert not any(ref.encode() in content for content in whole.values())
    assert load_candidate_revision(whole, tmp_path) == {load_bundle().revision}
    lie = dict(whole)
    _resealed(
        _change("entries.jsonl", b'"behaviour:limit":["GRANT_WITHDRAWN"]', b'"behaviour:limit":["MINOR_BLOCKED"]')
    )(lie)
    path.write_bytes(repacked(lie))
    told = await replay_pack(path)
    assert (told.verdicts[Verdict.SAME], told.differs, len(told.flagged)) == (2, True, 1)


def load_candidate_revision(files: Files, folder: Path) -> set[str]:
    """The revisions of the policies in a pack, as the engine's own loader works them out."""
    found = set()
    for name in files:
        if name.startswith("policy/"):
            (folder / "policy.tar.gz").write_bytes(files[name])
            found.add(load_bundle(folder / "policy.tar.gz").revision)
    return found


async def test_a_period_s_pack_holds_all_entries_of_the_time(lender: Lender, tmp_path: Path) -> None:
    await lived(lender)
    # A question about reads stands in the ledger, names them, and is none.
    asked = await lender.call("auditor", "GET", "/v1/entries?client=scoring&kind=read")
    assert asked.status_code == 200, asked.text
    report = await packed(lender, tmp_path / "pack.tar.gz", None)
    assert (report.replayed, report.reads) == (False, 5)
    assert report.entries > 20
    assert dict((await replay_pack(tmp_path / "pack.tar.gz")).verdicts) == {Verdict.SAME: 5}


def repacked(files: Files) -> bytes:
    """The files as an archive, the manifest first."""
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w") as tar:
        for name in sorted(files, key=lambda name: (name != "manifest.json", name)):
            member = tarfile.TarInfo(name)
            member.size = len(files[name])
            tar.addfile(member, io.BytesIO(files[name]))
    return gzip.compress(raw.getvalue())


def _change(name: str, old: bytes, new: bytes) -> Callable[[Files], None]:
    def change(files: Files) -> None:
        assert old in files[name]
        files[name] = files[name].replace(old, new, 1)

    return change


def _resealed(change: Callable[[Files], None]) -> Callable[[Files], None]:
    """The same, by someone who also writes digests and manifest anew."""

    def reseal(files: Files) -> None:
        change(files)
        index = [json.loads(line) for line in files["index.jsonl"].splitlines()]
        for place, body in zip(index, files["entries.jsonl"].splitlines(), strict=False):
            place["digest"] = _sha256(b"\x00" + body)
        files["index.jsonl"] = b"".join(_json(place) + b"\n" for place in index)
        manifest = json.loads(files["manifest.json"])
        manifest["files"] = {
            name: {"sha256": _sha256(content), "size": len(content)}
            for name, content in files.items()
            if name != "manifest.json"
        }
        manifest["entries"] = len(index)
        files["manifest.json"] = _json(manifest)

    return reseal


def _json(value: object) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _drop(number: int) -> Callable[[Files], None]:
    def drop(files: Files) -> None:
        for name in ("entries.jsonl", "index.jsonl"):
            lines = files[name].splitlines(keepends=True)
            files[name] = b"".join(lines[:number] + lines[number + 1 :])

    return drop


def _named(files: Files, start: str) -> str:
    return next(name for name in sorted(files) if name.startswith(start))


def _swap(files: Files, start: str) -> None:
    """Put something else in the place of a file, well formed."""
    name = _named(files, start)
    if start == "policy/":
        module, data = parts_of(files[name])
        files[name] = archive_of(module, data.replace(b"GRANT_WITHDRAWN", b"GRANT_WITHDRAWM", 1), "0" * 64)
    else:
        files[name] = files[name].replace(b'"live"', b'"paused"', 1) + b" " * (b'"live"' not in files[name])


TAMPERED: dict[str, Callable[[Files], None]] = {
    "a body": _change("entries.jsonl", b'"purpose":"credit_scoring"', b'"purpose":"credit_scorinh"'),
    "a digest": _change("index.jsonl", b'"digest":"', b'"digest":"0'),
    "a file added": lambda files: files.update({"note.txt": b""}),
    "a file taken": lambda files: files.pop("README.zh.md") and None,
    "a cut manifest": lambda files: files.update({"manifest.json": files["manifest.json"][:-5]}),
    "an entry taken, resealed": _resealed(_drop(-4)),
    "a wider grant, resealed": _resealed(_change("entries.jsonl", b'"max_form":"plain"', b'"max_form":"flag"')),
    "another form, resealed": _resealed(
        _change("entries.jsonl", b'"behaviour:limit":"plain"', b'"behaviour:limit":"token"')
    ),
    "a catalogue, resealed": _resealed(lambda files: files.update({"catalog/" + "0" * 64 + ".json": b"{}"})),
    "other facts, resealed": _resealed(lambda files: _swap(files, "facts/")),
    "another policy, resealed": _resealed(lambda files: _swap(files, "policy/")),
    "a policy without end, resealed": _resealed(
        lambda files: files.update({_named(files, "policy/"): gzip.compress(bytes(80 << 20))})
    ),
    "facts taken, resealed": _resealed(lambda files: files.pop(_named(files, "facts/")) and None),
    "another tenant, resealed": _resealed(_change("manifest.json", b'"tenant":"lender"', b'"tenant":"other"')),
}


def refusal(path: Path) -> str:
    """Why a pack is refused; empty if it is not."""
    try:
        verify_pack(path)
    except PackRefusedError as refused:
        return str(refused)
    return ""


async def test_a_pack_that_was_changed_is_refused(lender: Lender, tmp_path: Path) -> None:
    subject = await lived(lender)
    path = tmp_path / "pack.tar.gz"
    await packed(lender, path, subject)
    with tarfile.open(path) as tar:
        whole = {member.name: (tar.extractfile(member) or io.BytesIO()).read() for member in tar}
    path.write_bytes(repacked(dict(whole)))
    assert verify_pack(path).reads == 3
    for name, tamper in TAMPERED.items():
        files = dict(whole)
        tamper(files)
        path.write_bytes(repacked(files))
        assert refusal(path), name
    forged = dict(whole)
    _resealed(_change("entries.jsonl", b"consent.withdrawn", b"consent.paused"))(forged)
    path.write_bytes(repacked(forged))
    assert verify_pack(path).reads == 3, "a story that is consistent in itself is told apart by key or receipts alone"
    with pytest.raises(PackRefusedError, match="MAC"):
        verify_pack(path, check_mac=lender.world.keys.check_mac)
    for cut in (0, 10, 200, len(repacked(whole)) // 2, -1):
        path.write_bytes(repacked(whole)[:cut])  # whatever is cut off, a byte at the end as well
        assert refusal(path), cut


async def test_a_pack_of_another_ledger_has_no_mac_of_ours(lender: Lender, tmp_path: Path) -> None:
    subject = await lived(lender)
    await packed(lender, tmp_path / "pack.tar.gz", subject)

    def refuse(_body: bytes, _mac: bytes) -> None:
        raise TamperedError

    with pytest.raises(PackRefusedError, match="MAC"):
        verify_pack(tmp_path / "pack.tar.gz", check_mac=refuse)


async def test_the_compliance_report_counts_what_is_there(lender: Lender) -> None:
    async def report() -> dict[int, dict[str, int | str]]:
        async with lender.world.database.reading() as tx:
            period = today()
            span = period.since, period.until
            items = await compliance(tx.connection, "lender", lender.world.catalog, span=span, now=tx.now)
        assert [item.number for item in items] == list(range(2, 21))
        assert all(item.lines or item.standing is Standing.OUTSIDE for item in items)
        return {item.number: {line.en: line.value for line in item.lines} for item in items}

    before = await report()
    await lived(lender)
    after = await report()
    assert (before[2]["live grants"], after[2]["live grants"]) == (0, 1)
    assert (after[2]["withdrawn grants"], after[2]["reads that released data"]) == (1, 3)
    assert after[2]["reads that were denied"] == 2
    assert (after[9]["scores reported"], after[9]["decisions by automation alone"]) == (1, 1)
    assert (before[16]["deletion tasks raised"], after[16]["deletion tasks raised"]) == (0, 1)
    assert after[16]["withdrawals in the time"] == 1
