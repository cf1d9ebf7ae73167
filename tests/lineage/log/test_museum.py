"""A museum of falsified logs: every one is refused, its fault named, and what is good before it reported."""

from pathlib import Path

import pytest

from lineage.log import FolderSource, Trust, open_checkpoint, verify
from lineage.log.errors import LogDamagedError, LogWrongKeyError
from lineage.log.folder import opened
from tests.lineage.log import logs, museum
from tests.lineage.log.conftest import Checked
from tests.lineage.log.running import KEY, SIGNER

PIECES = museum.pieces()


def test_the_museum_holds_many_kinds_under_different_names() -> None:
    assert len({piece.name for piece in PIECES}) == len(PIECES) >= 80


@pytest.mark.parametrize("piece", PIECES, ids=lambda piece: piece.name)
def test_a_falsified_log_is_refused_and_its_fault_named(piece: museum.Piece, log_copy: Path) -> None:
    piece.do(log_copy)
    report = verify(FolderSource(log_copy), Trust(KEY))
    assert not report.is_intact
    assert {fault.code.value for fault in report.faults} & piece.codes, report.faults[:5]
    assert report.good <= report.size
    assert report.replay.entries == report.good
    assert report.replay.is_sound


@pytest.mark.parametrize("piece", PIECES, ids=lambda piece: piece.name)
def test_go_refuses_it_too(piece: museum.Piece, log_copy: Path, go_check: Checked) -> None:
    piece.do(log_copy)
    assert go_check(log_copy, KEY.text).returncode == 1


@pytest.mark.parametrize("index", [0, 1, 255, 256, 300, 511, 512, 699])
def test_the_good_prefix_ends_where_the_first_entry_was_altered(index: int, log_copy: Path) -> None:
    bundle = museum.TilePlace(None, index // 256, 256 if index < 512 else 188)
    replaced = lambda all_: [*all_[: index % 256], b"{}", *all_[index % 256 + 1 :]]  # noqa: E731
    museum._entries(bundle, replaced)(log_copy)
    report = verify(FolderSource(log_copy), Trust(KEY))
    assert [(fault.code.value, fault.index) for fault in report.faults] == [("bundle/entry", index)]
    assert report.good == index


def test_an_altered_tile_costs_no_entry_when_the_bundles_are_whole(log_copy: Path) -> None:
    for place in (museum.TilePlace(0, 1), museum.TilePlace(1, 0, 2)):
        museum._edit(place.path, museum._flip(0.5))(log_copy)
    report = verify(FolderSource(log_copy), Trust(KEY))
    assert not report.is_intact
    assert (report.good, report.replay.entries) == (700, 700)


def test_history_rewritten_with_the_key_shows_to_whoever_remembers(small_log: Path, tmp_path: Path) -> None:
    entries = logs.bodies(700)
    seen, _ = open_checkpoint(FolderSource(small_log).fetch("checkpoint"), KEY)
    trust = Trust(KEY, remembered=(seen,))
    cases = {
        "history/rollback": entries[:600],
        "history/split": [*entries[:100], entries[0], *entries[101:]],
        "history/rewritten": [*entries[:100], *entries[101:], *entries[:50]],
    }
    for code, history in cases.items():
        forged = logs.written(tmp_path / code.replace("/", "-"), history)
        assert verify(FolderSource(forged), Trust(KEY)).is_intact  # nobody who remembers nothing can see it
        report = verify(FolderSource(forged), trust)
        assert [fault.code.value for fault in report.faults] == [code]
    grown = logs.written(tmp_path / "grown", logs.bodies(900))
    assert verify(FolderSource(grown), trust).is_intact


def test_a_release_without_a_consent_shows_though_the_log_is_intact(tmp_path: Path) -> None:
    entries = logs.bodies(120)
    unjustified = [body for body in entries if b"consent.given" not in body or b"ps_caaaaa" not in body]
    assert len(unjustified) < len(entries)
    report = verify(FolderSource(logs.written(tmp_path / "log", unjustified)), Trust(KEY))
    assert report.is_intact
    assert not report.is_sound
    assert "read/grant_unknown" in {fault.code.value for fault in report.replay.faults}


AT_THE_EDGE = ("partial leaf tile", "partial bundle", "upper tile")
EDGE = [piece for piece in PIECES if any(name in piece.name and "place" not in piece.name for name in AT_THE_EDGE)]


@pytest.mark.parametrize("piece", EDGE, ids=lambda piece: piece.name)
def test_a_writer_does_not_go_on_from_a_damaged_edge(piece: museum.Piece, log_copy: Path) -> None:
    piece.do(log_copy)
    with pytest.raises(LogDamagedError, match=r"tile/|edge"), opened(log_copy, KEY):
        pass


def test_a_writer_does_not_open_a_log_of_another_key(log_copy: Path) -> None:
    other = type(KEY)(KEY.name, KEY.algorithm, museum.THIEF.public_key)
    with pytest.raises(LogWrongKeyError, match="another key"), opened(log_copy, other):
        pass
    renamed = type(KEY)("other.example/log", KEY.algorithm, SIGNER.public_key)
    with pytest.raises(LogWrongKeyError, match="another key"), opened(log_copy, renamed):
        pass
