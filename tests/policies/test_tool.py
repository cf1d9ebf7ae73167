"""The command that builds and checks the policies."""

from pathlib import Path

import pytest

from tools import policies


def test_the_checkout_passes_its_own_check(opa: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert policies.main(["check"]) == 0
    assert "tests and coverage" in capsys.readouterr().out


def test_without_opa_it_says_how_to_get_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("YUMEN_OPA", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    assert policies.main(["build"]) == 1
    assert "run tools/opa.sh" in capsys.readouterr().err


def test_a_command_that_does_not_exist_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        policies.main(["explode"])
    assert "invalid choice" in capsys.readouterr().err
