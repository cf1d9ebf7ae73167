"""``yumen lineage`` and ``yumen export`` on a database of each kind."""

import json
from pathlib import Path

from lineage.log import VerifierKey
from tests.api.cli.conftest import Cli


def test_the_graph_is_asked_drawn_and_followed(both_databases: str, cli: Cli, folder: Path) -> None:
    del both_databases
    cli("setup", "000")
    assert cli("lineage", "follow", "--json").document["folded"] > 0
    assert cli("lineage", "follow", "--json").document["folded"] == 0
    reach = cli("lineage", "field", "zhima_score", "--tenant", "xiaomi", "--json").document
    assert (reach["subjects"], reach["recipients"]) == (0, {})
    assert int(reach["upto"]) > 0
    assert cli("lineage", "field", "no_such", "--tenant", "xiaomi").code == 2
    tree = cli("lineage", "graph", "--tenant", "xiaomi", "--field", "birth_date").out
    drawn = cli(
        "lineage", "graph", "--tenant", "xiaomi", "--field", "birth_date", "--svg", "age.svg", "--json"
    ).document
    assert drawn["root"] == "field/birth_date"
    assert "field" in tree
    assert (folder / "age.svg").read_text().startswith("<svg")
    assert cli("lineage", "graph", "--tenant", "xiaomi").code == 2
    assert cli("lineage", "grades", "--tenant", "xiaomi", "--json").document == {"columns": []}
    assert cli("lineage", "tasks", "--tenant", "xiaomi", "--json").document == {"tasks": []}
    assert cli("lineage", "emit", "--dry-run", "--json").document["events"] == 0
    assert cli("lineage", "emit").code == 2
    assert cli("lineage", "score", "sc_" + "a" * 26, "--tenant", "xiaomi").code == 2
    asked = cli("entries", "--tenant", "xiaomi", "--kind", "ledger.queried", "--json").document["entries"]
    assert {entry["filter"].get("of") for entry in asked} >= {"field", "graph", "tasks"}


def test_exports_are_written_once_checked_offline_and_refused_when_changed(
    both_databases: str, cli: Cli, folder: Path
) -> None:
    del both_databases
    ref = cli("setup", "000", "--json").document["people"]["lin"]
    log = cli("export", "query-log", "--tenant", "xiaomi", "--from", "2026-01-01", "--out", "log.csv", "--json")
    assert log.document["reads"] == 0
    assert (folder / "log.csv").read_text().startswith("entry,at,party")
    assert cli("export", "query-log", "--tenant", "xiaomi", "--from", "2026-01-01", "--out", "log.csv").code == 2
    made = cli("export", "evidence", "--tenant", "xiaomi", "--subject", ref, "--out", "pack.tar.gz", "--json").document
    checked = cli("export", "verify", "pack.tar.gz", "--json").document
    assert (checked["whole"], checked["digest"], checked["replayed"]) == (True, made["digest"], True)
    assert cli("export", "verify", "pack.tar.gz", "--with-key", "--json").document["authenticated"] is True
    assert "authentication codes checked  yes" in cli("export", "verify", "pack.tar.gz", "--with-key").out
    assert "证据包完整" in cli("export", "verify", "pack.tar.gz", "--lang", "zh").out
    exported = cli("entries", "--tenant", "xiaomi", "--kind", "ledger.exported", "--json").document["entries"]
    assert made["digest"] in {entry["about"] for entry in exported}
    cli("log", "run", "--once")
    proven = cli(
        "export", "evidence", "--tenant", "xiaomi", "--subject", ref, "--out", "proven.tar.gz", "--json"
    ).document
    assert proven["receipts"] == proven["entries"] > 0
    key = cli("log", "key", "--json").document["key"]
    checked = cli("export", "verify", "proven.tar.gz", "--log-key", key, "--json").document
    assert checked["receipts"] == proven["receipts"]
    foreign = VerifierKey("other.example/log", 1, b"\x07" * 32)
    refused = cli("export", "verify", "proven.tar.gz", "--log-key", foreign.text)
    assert (refused.code, "does not prove" in refused.err) == (1, True)
    (folder / "cut.tar.gz").write_bytes((folder / "pack.tar.gz").read_bytes()[:-200])
    refused = cli("export", "verify", "cut.tar.gz")
    assert (refused.code, len(refused.err.splitlines())) == (1, 1)
    assert cli("export", "evidence", "--tenant", "xiaomi", "--out", "none.tar.gz").code == 2
    assert not (folder / "none.tar.gz").exists()


def test_the_compliance_report_has_every_item_in_each_format(cli: Cli, folder: Path) -> None:
    cli("setup", "000")
    report = cli("export", "compliance", "--tenant", "xiaomi", "--json").document
    assert [item["item"] for item in report["items"]] == list(range(2, 21))
    page = cli("export", "compliance", "--tenant", "xiaomi").out
    assert "## 9. 自动化决策 / automated decisions" in page
    cli("export", "compliance", "--tenant", "xiaomi", "--format", "html", "--out", "report.html")
    assert "<h2>16. 删除" in (folder / "report.html").read_text()
    cli("export", "compliance", "--tenant", "xiaomi", "--format", "json", "--out", "report.json")
    assert json.loads((folder / "report.json").read_text())["tenant"] == "xiaomi"
