"""OpenLineage events read: which columns there are, and what derives from what (docs/formats/openlineage.md).

Rules:
- an event only adds: a column, an edge, a higher grade; failed runs and "_deleted" facets take nothing away (I6);
- a column is our own where its dataset's namespace is `yumen://<tenant>`: dataset `fields` holds catalogue fields, any
  other dataset is a feature view; elsewhere it is a column outside, and the tag `yumen.field` says which catalogue
  field it holds;
- a column whose lineage is not told derives from every input of its event, by way of each dataset's column `*`: not to
  know is to be graded by the highest;
- names are printable ASCII without eight-digit-and-longer runs but dates, so that no person's number travels as one.

Standard: OpenLineage 1.x object model, column lineage facet, tags facet.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

from catalog import Catalog, digest, is_name
from lineage.errors import EventRefusedError
from lineage.graph.graph import FEATURE, FIELD, column_name
from lineage.graph.store_graph import NewColumn, NewEdge

OWN: Final = "yumen://"
FIELDS: Final = "fields"
WHOLE: Final = "*"
TAG_FIELD, TAG_GRADE = "yumen.field", "yumen.grade"
MAX_COLUMNS: Final = 5_000
MAX_NAME: Final = 512
_NAME = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?")
_DIGITS = re.compile(r"[0-9]{8,}")
_DATE = re.compile(r"(?:19|20)[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])")
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


Sources: TypeAlias = list[tuple[str, bool]]


@dataclass(frozen=True, slots=True)
class Told:
    """What an event tells."""

    columns: tuple[NewColumn, ...]
    edges: tuple[NewEdge, ...]

    @property
    def digest(self) -> str:
        """SHA-256 over the names of nodes and edges, 64 hex digits: what the ledger says was told."""
        columns = [[each.name, each.field, each.grade] for each in self.columns]
        return digest([columns, [[each.source, each.target] for each in self.edges]])


@dataclass(slots=True)
class _Reader:
    """Collects what one event tells about a tenant."""

    tenant: str
    catalog: Catalog
    columns: dict[str, NewColumn] = field(default_factory=dict)
    edges: dict[tuple[str, str], NewEdge] = field(default_factory=dict)

    def node(self, namespace: str, dataset: str, column: str) -> str:
        """The node of a column; notes it if it is one outside."""
        if namespace == OWN + self.tenant:
            if not is_name(dataset) or not is_name(column):
                raise EventRefusedError("namespace", "own datasets hold fields and features by name")
            name = FIELD + column if dataset == FIELDS else f"{FEATURE}{dataset}:{column}"
            if dataset != FIELDS and self.catalog.feature(self.tenant, f"{dataset}:{column}") is None:
                raise EventRefusedError("name", "no such feature")
            if dataset == FIELDS and column not in self.catalog.fields:
                raise EventRefusedError("name", "no such field")
            return name
        name = column_name(namespace, dataset, column)
        if name not in self.columns:
            if len(self.columns) >= MAX_COLUMNS:
                raise EventRefusedError("inputs", "too many columns in one event")
            self.columns[name] = NewColumn(name, f"{namespace}/{dataset}#{column}")
        return name

    def edge(self, source: str, target: str, *, masking: bool = False) -> None:
        """Note an edge; own fields and features derive from nothing outside."""
        if target.startswith((FIELD, FEATURE)):
            raise EventRefusedError("outputs", "own fields and features are declared in the catalogue")
        if source != target:
            self.edges[source, target] = NewEdge(source, target, masking)

    def datasets(self, inputs: Sequence[Any], outputs: Sequence[Any]) -> None:
        """Read all datasets of an event."""
        wholes = [self._input(each) for each in inputs]
        for each in outputs:
            self._output(each, [whole for whole in wholes if whole])

    def _input(self, given: Any) -> str | None:
        """Read an input; its column `*` gathers its columns."""
        namespace, name, facets = _dataset(given)
        nodes = [self.node(namespace, name, column) for column in _schema(facets)]
        self._tags(facets, namespace, name)
        if namespace == OWN + self.tenant:
            return self._own_whole(name, nodes)
        whole = self.node(namespace, name, WHOLE)
        for node in nodes:
            self.edge(node, whole)
        return whole

    def _own_whole(self, name: str, nodes: Sequence[str]) -> str | None:
        """All of an own dataset: a feature view stands for its features, or for those that are named."""
        if name == FIELDS and not nodes:
            raise EventRefusedError("inputs", "name the fields in the schema facet")
        features = [f"{FEATURE}{f.full_name}" for v in self.catalog.views_of(self.tenant) for f in v.features]
        wanted = nodes or [node for node in features if node.startswith(f"{FEATURE}{name}:")]
        if not wanted:
            raise EventRefusedError("name", "no such feature view")
        whole = column_name(OWN + self.tenant, name, WHOLE)
        self.columns[whole] = NewColumn(whole, f"{OWN}{self.tenant}/{name}#{WHOLE}")
        for node in wanted:
            self.edge(node, whole)
        return whole

    def _output(self, given: Any, wholes: Sequence[str]) -> None:
        namespace, name, facets = _dataset(given)
        told, everywhere = self._column_lineage(facets)
        for column in dict.fromkeys([*_schema(facets), *told]):
            target = self.node(namespace, name, column)
            sources = [*told.get(column, ()), *everywhere] if column in told or everywhere else []
            for source, masking in sources or [(whole, False) for whole in wholes]:
                self.edge(source, target, masking=masking)
        if wholes or everywhere:
            whole = self.node(namespace, name, WHOLE)
            for source in wholes:
                self.edge(source, whole)
        self._tags(facets, namespace, name)

    def _column_lineage(self, facets: Mapping[str, Any]) -> tuple[dict[str, Sources], Sources]:
        facet = _table(facets.get("columnLineage", {}), "columnLineage")
        if facet.get("_deleted") is True:
            return {}, []
        told: dict[str, Sources] = {}
        for column, part in _table(facet.get("fields", {}), "columnLineage.fields").items():
            given = _listed(_table(part, "columnLineage.fields").get("inputFields", []), "inputFields")
            told[_named(column, "columnLineage.fields")] = [self._source(each) for each in given]
        return told, [self._source(each) for each in _listed(facet.get("dataset", []), "columnLineage.dataset")]

    def _source(self, given: Any) -> tuple[str, bool]:
        part = _table(given, "inputFields")
        names = [_named(part.get(key), f"inputFields.{key}") for key in ("namespace", "name", "field")]
        ways = _listed(part.get("transformations", []), "transformations")
        masking = any(_table(way, "transformations").get("masking") is True for way in ways)
        return self.node(*names), masking

    def _tags(self, facets: Mapping[str, Any], namespace: str, name: str) -> None:
        for given in _listed(_table(facets.get("tags", {}), "tags").get("tags", []), "tags"):
            tag = _table(given, "tags")
            key, column = tag.get("key"), tag.get("field")
            if key not in (TAG_FIELD, TAG_GRADE) or column is None or namespace == OWN + self.tenant:
                continue
            node = self.node(namespace, name, _named(column, "tags.field"))
            known = self.columns[node]
            if key == TAG_GRADE:
                grade = _grade(tag.get("value"))
                self.columns[node] = NewColumn(node, known.label, known.field, max(grade, known.grade or 1))
            else:
                value = tag.get("value")
                if not isinstance(value, str) or value not in self.catalog.fields:
                    raise EventRefusedError("tags.value", "no such catalogue field")
                self.columns[node] = NewColumn(node, known.label, value, known.grade)
                self.edge(FIELD + value, node)


def read_event(event: Mapping[str, Any], *, tenant: str, catalog: Catalog) -> Told:
    """Read a RunEvent, JobEvent or DatasetEvent.

    Raises: EventRefusedError: a part is missing or has the wrong form; it names the member, not what stood there.
    """
    reader = _Reader(tenant, catalog)
    if "dataset" in event:
        reader.datasets([], [event["dataset"]])
    else:
        job = _table(event.get("job"), "job")
        for key in ("namespace", "name"):
            _named(job.get(key), f"job.{key}")
        if "run" in event and not _UUID.fullmatch(str(_table(event["run"], "run").get("runId")).lower()):
            raise EventRefusedError("run.runId", "must be a UUID")
        reader.datasets(_listed(event.get("inputs", []), "inputs"), _listed(event.get("outputs", []), "outputs"))
    return Told(tuple(reader.columns.values()), tuple(reader.edges.values()))


def _dataset(given: Any) -> tuple[str, str, Mapping[str, Any]]:
    part = _table(given, "dataset")
    facets = part.get("facets")
    return (
        _named(part.get("namespace"), "dataset.namespace"),
        _named(part.get("name"), "dataset.name"),
        _table({} if facets is None else facets, "facets"),
    )


def _schema(facets: Mapping[str, Any]) -> list[str]:
    return list(_columns(_table(facets.get("schema", {}), "schema").get("fields", []), ""))


def _columns(given: Any, above: str) -> Iterator[str]:
    """The columns of a schema; nested ones are joined by dots."""
    for each in _listed(given, "schema.fields"):
        part = _table(each, "schema.fields")
        name = above + _named(part.get("name"), "schema.fields.name")
        yield name
        yield from _columns(part.get("fields", []), f"{name}.")


def _named(given: Any, member: str) -> str:
    if not isinstance(given, str) or len(given) > MAX_NAME or not _NAME.fullmatch(given):
        raise EventRefusedError(member, "must be 1 to 512 printable ASCII characters")
    if any(not _DATE.fullmatch(run) for run in _DIGITS.findall(given)):
        raise EventRefusedError(member, "holds a long number that is no date")
    return given


def _table(given: Any, member: str) -> Mapping[str, Any]:
    if not isinstance(given, dict):
        raise EventRefusedError(member, "must be an object")
    return given


def _listed(given: Any, member: str) -> Sequence[Any]:
    if given is None:
        return []
    if not isinstance(given, list):
        raise EventRefusedError(member, "must be a list")
    return given


def _grade(given: Any) -> int:
    if given not in ("1", "2", "3", "4", "5", 1, 2, 3, 4, 5) or isinstance(given, bool):
        raise EventRefusedError("tags.value", "must be a grade from 1 to 5")
    return int(given)
