"""The service the demonstration starts: started, stopped, and heard when it cannot start."""

from pathlib import Path

import httpx
import pytest

from api.demo.runner import own_settings, workspace, yumen
from api.demo.server import ServerError, serving


def test_the_service_answers_inside_the_block_and_is_gone_after_it(tmp_path: Path) -> None:
    with serving({"YUMEN_DATA_DIR": str(tmp_path / "data")}, tmp_path / "log") as base:
        assert httpx.get(f"{base}/livez").status_code == 200
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{base}/livez")


def test_a_service_that_cannot_start_ends_with_what_it_said(tmp_path: Path) -> None:
    with pytest.raises(ServerError, match="no such setting"):
        _enter(serving({"YUMEN_MODEE": "development"}, tmp_path / "log"))


def _enter(block: object) -> None:
    with block:  # type: ignore[attr-defined]  # a context manager
        pass


def test_a_command_that_fails_is_told_with_its_words(tmp_path: Path) -> None:
    with own_settings(), pytest.raises(ServerError, match="no database yet"):
        yumen({"YUMEN_DATA_DIR": str(tmp_path / "nothing")}, "check")


def test_a_folder_of_its_own_is_closed_to_others_and_gone_afterwards() -> None:
    with workspace(None) as folder:
        assert folder.stat().st_mode & 0o077 == 0
        (folder / "something").write_text("x")
    assert not folder.exists()


def test_a_folder_to_keep_must_be_empty(tmp_path: Path) -> None:
    (tmp_path / "something").write_text("x")
    with pytest.raises(FileExistsError, match="is not empty"):
        _enter(workspace(tmp_path))
