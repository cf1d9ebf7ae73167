"""Catalogue, policy, grants, ledger, settings, status, token: what is shown, to people and to programs."""

import asyncio
import json
import sqlite3
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from api.identity import BuiltinIssuer, Role, TokenVerifier
from api.service import token_rules
from api.settings import Settings
from catalog import Catalog
from tests.api.cli.conftest import ROOT, Cli
from tests.opa import free_port

VIEWS = ROOT / "examples" / "000_xiaomi_loan" / "views.yaml"
FACTS = {
    "call": {
        "purpose": {
            "status": "active", "basis": "consent", "basis_ref": False, "pipia": "live", "fields": [],
            "necessity": [], "max_form": "plain", "overrides": [], "notice": "current", "foreign_authority": False,
        },
        "client": {"status": "unknown", "purpose": False, "product": False, "max_form": "plain", "region": "CN"},
        "recipient": {"status": "active", "role": "lender", "transfer": "none"},
        "fields": {},
        "features": {"a:b": {"status": "unknown"}},
    },
    "subject": {"status": "unknown", "age": "unknown", "grants": [], "expired": []},
}  # fmt: skip


def test_the_shipped_catalogue_is_shown_without_a_database(cli: Cli, folder: Path) -> None:
    shown = cli("catalog", "show", "--json").document
    assert shown["source"] == "shipped"
    assert shown["revision"] == Catalog.builtin().revision
    assert sum(shown["grades"].values()) == shown["fields"] == len(Catalog.builtin().fields)
    assert not (folder / "var").exists()


def test_fields_are_chosen_by_grade_and_kind(cli: Cli) -> None:
    high = cli("catalog", "fields", "--grade", "4", "--json").document["fields"]
    sensitive = cli("catalog", "fields", "--kind", "sensitive", "--json").document["fields"]
    assert high
    assert all(field["grade"] >= 4 for field in high)
    assert {field["pipl"] for field in sensitive} == {"sensitive"}
    assert "zhima_score" in cli("catalog", "fields").out


def test_views_are_checked_loaded_and_shown(both_databases: str, cli: Cli, folder: Path) -> None:
    del both_databases
    assert cli("catalog", "check", str(VIEWS), "--json").document["valid"] is True
    cli("tenants", "add", "xiaomi", "--zh", "小米贷款", "--en", "Xiaomi Loan")
    planned = cli("catalog", "load", str(VIEWS), "--tenant", "xiaomi", "--dry-run", "--json").document
    assert (planned["changed"], cli("catalog", "views", "--json").document["views"]) == (True, [])
    loaded = cli("catalog", "load", str(VIEWS), "--tenant", "xiaomi", "--json").document
    assert loaded["revision"] == planned["revision"] == cli("catalog", "show", "--json").document["revision"]
    assert cli("catalog", "load", str(VIEWS), "--tenant", "xiaomi", "--json").document["changed"] is False
    assert {view["tenant"] for view in cli("catalog", "views", "--json").document["views"]} == {"xiaomi"}
    assert "account_profile:tier" in cli("catalog", "views", "--tenant", "xiaomi").out
    (folder / "bad.yaml").write_text("views:\n  - {name: X}\n")
    bad = cli("catalog", "check", "bad.yaml", "--json")
    assert (bad.code, bad.document["valid"], bad.document["faults"][0]["line"]) == (1, False, 2)
    refused = cli("catalog", "load", "bad.yaml", "--tenant", "xiaomi")
    assert refused.code == 2
    assert "bad.yaml:2:" in refused.err


def test_the_policy_explains_itself_in_both_languages(cli: Cli) -> None:
    revision = cli("policy", "show", "--json").document["revision"]
    assert len(revision) == 64
    reason = cli("policy", "reasons", "GRANT_WITHDRAWN", "--json").document["reasons"]["GRANT_WITHDRAWN"]
    assert reason["zh"]
    assert reason["remedy_en"]
    assert reason["zh"] in cli("--lang", "zh", "policy", "reasons", "GRANT_WITHDRAWN").out.replace("\n", "")
    assert len(cli("policy", "reasons", "--json").document["reasons"]) > 30


def test_facts_from_a_file_are_decided(cli: Cli, folder: Path) -> None:
    (folder / "facts.json").write_text(json.dumps(FACTS))
    done = cli("policy", "test", "facts.json", "--json")
    assert done.code == 0
    decision = done.document["results"][0]["a:b"]
    assert decision["form"] == "withheld"
    assert "SUBJECT_UNKNOWN" in decision["reasons"]
    assert "SUBJECT_UNKNOWN" in cli("policy", "test", "facts.json").out


NO_FACTS = [
    "",
    "[",
    "[]",
    "{}",
    '{"calls": 1, "requests": []}',
    '{"calls": [], "requests": [{"call": 0}]}',
    "[" * 99_999,
]


@pytest.mark.parametrize("document", NO_FACTS, ids=range(len(NO_FACTS)))
def test_facts_that_are_none_are_refused(document: str, cli: Cli, folder: Path) -> None:
    (folder / "facts.json").write_text(document)
    done = cli("policy", "test", "facts.json")
    assert (done.code, len(done.err.splitlines())) == (2, 1)


def test_facts_without_an_answer_are_exit_code_one(cli: Cli, folder: Path) -> None:
    document = {"calls": [{"features": {"a:b": {}}}], "requests": [{"call": 0, "subject": {}}]}
    (folder / "facts.json").write_text(json.dumps(document))
    done = cli("policy", "test", "facts.json", "--json")
    assert done.code in {0, 1}
    assert done.code == int(None in done.document["results"])


def test_the_ledger_is_asked_page_by_page_and_records_the_asking(both_databases: str, cli: Cli) -> None:
    del both_databases
    cli("setup", "000")
    first = cli("entries", "--tenant", "xiaomi", "--kind", "subject.registered", "--limit", "2", "--json").document
    assert len(first["entries"]) == 2
    second = cli(
        "entries", "--tenant", "xiaomi", "--kind", "subject.registered", "--limit", "2", "--json",
        "--cursor", first["next"],
    ).document  # fmt: skip
    assert len(second["entries"]) == 1
    assert second["next"] is None
    asked = cli("entries", "--tenant", "xiaomi", "--kind", "ledger.queried", "--json").document["entries"]
    assert len(asked) == 2
    assert asked[0]["actor"] == {"role": "operator", "id": "command_line"}
    other = cli("entries", "--tenant", "xiaomi", "--client", "limit_engine", "--cursor", first["next"])
    assert other.code == 2
    assert "--cursor" in cli("entries", "--tenant", "xiaomi", "--limit", "1").out
    assert "No entries." in cli("entries", "--tenant", "xiaomi", "--to", "2001-01-01").out


def test_a_persons_grants_and_entries_are_found_by_reference(both_databases: str, cli: Cli) -> None:
    del both_databases
    ref = cli("setup", "000", "--json").document["people"]["lin"]
    grants = cli("grants", ref, "--tenant", "xiaomi", "--json").document
    assert (grants["grants"], grants["age_band"]) == ([], "adult")
    assert "No consent on record." in cli("grants", ref, "--tenant", "xiaomi").out
    entries = cli("entries", "--tenant", "xiaomi", "--subject", ref, "--json").document["entries"]
    assert [entry["kind"] for entry in entries] == ["subject.registered"]
    assert ref not in json.dumps(entries)
    assert cli("grants", ref, "--tenant", "weilidai").code == 2


def test_a_sound_ledger_passes_and_a_changed_one_does_not(cli: Cli, folder: Path) -> None:
    cli("setup", "000")
    sound = cli("check", "--json")
    assert (sound.code, sound.document["sound"], sound.document["faults"]) == (0, True, [])
    assert "sound" in cli("check", "--tenant", "xiaomi", "--without-key").out
    with sqlite3.connect(folder / "var" / "yumen.db") as raw:
        for (name,) in raw.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            raw.execute(f"DROP TRIGGER {name}")
        raw.execute("UPDATE ledger_entries SET body = replace(body, 'operator', 'operatur') WHERE id = 3")
    raw.close()
    changed = cli("check", "--json")
    assert (changed.code, changed.document["sound"]) == (1, False)
    assert {"entry": 3, "code": "entry/mac"} in changed.document["faults"]
    assert "entry/mac" in cli("check").out


def test_the_settings_are_shown_without_their_secrets(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("YUMEN_DATABASE_URL", "postgresql://someone:hushhush@db.example/yumen")
    monkeypatch.setenv("YUMEN_METRICS_TOKEN", "hushhush" * 4)
    monkeypatch.setenv("YUMEN_POLICY__OPA_URL", "https://someone:hushhush@opa.example")
    shown = cli("config", "show", "--json")
    assert "hushhush" not in shown.out
    assert "hushhush" not in cli("config", "show").out
    settings = shown.document["settings"]
    assert settings["database_url"]["set"] is True
    assert settings["port"] == {"value": 8642, "set": False, "variable": "YUMEN_PORT"}
    assert settings["policy.engine"]["variable"] == "YUMEN_POLICY__ENGINE"


def test_the_settings_are_judged_as_production_would(cli: Cli) -> None:
    assert cli("config", "check").code == 0
    done = cli("config", "check", "--production", "--json")
    assert (done.code, done.document["valid"]) == (1, False)
    assert any(fault.startswith("issuer.kind:") for fault in done.document["faults"])


def test_a_settings_file_is_read_where_it_is_named(cli: Cli, folder: Path) -> None:
    (folder / "yumen.toml").write_text("port = 9999\n")
    shown = cli("config", "show", "--config", "yumen.toml", "--json").document
    assert shown["settings"]["port"]["value"] == 9999


def test_the_status_before_and_after_there_is_a_database(
    both_databases: str, cli: Cli, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("YUMEN_PORT", str(free_port()))  # the standard one may be somebody's
    before = cli("status", "--json")
    assert before.code == 1
    assert before.document["database"]["state"] in {"missing", "other schema"}
    assert both_databases == "postgres" or not (folder / "var").exists()
    cli("setup", "000")
    after = cli("status", "--json")
    assert (after.code, after.document["well"], after.document["service"]["state"]) == (0, True, "not running")
    assert after.document["database"]["counts"]["subjects"] == 3
    assert "All is well." in cli("status").out
    assert cli("status", "--url", "http://127.0.0.1:1").code == 1


def test_an_issued_token_is_one_the_service_accepts(cli: Cli, folder: Path) -> None:
    done = cli(
        "token", "--role", "dpo", "--role", "auditor", "--tenant", "xiaomi", "--name", "dpo_one", "--amr", "pwd",
        "--amr", "otp", "--life", "30m", "--json",
    ).document  # fmt: skip
    settings = Settings(data_dir=folder / "var")
    issuer = BuiltinIssuer.open(settings.issuer_key_file, name=settings.issuer.name, audience=settings.issuer.audience)
    verifier = TokenVerifier(
        token_rules(settings), issuer.keys(), clock=lambda: datetime.now(UTC), alias=lambda _tenant, name: name
    )
    caller = asyncio.run(verifier.verify(done["token"]))
    assert caller.roles == frozenset({Role.DPO, Role.AUDITOR})
    assert (caller.tenant, caller.amr) == ("xiaomi", frozenset({"pwd", "otp"}))


def test_a_token_for_people_is_alone_on_standard_output(cli: Cli) -> None:
    done = cli("token", "--role", "scorer", "--tenant", "xiaomi", "--name", "limit_engine")
    assert done.out.count("\n") == 1
    assert done.out.count(".") == 2
    assert "valid until" in done.err


def test_production_issues_no_token(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    values: dict[str, Any] = {
        "YUMEN_ISSUER__KIND": "external",
        "YUMEN_ISSUER__NAME": "https://issuer.example",
        "YUMEN_ISSUER__AUDIENCE": "yumen",
        "YUMEN_ISSUER__JWKS_URL": "https://issuer.example/jwks.json",
    }
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    done = cli("token", "--role", "scorer", "--tenant", "xiaomi", "--name", "limit_engine")
    assert (done.code, len(done.err.splitlines())) == (2, 1)
    monkeypatch.setenv("YUMEN_MODE", "production")
    monkeypatch.setenv("YUMEN_ISSUER__KIND", "builtin")
    assert cli("token", "--role", "scorer", "--tenant", "xiaomi", "--name", "limit_engine").code == 2
