"""Audit, replay, preview and sealing from the command line, on each database."""

import asyncio
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from api.cli.parts import opened_parts
from api.gates import open_gate
from api.settings import load_settings
from gate import ReadCall
from gate.engines import EMBEDDED_BUNDLE, EmbeddedEngine
from lineage import Window, read_page
from tests.api.cli.conftest import Cli

SOURCES = Path(__file__).parents[3] / "policies"
FEATURES = ("credit_standing:zhima_score",)


async def _with_gate(work: Callable[[Any, Any], Any]) -> Any:
    settings = load_settings(None)
    async with opened_parts(settings, writing=True) as parts:
        gate, store = await open_gate(settings.database, parts.database, parts.keys, EmbeddedEngine())
        try:
            return await work(parts, gate)
        finally:
            await gate.close()
            await store.close()


async def _read_everyone(parts: Any, gate: Any) -> int:
    async with parts.database.reading() as tx:
        refs = list((await tx.connection.execute(text("SELECT ref FROM consent_subjects ORDER BY ref"))).scalars())
    await gate.read(ReadCall("jiebei", "limit_engine", "limit_adjustment", "jiebei", tuple(refs), FEATURES))
    async with parts.database.reading() as tx:
        return (await read_page(tx.connection, Window()))[-1][1]


def run_sql(statement: str) -> None:
    async def run() -> None:
        async with opened_parts(load_settings(None), writing=False) as parts, parts.database.transaction() as tx:
            await tx.connection.execute(text(statement))

    asyncio.run(run())


@pytest.fixture
def entry(both_databases: str, cli: Cli) -> int:
    """The example lender, everybody read once; the id of the last of these reads."""
    del both_databases
    assert cli("setup", "001").code == 0
    return int(asyncio.run(_with_gate(_read_everyone)))


def test_the_state_of_an_example_lender_is_what_its_ledger_tells(entry: int, cli: Cli) -> None:
    done = cli("audit", "--json")
    assert (done.code, done.document["agrees"], done.document["difference_count"]) == (0, True, 0)
    assert done.document["subjects"] > 0
    assert done.document["ledger"]["last_entry"] >= entry
    assert "what the ledger tells" in cli("audit").out
    assert "一致" in cli("--lang", "zh", "audit", "--without-ledger").out
    audited = cli("entries", "--tenant", "jiebei", "--kind", "state.audited", "--json")
    assert audited.code == 0


def test_an_edit_is_named_and_ends_with_one(entry: int, cli: Cli) -> None:
    del entry
    run_sql("UPDATE consent_subjects SET age_band = 'minor'")
    done = cli("audit", "--json")
    assert done.code == 1
    assert {(each["table"], each["what"]) for each in done.document["differences"]} == {("consent_subjects", "mac")}
    assert "consent_subjects" in cli("audit").out


def test_rows_of_before_are_sealed_by_migrating_or_when_asked(entry: int, cli: Cli) -> None:
    del entry
    for table in ("consent_subjects", "consent_grants", "consent_epoch"):
        run_sql(f"UPDATE {table} SET mac = NULL")  # noqa: S608
    done = cli("migrate", "--json")
    assert (done.code, done.document["left"]) == (0, 0)
    assert done.document["sealed"] > 0
    assert cli("migrate", "--json").document["sealed"] == 0
    assert cli("audit", "--json").code == 0
    run_sql("UPDATE consent_subjects SET mac = NULL")
    assert cli("audit", "--json").code == 1
    done = cli("audit", "--seal", "--json")
    assert (done.code, done.document["sealed"]["left"]) == (0, [])
    assert done.document["sealed"]["subjects"] > 0


def test_reads_are_replayed_one_by_one_in_a_window_and_by_sample(entry: int, cli: Cli) -> None:
    every = cli("replay", "--json").document
    assert every["verdicts"] == {"same": every["entries"]}
    assert every["entries"] > 1
    one = cli("replay", str(entry), "--json")
    assert (one.code, one.document["replay"]["verdict"]) == (0, "same")
    assert "credit_standing:zhima_score" in cli("replay", str(entry)).out
    assert cli("replay", "--tenant", "jiebei", "--to", "2020-01-01T00:00:00Z", "--json").document["entries"] == 0
    sampled = cli("replay", "--tenant", "jiebei", "--sample", "3", "--json").document
    assert 1 <= sampled["entries"] <= 3
    run_sql("DELETE FROM gate_facts")
    flagged = cli("replay", "--json")
    assert flagged.code == 1
    assert set(flagged.document["verdicts"]) == {"facts_missing"}
    assert "facts_missing" in cli("replay").out


@pytest.mark.parametrize("arguments", [("999999",), ("--from", "yesterday"), ("0",), ("--sample", "0")])
def test_what_cannot_be_replayed_is_refused(entry: int, cli: Cli, arguments: tuple[str, ...]) -> None:
    del entry
    assert cli("replay", *arguments).code == 2


def test_a_candidate_is_previewed(entry: int, cli: Cli, tmp_path: Path, opa: str, monkeypatch: Any) -> None:
    del entry
    monkeypatch.setenv("YUMEN_OPA", str(opa))
    same = cli("policy", "preview", str(EMBEDDED_BUNDLE), "--json")
    assert (same.code, same.document["changes"]) == (0, [])
    assert same.document["reads"] > 1
    assert "Nothing would change" in cli("policy", "preview", str(EMBEDDED_BUNDLE)).out
    folder = tmp_path / "policies"
    shutil.copytree(SOURCES, folder, ignore=shutil.ignore_patterns("compiled"))
    rules = folder / "yumen" / "consent" / "consent.rego"
    source = rules.read_text()
    assert 'else := {"NO_GRANT"}' in source
    rules.write_text(source.replace('else := {"NO_GRANT"}', 'else := {"FIELD_NOT_IN_GRANT"}'))
    strict = cli("policy", "preview", str(folder), "--tenant", "jiebei", "--json")
    assert strict.code == 0
    assert strict.document["widenings"] == 0
    assert {each["purpose"] for each in strict.document["changes"]} == {"limit_adjustment"}
    assert all("NO_GRANT" in each["from"] and each["subjects"] > 1 for each in strict.document["changes"])
    assert "limit_adjustment" in cli("policy", "preview", str(folder)).out
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "a.rego").write_text("package x\nfoo {\n")
    refused = cli("policy", "preview", str(broken))
    assert (refused.code, "a.rego:" in refused.err, refused.err.count("\n")) == (2, True, 2), refused.err
    told = cli("entries", "--tenant", "jiebei", "--kind", "policy.previewed", "--json").document
    assert told["entries"]


def test_a_candidate_by_which_more_would_leave_ends_with_one_unless_that_is_allowed(
    entry: int, cli: Cli, tmp_path: Path, opa: str, monkeypatch: Any
) -> None:
    del entry
    monkeypatch.setenv("YUMEN_OPA", str(opa))
    folder = tmp_path / "policies"
    shutil.copytree(SOURCES, folder, ignore=shutil.ignore_patterns("compiled"))
    rules = folder / "yumen" / "consent" / "consent.rego"
    rules.write_text(rules.read_text().replace('else := {"NO_GRANT"}', "else := set()", 1))
    wide = cli("policy", "preview", str(folder), "--json")
    assert wide.code == 1
    assert wide.document["widenings"] > 0
    assert wide.document["changes"][0]["from"].startswith("withheld (NO_GRANT")
    assert cli("policy", "preview", str(folder), "--fail-on-widening").code == 1
    allowed = cli("policy", "preview", str(folder), "--allow-widening", "--json")
    assert (allowed.code, allowed.document["widenings"]) == (0, wide.document["widenings"])
    assert "More would leave" in cli("policy", "preview", str(folder), "--allow-widening").out


def test_what_is_no_candidate_is_refused(entry: int, cli: Cli, tmp_path: Path) -> None:
    del entry
    broken = tmp_path / "broken.tar.gz"
    broken.write_bytes(b"nothing")
    assert cli("policy", "preview", str(broken)).code == 2
    assert cli("policy", "preview", str(tmp_path / "absent.tar.gz")).code == 2
