"""Go's own code for transparency logs (golang.org/x/mod/sumdb) accepts what is written here and refuses the rest."""

import json
from pathlib import Path

import pytest

from lineage.log import FolderSource, LogReader, TilePlace, open_checkpoint
from tests.lineage.log import logs
from tests.lineage.log.conftest import Checked
from tests.lineage.log.running import KEY, SIGNER


def test_go_accepts_the_checkpoint_the_tiles_and_every_entry(small_log: Path, go_check: Checked) -> None:
    done = go_check(small_log, KEY.text)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    head, _ = open_checkpoint(FolderSource(small_log).fetch("checkpoint"), KEY)
    assert (found["origin"], found["size"], found["entries"]) == (head.origin, 700, 700)
    assert (found["inclusion"], found["consistency"]) == (200, 200)


@pytest.mark.parametrize("size", [0, 1, 2, 255, 256, 257, 512, 65_536, 65_793])
def test_go_accepts_logs_of_awkward_sizes(size: int, tmp_path: Path, go_check: Checked) -> None:
    folder = logs.written(tmp_path / "log", [b"%d" % number for number in range(size)])
    done = go_check(folder, KEY.text)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["size"] == size


def test_go_accepts_receipts(small_log: Path, tmp_path: Path, go_check: Checked) -> None:
    reader = LogReader(small_log, KEY)
    entry, receipt = tmp_path / "entry", tmp_path / "receipt"
    for index in (0, 1, 255, 256, 511, 512, 699):
        entry.write_bytes(logs.bodies(700)[index])
        made = reader.receipts([index])[0]
        assert made is not None
        receipt.write_text(made.text)
        assert go_check("-receipt", receipt, entry, KEY.text).returncode == 0
    entry.write_bytes(b"another")
    assert go_check("-receipt", receipt, entry, KEY.text).returncode == 1


@pytest.mark.parametrize(
    "place", [TilePlace(0, 1), TilePlace(0, 2, 188), TilePlace(1, 0, 2), TilePlace(None, 0), TilePlace(None, 2, 188)]
)
def test_go_refuses_a_bit_that_was_turned(place: TilePlace, log_copy: Path, go_check: Checked) -> None:
    path = log_copy / place.path
    data = bytearray(path.read_bytes())
    data[40] ^= 1
    path.write_bytes(data)
    assert go_check(log_copy, KEY.text).returncode == 1


def test_go_refuses_another_key(small_log: Path, go_check: Checked) -> None:
    other = type(KEY)(KEY.name, KEY.algorithm, SIGNER.public_key[:31] + b"\x00")
    done = go_check(small_log, other.text)
    assert done.returncode == 1
