"""A certificate's trial of a PostgreSQL dump: real pg_dump, plain and custom; what cannot be tried is refused."""

import os
import subprocess
import tracemalloc
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from api.cli.dumps import kind_of, read_person
from api.cli.faults import CommandError
from tests import postgres
from tests.api.cli.conftest import Cli
from tests.vault.support import SUBJECT, TENANT

OF = ("--tenant", "jiebei", "--json")
FORMATS = ["plain", "custom", "tar"]
FOOT = b"\n--\n-- PostgreSQL database dump complete\n--\n"
HEAD = b"--\n-- PostgreSQL database dump\n--\n"
PSEUDONYM = "ps_" + "a" * 26


@pytest.fixture
def dumped(cli: Cli, folder: Path, postgres_dsn: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A lender on PostgreSQL and a function that dumps it; its programs are on the path."""
    name, url = postgres.new_database(postgres_dsn)
    monkeypatch.setenv("YUMEN_DATABASE_URL", url)
    monkeypatch.setenv("PATH", f"{postgres.programs()}{os.pathsep}{os.environ['PATH']}")
    assert cli("setup", "001").code == 0

    def dump(kind: str, *options: str) -> Path:
        path = folder / f"{kind}{len(list(folder.iterdir()))}.dump"
        command = [postgres.programs() / "pg_dump", f"--format={kind}", f"--file={path}", *options]
        subprocess.run([*command, url.replace("+asyncpg", "")], check=True, capture_output=True)
        return path

    yield dump
    postgres.drop_database(postgres_dsn, name)


def erased(cli: Cli, folder: Path, ref: str) -> str:
    (folder / "refs.txt").write_text(ref + "\n")
    done = cli("erase", "file", str(folder / "refs.txt"), "--decided", *OF)
    assert done.document["erased"] == 1, done.err
    return str(done.document["people"][0]["certificate"])


def ref_in(path: Path) -> str:
    """A reference that stands in a plain dump."""
    lines = path.read_text("utf-8").split("COPY public.consent_subjects ", 1)[1].splitlines()
    columns = lines[0].partition("(")[2].partition(")")[0].split(", ")
    return lines[1].split("\t")[columns.index("ref")]


def test_a_dump_of_every_format_is_tried_with_keys_and_without(cli: Cli, folder: Path, dumped: Any) -> None:
    whole = {kind: dumped(kind) for kind in FORMATS}
    apart = {kind: dumped(kind, "--exclude-table-data=vault_subject_keys") for kind in FORMATS}
    certificate = erased(cli, folder, ref_in(whole["plain"]))
    after = {kind: dumped(kind) for kind in FORMATS}
    trials = []
    for files, code in ((whole, 1), (apart, 0), (after, 0)):
        found = []
        for kind in FORMATS:
            done = cli("subject", "certificate", certificate, "--backup", str(files[kind]), *OF)
            assert done.code == code, done.err
            assert "sub_" not in done.out
            trial = done.document["backup"]["trial"]
            found.append((trial["known"], trial["opened"] > 0, trial["readable"], trial["codes"]))
        assert found[0] == found[1] == found[2]
        trials.append(found[0])
    assert trials[0] == (True, True, True, {})
    assert trials[1][:3] == (True, False, False)
    assert list(trials[1][3]) == ["vault/key_missing"]
    assert trials[2] == (False, False, False, {})


def test_dumps_that_cannot_be_tried_are_refused_in_one_line(
    cli: Cli, folder: Path, dumped: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain, custom = dumped("plain"), dumped("custom")
    certificate = erased(cli, folder, ref_in(plain))
    cut, nothing, odd = folder / "cut.sql", folder / "nothing.sql", folder / "odd.dump"
    cut.write_bytes(plain.read_bytes()[:-200])
    nothing.write_bytes(b"")
    odd.write_bytes(custom.read_bytes()[: custom.stat().st_size // 2])
    cases = [
        (cut, "cut short"),
        (nothing, "neither a SQLite file nor a dump"),
        (odd, "pg_restore cannot read it"),
        (dumped("plain", "--inserts"), "without --inserts"),
        (dumped("plain", "--table=vault_subject_keys"), "it holds no people"),
        (dumped("custom", "--table=vault_subject_keys"), "it holds no people"),
    ]
    for path, said in cases:
        done = cli("subject", "certificate", certificate, "--backup", str(path), *OF)
        assert (done.code, done.out, len(done.err.splitlines())) == (2, "", 1), (said, done.err)
        assert said in done.err
    monkeypatch.setenv("PATH", str(folder))
    done = cli("subject", "certificate", certificate, "--backup", str(custom), *OF)
    assert (done.code, len(done.err.splitlines())) == (2, 1)
    assert "pg_restore is not on PATH" in done.err
    assert cli("subject", "certificate", certificate, "--backup", str(plain), *OF).code == 1


def written(path: Path, *blocks: tuple[str, str, Sequence[bytes]]) -> Path:
    """A plain dump of these blocks: table, columns, rows."""
    body = b"".join(
        f"COPY {table} ({columns}) FROM stdin;\n".encode() + b"".join(row + b"\n" for row in rows) + b"\\.\n\n"
        for table, columns, rows in blocks
    )
    path.write_bytes(HEAD + body + FOOT)
    return path


PERSON = ("public.consent_subjects", "ref, tenant, pseudonym", [f"{SUBJECT}\t{TENANT}\t{PSEUDONYM}".encode()])


def test_rows_are_read_as_copy_writes_them(tmp_path: Path) -> None:
    keys = (
        "public.vault_keys",
        'purpose, "version", wrapped',
        [rb"kek" + b"\t1\t" + rb"\\x0102", rb"a\tb\\\n\N" + b"\t\\N\t"],
    )
    path = written(tmp_path / "a.sql", ("x.other", "a", [b"COPY y (a) FROM stdin;"]), keys, PERSON)
    found = read_person(path, TENANT, PSEUDONYM, lambda _read: None)
    assert found == [
        ("consent_subjects", {"ref": SUBJECT, "tenant": TENANT, "pseudonym": PSEUDONYM}),
        ("vault_keys", {"purpose": "kek", "version": "1", "wrapped": "\\x0102"}),
        ("vault_keys", {"purpose": "a\tb\\\nN", "version": None, "wrapped": ""}),
    ]


def test_only_the_rows_of_the_person_are_kept_wherever_they_stand(tmp_path: Path) -> None:
    rows = [f"{tenant}\t{subject}\tx".encode() for tenant in (TENANT, "t") for subject in (SUBJECT, "sub_x")]
    values = ("public.gate_values", "tenant, subject, segment", rows)
    path = written(tmp_path / "a.sql", values, PERSON)
    kept = read_person(path, TENANT, PSEUDONYM, lambda _read: None)
    assert [table for table, _ in kept] == ["consent_subjects", "gate_values"]
    assert read_person(path, "t", PSEUDONYM, lambda _read: None) == []


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"COPY public.consent_subjects (ref, tenant, pseudonym) FROM stdin;\na\tb\n\\.\n", "not as COPY writes it"),
        (b"COPY public.consent_subjects (ref) FROM stdin;\n\xff\n\\.\n", "not as COPY writes it"),
        (b"COPY public.consent_subjects (ref) FROM stdin;\na\n", "amid a table"),
        (b"COPY a.consent_subjects (ref) FROM stdin;\n\\.\nCOPY b.consent_subjects (ref) FROM stdin;\n\\.\n", "twice"),
        (b"INSERT INTO public.consent_subjects VALUES ('110105194912310021');\n", "without --inserts"),
        (b"", "holds no people"),
    ],
)
def test_a_dump_of_another_shape_is_refused_without_its_content(tmp_path: Path, body: bytes, said: str) -> None:
    path = tmp_path / "a.sql"
    path.write_bytes(HEAD + body + FOOT)
    with pytest.raises(CommandError) as refusal:
        read_person(path, TENANT, PSEUDONYM, lambda _read: None)
    assert said in str(refusal.value)
    assert "110105194912310021" not in str(refusal.value)
    assert kind_of(path) == "plain"


def test_memory_does_not_grow_with_the_dump_and_progress_reaches_its_end(tmp_path: Path) -> None:
    row = f"{TENANT}\tsub_x\t".encode() + b"\\\\x" + b"00" * 1000
    peaks, path = [], tmp_path / "a.sql"
    for count in (500, 20_000):
        written(path, ("public.gate_values", "tenant, subject, sealed", [row] * count), PERSON)
        told: list[int] = []
        tracemalloc.start()
        assert len(read_person(path, TENANT, PSEUDONYM, told.append)) == 1
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert path.stat().st_size <= sum(told) <= 2 * path.stat().st_size
    assert peaks[1] < 2 * peaks[0]
    assert peaks[1] < path.stat().st_size / 20
