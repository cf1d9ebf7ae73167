"""``yumen erase``, ``subject``, ``purge``, ``restore`` on an example lender."""

import json
import shutil
import sqlite3
from pathlib import Path

from tests.api.cli.conftest import Cli

REFERENCE = "sha256:" + "a" * 64


def people(folder: Path) -> list[str]:
    with sqlite3.connect(folder / "var" / "yumen.db") as database:
        return [row[0] for row in database.execute("SELECT ref FROM consent_subjects ORDER BY ref")]


def test_people_of_a_file_are_erased_and_held_ones_kept(cli: Cli, folder: Path) -> None:
    assert cli("setup", "001").code == 0
    refs = people(folder)
    backup = folder / "backup.db"
    with sqlite3.connect(folder / "var" / "yumen.db") as source, sqlite3.connect(backup) as target:
        source.backup(target)
    listed = folder / "refs.txt"
    listed.write_text("# all of them\n" + "\n".join(refs) + "\n", "utf-8")
    of = ("--tenant", "jiebei", "--json")
    held = cli("subject", "hold", refs[0], "--basis", "aml", "--reference", REFERENCE, "--until", "2036-11-30", *of)
    assert held.code == 0, held.err
    dry = cli("erase", "file", str(listed), "--decided", "--dry-run", *of)
    assert (dry.code, dry.document["erased"], dry.document["held"]) == (1, len(refs) - 1, 1)
    waiting = cli("erase", "file", str(listed), "--dry-run", *of).document
    assert waiting["waiting"] == len(refs) - 1
    done = cli("erase", "file", str(listed), "--decided", *of)
    assert (done.code, done.document["erased"], done.document["held"]) == (1, len(refs) - 1, 1)
    assert done.document["scrubbed"] is True
    again = cli("erase", "file", str(listed), "--decided", *of).document
    assert (again["erased"], again["gone"], again["held"]) == (0, len(refs) - 1, 1)
    assert cli("erase", "due", *of).document["erased"] == 0
    assert cli("subject", "release", held.document["hold"], *of).code == 0
    due = cli("erase", "due", *of).document
    assert due["erased"] == 1
    assert cli("check").code == 0
    certificate = due["people"][0]["certificate"]
    shown = cli("subject", "certificate", certificate, *of)
    assert shown.code == 0
    file = folder / "certificate.json"
    file.write_text(shown.out, "utf-8")
    assert cli("subject", "check", str(file), "--json").document["sound"] is True
    file.write_text(shown.out.replace("hold_ended", "instruction"), "utf-8")
    assert (cli("subject", "check", str(file)).code, "sub_" in shown.out) == (2, False)
    assert cli("erase", "scrub", "--full", "--json").document == {"done": True, "method": "rewrite"}
    assert cli("purge", "--dry-run", *of).document["removed"] == 0
    try_backups(cli, folder, (certificate, backup))


def try_backups(cli: Cli, folder: Path, given: tuple[str, Path]) -> None:
    """A backup with keys is said to be readable, one kept without them is not; after it is restored they are gone."""
    certificate, backup = given
    of = ("--tenant", "jiebei", "--json")
    tried = cli("subject", "certificate", certificate, "--backup", str(backup), *of)
    assert tried.code == 1
    assert tried.document["backup"]["trial"]["readable"] is True
    apart = folder / "apart.db"
    shutil.copyfile(backup, apart)
    with sqlite3.connect(apart) as database:
        database.execute("DELETE FROM vault_subject_keys")
    tried = cli("subject", "certificate", certificate, "--backup", str(apart), *of)
    trial = tried.document["backup"]["trial"]
    assert (tried.code, trial["readable"], list(trial["codes"])) == (0, False, ["vault/key_missing"])
    for rest in ("-wal", "-shm"):
        (folder / "var" / f"yumen.db{rest}").unlink(missing_ok=True)
    shutil.copyfile(backup, folder / "var" / "yumen.db")
    refused = cli("erase", "due", "--tenant", "jiebei")
    assert refused.code == 1
    assert "yumen restore" in refused.err
    done = cli("restore", "--json")
    assert done.code == 0, done.err
    assert done.document["repeated"]["subject.erased"] == len(people(folder))
    assert cli("check").code == 0
    assert cli("erase", "due", "--tenant", "jiebei").code == 0


def test_bad_input_is_one_line_and_exit_code_2(cli: Cli, folder: Path) -> None:
    assert cli("setup", "001").code == 0
    ref = people(folder)[0]
    listed = folder / "refs.txt"
    listed.write_text("110000199003070017\n", "utf-8")
    of = ("--tenant", "jiebei")
    hold = ("subject", "hold", ref, *of, "--basis", "aml")
    for arguments in (
        ("erase", "file", str(listed), *of),
        ("subject", "erase", "110000199003070017", *of),
        (*hold, "--reference", "a file", "--until", "2030-01-01"),
        (*hold, "--reference", REFERENCE, "--until", "2020-01-01"),
        ("subject", "release", "hd_x", *of),
        ("subject", "certificate", "ec_x", *of),
        ("subject", "check", str(listed)),
    ):
        done = cli(*arguments)
        assert (done.code, len(done.err.splitlines())) == (2, 1), (arguments, done.err)
        assert "110000199003070017" not in done.err
    unknown = cli("subject", "erase", "sub_" + "a" * 26, "--tenant", "jiebei", "--json")
    assert (unknown.code, unknown.document["unknown"]) == (1, 1)
    ends = folder / "var" / "ends.jsonl"
    ends.write_bytes(b"nonsense\n" + (ends.read_bytes() if ends.exists() else b""))
    done = cli("restore")
    assert (done.code, json.dumps(done.err).count("line 1")) == (1, 1)
