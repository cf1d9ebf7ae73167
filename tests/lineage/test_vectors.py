"""The published vectors of docs/formats/ledger-entry.md hold for this code, read without any of its builders."""

import hmac
import json
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
import rfc8785

from lineage import FaultCode, Kind, check_bodies, leaf_digest

FOLDER = Path(__file__).parents[1] / "vectors" / "ledger"
ENTRIES = json.loads((FOLDER / "entries.json").read_text())
FAULTS = json.loads((FOLDER / "faults.json").read_text())


@pytest.mark.parametrize("vector", ENTRIES["entries"], ids=lambda vector: vector["name"])
def test_bytes_digest_and_mac_of_an_entry(vector: dict[str, Any]) -> None:
    body = vector["body"].encode()
    assert rfc8785.dumps(json.loads(body)) == body
    assert leaf_digest(body).hex() == vector["digest"] == sha256(b"\x00" + body).hexdigest()
    assert hmac.digest(bytes.fromhex(ENTRIES["ledger_key"]), body, "sha256").hex() == vector["mac"]
    said = json.loads(body)
    repeated = {name: part for name, part in vector["columns"].items() if name not in ("at_us", "shape")}
    assert {name: said[name] for name in repeated} == repeated
    assert vector["columns"]["shape"] == (said["shape"] if said["kind"] == "read" else None)


def test_a_sound_ledger_is_found_sound() -> None:
    report = check_bodies((FOLDER / "sound.jsonl").read_bytes().splitlines())
    assert report.is_sound
    assert (report.entries, report.reads, report.released, report.grants) == (24, 11, 9, 2)


@pytest.mark.parametrize("case", FAULTS, ids=lambda case: case["name"])
def test_each_fault_is_found_at_its_entry(case: dict[str, Any]) -> None:
    opening = (FOLDER / "opening.jsonl").read_bytes().splitlines()
    report = check_bodies([*opening, *(body.encode() for body in case["after_opening"])])
    assert [[fault.entry, fault.code.value] for fault in report.faults] == case["faults"]
    assert case["name"].split()[0] in {code for _, code in case["faults"]}


def test_the_examples_of_the_format_are_the_vectors() -> None:
    page = (FOLDER.parents[2] / "docs" / "formats" / "ledger-entry.md").read_text()
    shown = [line for line in page.splitlines() if line.startswith('{"about"')]
    assert len(shown) == 8
    assert set(shown) <= {vector["body"] for vector in ENTRIES["entries"]}


def test_the_format_names_every_kind_and_every_fault() -> None:
    page = (FOLDER.parents[2] / "docs" / "formats" / "ledger-entry.md").read_text()
    families = ("tenant.", "party.", "client.", "purpose.")
    assert [kind for kind in Kind if f"`{kind}`" not in page and not kind.startswith(families)] == []
    assert [code for code in FaultCode if f"`{code}`" not in page] == []
