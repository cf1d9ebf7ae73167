"""The process that scans what callers send: its own, so that a text that takes too long can be ended without harm.

Protocol: one JSON object a line on standard input, one a line on standard output, in turn. Nothing is logged or kept.

| request | answer |
| --- | --- |
| `{"op": "text", "text", "today", "engine"}` | `{"findings": [{kind, start, end, likelihood, score, reasons}],
"complete"}` |
| `{"op": "columns", "columns": [{name, comment, cells}], "fields", "today"}` | `{"columns": [...]}`, as results are
written; `fields` are documents of the fields that are not as shipped |
| a fault | `{"fault": name}` |

The engine `own` is `catalog.classify.values`; `presidio` carries the same rules through presidio-analyzer. Presidio is
loaded here by name and nowhere else.
"""

import json
import resource
import sys
import time
from collections.abc import Callable, Mapping
from datetime import date
from functools import cache
from importlib import import_module
from typing import Any, Final

from catalog.classify.columns.neighbours import ColumnSample
from catalog.classify.errors import TextTooLongError
from catalog.classify.results import classified, table_document
from catalog.classify.sources.sampling import TableSample, own_names
from catalog.classify.values.likelihood import Likelihood
from catalog.classify.values.rules import recognisers
from catalog.classify.values.scanning import scan
from catalog.field_format import decode_field
from catalog.fields import Field
from catalog.reading import ListedFaults, Part

MEMORY_B: Final = 2 << 30
BUDGET_S: Final = 3.0
ADAPTERS: Final = "catalog.classify.recognisers.adapters"


def main() -> None:
    """Answer requests until standard input ends."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_B, MEMORY_B))
    recognisers()
    for line in sys.stdin:
        sys.stdout.write(json.dumps(answered(json.loads(line)), ensure_ascii=False) + "\n")
        sys.stdout.flush()


def answered(request: Mapping[str, Any]) -> dict[str, Any]:
    """Answer one request."""
    today = date.fromisoformat(request["today"])
    try:
        match request["op"]:
            case "text":
                return _text(request["text"], today, request.get("engine", "own"))
            case "columns":
                return _columns(request["columns"], request.get("fields", []), today)
    except TextTooLongError:
        return {"fault": "text_too_long"}
    except ImportError:
        return {"fault": "part_missing"}
    return {"fault": "unknown_request"}


def _text(text: str, today: date, engine: str) -> dict[str, Any]:
    if engine == "presidio":
        return {"findings": _by_presidio(text, today), "complete": True}
    began = time.monotonic()
    found = scan(text, today, is_late=lambda: time.monotonic() - began > BUDGET_S)
    findings = [
        {
            "kind": one.kind,
            "start": one.start,
            "end": one.end,
            "likelihood": one.likelihood.word,
            "score": round(one.likelihood.score * 100),
            "reasons": list(one.reasons),
        }
        for one in found.findings
    ]
    return {"findings": findings, "complete": found.is_complete}


def _by_presidio(text: str, today: date) -> list[dict[str, Any]]:
    found = _analyzer(today).analyze(text, "zh", return_decision_process=True)
    return [
        {
            "kind": one.entity_type.removeprefix("CN_").lower(),
            "start": one.start,
            "end": one.end,
            "likelihood": _word(one.score),
            "score": round(one.score * 100),
            "reasons": list(one.recognition_metadata["reasons"]),
        }
        for one in sorted(found, key=lambda one: one.start)
    ]


@cache
def _analyzer(today: date) -> Any:
    make: Callable[..., Any] = import_module(ADAPTERS).analyzer
    return make(lambda: today)


def _word(score: float) -> str:
    return min(Likelihood, key=lambda step: abs(step.score - score)).word


def _columns(columns: list[dict[str, Any]], fields: list[Any], today: date) -> dict[str, Any]:
    names = own_names([each["name"].strip() for each in columns])
    samples = tuple(
        ColumnSample(name, each["cells"], each.get("comment") or "") for name, each in zip(names, columns, strict=True)
    )
    own = {field.name: field for field in map(_field, fields)}
    table = table_document(classified(TableSample("request", samples, None), today, own))
    return {"columns": table["columns"], "grade": table["grade"], "rules": table["rules"]}


def _field(document: Any) -> Field:
    return decode_field(Part(document, (), ListedFaults([])))


if __name__ == "__main__":
    main()
