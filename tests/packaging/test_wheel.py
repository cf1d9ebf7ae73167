"""The wheel holds one name, everything the product reads, and runs outside the checkout."""

import os
import subprocess
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

from api import migrate
from tools import build, wheel

# Each line: a file or folder that the installed product reads at run time.
SHIPPED = (
    "yumen/__init__.py",
    "yumen/api/cli",
    "yumen/api/migrations/env.py",
    "yumen/api/migrations/versions/0001_initial.py",
    "yumen/catalog/data",
    "yumen/examples/000_xiaomi_loan",
    "yumen/policies",
)
LEFT_OUT = ("_test.rego", ".pyc", "__pycache__", "/tests/", "yumen/tools")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The sdist, the wheel built from the tree, and the wheel built from the sdist."""
    folder = tmp_path_factory.mktemp("built")
    sdist = build.build("sdist", build.ROOT, folder)
    (folder / "tree").mkdir()
    (folder / "again").mkdir()
    return {
        "sdist": sdist,
        "tree": build.build("wheel", build.ROOT, folder / "tree"),
        "again": build.build("wheel", build.unpacked(sdist, folder / "unpacked"), folder / "again"),
    }


@pytest.fixture(scope="module")
def installed(built: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clean environment with the wheel installed by pip; what the wheel needs is lent by this environment."""
    home = tmp_path_factory.mktemp("installed") / "venv"
    venv.create(home, with_pip=True)
    python = home / "bin" / "python"
    options = ["--quiet", "--no-index", "--no-deps", "--disable-pip-version-check"]
    subprocess.run([python, "-m", "pip", "install", *options, built["again"]], check=True)
    site = subprocess.run(
        [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout.strip()
    (Path(site) / "lent.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return home


def _names(path: Path) -> list[str]:
    with zipfile.ZipFile(path) as archive:
        return archive.namelist()


def _run(command: list[str | Path], folder: Path, **settings: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "YUMEN_", "COV_"))}
    return subprocess.run(
        command, cwd=folder, check=False, capture_output=True, text=True, env=kept | settings, timeout=240
    )


def test_a_wheel_has_one_top_level_name(built: dict[str, Path]) -> None:
    tops = {name.split("/")[0] for name in _names(built["again"])}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"yumen"}


@pytest.mark.parametrize("wanted", SHIPPED)
def test_a_wheel_holds_what_the_product_reads(built: dict[str, Path], wanted: str) -> None:
    assert any(name == wanted or name.startswith(wanted + "/") for name in _names(built["again"]))


def test_a_wheel_leaves_out_what_only_a_checkout_needs(built: dict[str, Path]) -> None:
    assert [name for name in _names(built["again"]) if any(part in name for part in LEFT_OUT)] == []


def test_a_wheel_from_the_sdist_equals_one_from_the_tree(built: dict[str, Path]) -> None:
    with zipfile.ZipFile(built["tree"]) as tree, zipfile.ZipFile(built["again"]) as again:
        assert {name: tree.read(name) for name in tree.namelist()} == {
            name: again.read(name) for name in again.namelist()
        }


def test_a_wheel_ships_every_file_of_the_rooms_that_git_knows(built: dict[str, Path]) -> None:
    command = ["git", "ls-files", *wheel.ROOMS]
    listed = subprocess.run(command, cwd=build.ROOT, check=True, capture_output=True, text=True).stdout.split("\n")
    wanted = {f"yumen/{name}" for name in listed if name and not name.endswith(wheel.LEFT_OUT)}
    assert sorted(wanted - set(_names(built["again"]))) == []


def test_an_installed_yumen_adds_no_other_name(installed: Path, tmp_path: Path) -> None:
    code = "import importlib.util as u; print([n for n in ('api','vault','gate','consent') if u.find_spec(n)])"
    done = _run([installed / "bin" / "python", "-c", code], tmp_path)
    assert done.stdout.strip() == "[]", done.stderr


def test_an_installed_yumen_gives_its_parts_to_a_process_that_asks(installed: Path, tmp_path: Path) -> None:
    code = "import yumen; yumen.rooms(); yumen.rooms(); from vault import bulk_plans; print(bulk_plans.__name__)"
    done = _run([installed / "bin" / "python", "-c", code], tmp_path)
    assert done.stdout.strip() == "vault.bulk_plans", done.stderr


def test_an_installed_yumen_shows_its_commands(installed: Path, tmp_path: Path) -> None:
    done = _run([installed / "bin" / "yumen", "--help"], tmp_path)
    assert done.returncode == 0, done.stderr
    assert all(word in done.stdout for word in ("serve", "migrate", "demo"))


def test_an_installed_yumen_migrates_a_database(installed: Path, tmp_path: Path) -> None:
    done = _run([installed / "bin" / "yumen", "migrate", "--json"], tmp_path, YUMEN_DATA_DIR=str(tmp_path / "data"))
    assert done.returncode == 0, done.stderr
    assert migrate.head() in done.stdout


@pytest.mark.slow
def test_an_installed_yumen_plays_the_demo(installed: Path, tmp_path: Path) -> None:
    """One story of five: tests/examples plays them all."""
    done = _run([installed / "bin" / "yumen", "demo", "--lender", "003"], tmp_path)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    assert list(tmp_path.iterdir()) == [], "the demo left files behind"
