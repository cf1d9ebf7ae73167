"""Reads told to an OpenLineage server: summed up, never one event a read (docs/formats/openlineage.md).

Rules:
- one event for each client and purpose of a range of entries: what was asked of a view, how it ended, how often;
- the run facet `yumen_reads` names purpose, policy revisions and the range of entries, so that the exact reads are
  found in the ledger; it holds counts and names, no person;
- the same range gives the same run id: telling it twice is telling it once;
- what leaves is what the ledger says, nothing beside.

Standard: OpenLineage 2-0-2 (RunEvent), custom facets; schema: docs/formats/openlineage/yumen-reads-run-facet.json.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID, uuid5

from lineage.graph.openlineage import OWN

PRODUCER: Final = "https://yumen.example/ledger"
FACET: Final = "yumen_reads"
FACET_SCHEMA: Final = "https://yumen.example/openlineage/1-0-0/YumenReadsRunFacet.json#/$defs/YumenReadsRunFacet"
EVENT_SCHEMA: Final = "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent"
COLUMN_SCHEMA: Final = "https://openlineage.io/spec/facets/1-2-0/ColumnLineageDatasetFacet.json"
SCHEMA_SCHEMA: Final = "https://openlineage.io/spec/facets/1-1-1/SchemaDatasetFacet.json"
_NAMES: Final = UUID("6f1c0f3a-9d0e-5b7c-8a5d-2e1f00c0ffee")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class ReadsOf:
    """Reads of one range that are alike: who asked for what, how it ended, under which policy."""

    tenant: str
    client: str
    party: str | None
    purpose: str
    outcome: str
    policy: str
    shape: str
    count: int
    first: int
    last: int
    at_us: int


@dataclass(slots=True)
class _Sum:
    counts: Counter[str] = field(default_factory=Counter)
    policies: set[str] = field(default_factory=set)
    parties: set[str] = field(default_factory=set)
    shapes: set[str] = field(default_factory=set)
    first: int = 0
    last: int = 0
    at_us: int = 0


def events(
    reads: Iterable[ReadsOf], features: Mapping[tuple[str, str], Sequence[tuple[str, Sequence[str]]]]
) -> list[dict[str, Any]]:
    """The events of a range.

    Shape: features by (tenant, shape): what the shape releases, as (feature, fields).
    """
    sums: dict[tuple[str, str, str], _Sum] = {}
    for each in reads:
        total = sums.setdefault((each.tenant, each.client, each.purpose), _Sum())
        total.counts[each.outcome] += each.count
        total.policies.add(each.policy)
        total.shapes.add(each.shape)
        total.parties |= {each.party} if each.party else set()
        total.first = min(total.first or each.first, each.first)
        total.last = max(total.last, each.last)
        total.at_us = max(total.at_us, each.at_us)
    return [_event(key, total, features) for key, total in sorted(sums.items())]


def _event(
    key: tuple[str, str, str],
    total: _Sum,
    features: Mapping[tuple[str, str], Sequence[tuple[str, Sequence[str]]]],
) -> dict[str, Any]:
    tenant, client, purpose = key
    used = {name: tuple(fields) for shape in total.shapes for name, fields in features.get((tenant, shape), ())}
    namespace = OWN + tenant
    at = (_EPOCH + timedelta(microseconds=total.at_us)).isoformat(timespec="microseconds").replace("+00:00", "Z")
    facet = {
        "_producer": PRODUCER,
        "_schemaURL": FACET_SCHEMA,
        "purpose": purpose,
        "client": client,
        "recipients": sorted(total.parties),
        "policyRevisions": sorted(total.policies),
        "entries": {"first": str(total.first), "last": str(total.last)},
        "counts": {name: total.counts[name] for name in ("released", "partial", "denied", "dry_run")},
    }
    run = uuid5(_NAMES, "/".join((*key, str(total.first), str(total.last))))
    return {
        "eventType": "COMPLETE",
        "eventTime": at,
        "producer": PRODUCER,
        "schemaURL": EVENT_SCHEMA,
        "run": {"runId": str(run), "facets": {FACET: facet}},
        "job": {"namespace": namespace, "name": f"reads.{client}.{purpose}", "facets": {}},
        "inputs": [_input(namespace, view, sorted(used)) for view in sorted({n.partition(":")[0] for n in used})],
        "outputs": [_output(namespace, client, sorted(used))] if used else [],
    }


def _input(namespace: str, view: str, features: Sequence[str]) -> dict[str, Any]:
    names = [name.partition(":")[2] for name in features if name.startswith(f"{view}:")]
    return {"namespace": namespace, "name": view, "facets": {"schema": _schema(names)}}


def _output(namespace: str, client: str, features: Sequence[str]) -> dict[str, Any]:
    lineage = {}
    for name in features:
        view, _, feature = name.partition(":")
        source = {"namespace": namespace, "name": view, "field": feature, "transformations": []}
        lineage[name] = {"inputFields": [source]}
    facets = {
        "schema": _schema(features),
        "columnLineage": {"_producer": PRODUCER, "_schemaURL": COLUMN_SCHEMA, "fields": lineage},
    }
    return {"namespace": namespace, "name": f"released.{client}", "facets": facets}


def _schema(names: Sequence[str]) -> dict[str, Any]:
    return {"_producer": PRODUCER, "_schemaURL": SCHEMA_SCHEMA, "fields": [{"name": name} for name in names]}
