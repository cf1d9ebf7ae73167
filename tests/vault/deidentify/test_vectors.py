"""One table, its plan, its result and its report, to the byte: docs/formats/deidentification-report.md."""

import csv
import json
from pathlib import Path

import yaml

from vault.bulk.files import FileKind, open_source, writing_part
from vault.deid_plans import read_deid_plan
from vault.deidentify import deidentify

VECTORS = Path(__file__).parents[2] / "vectors" / "deidentify"


def test_the_published_table_comes_out_as_published(tmp_path: Path) -> None:
    source = open_source(VECTORS / "people.csv")
    [batch] = source.batches()
    plan = read_deid_plan(yaml.safe_load((VECTORS / "plan.yaml").read_text()), {})
    found = deidentify(batch, plan)
    report = json.dumps(found.report.document(), indent=1, sort_keys=True) + "\n"
    with writing_part(tmp_path / "result.csv", FileKind.CSV, found.table.schema) as writer:
        for part in found.table.to_batches():
            writer.write(part)
    result = (tmp_path / "result.csv").read_text()
    assert report == (VECTORS / "report.json").read_text()
    assert result == (VECTORS / "result.csv").read_text()


def test_the_published_report_can_be_counted_by_hand() -> None:
    report = json.loads((VECTORS / "report.json").read_text())
    with (VECTORS / "result.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    keys = [(row["age"], row["region"], row["job"]) for row in rows]
    sizes = {key: keys.count(key) for key in keys}
    assert report["classes"]["count"] == len(sizes)
    assert report["k"] == {"asked": 3, "measured": min(sizes.values())}
    assert report["risk"]["prosecutor"]["average"] == round(len(sizes) / len(rows), 6)
    assert (report["kept"], report["suppressed"]) == (len(rows), 21 - len(rows))
