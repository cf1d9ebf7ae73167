"""Grades as tags for catalogues in use: OpenLineage dataset facets, one dataset per table.

Standard: OpenLineage TagsDatasetFacet 1-0-0: tags of `key`, `value`, `source`, and `field` for a column. OpenMetadata
and DataHub read them from OpenLineage events. What a person confirmed stands before what a scan found; the tag
`classification` tells which it is: `confirmed`, `found`, or `unconfirmed` where the scan is not sure.
"""

from collections.abc import Mapping
from typing import Any, Final

SCHEMA: Final = "https://openlineage.io/spec/facets/1-0-0/TagsDatasetFacet.json#/$defs/TagsDatasetFacet"
SOURCE: Final = "YUMEN"
CONFIRMED: Final = ("classification", "confirmed")
FOUND: Final = ("classification", "found")
UNCONFIRMED: Final = ("classification", "unconfirmed")


def tags_document(document: Mapping[str, Any], *, producer: str) -> list[dict[str, Any]]:
    """Write a result as datasets with tags. Shape: producer is a URI."""
    return [
        {
            "namespace": document["source"],
            "name": table["name"],
            "facets": {"tags": {"_producer": producer, "_schemaURL": SCHEMA, "tags": _tags(table)}},
        }
        for table in document["tables"]
    ]


def _tags(table: Mapping[str, Any]) -> list[dict[str, str]]:
    found = [{"key": "grade", "value": str(table["grade"]), "source": SOURCE}]
    for column in table["columns"]:
        for key, value in _of_column(column):
            found.append({"key": key, "value": value, "source": SOURCE, "field": column["name"]})
    return found


def _of_column(column: Mapping[str, Any]) -> list[tuple[str, str]]:
    confirmed = column.get("confirmed")
    if confirmed is not None and confirmed["kind"] != column["kind"]:
        return [("grade", str(confirmed["grade"])), CONFIRMED, ("kind", confirmed["kind"])]
    if confirmed is None and not column["known"]:
        return [("grade", str(column["grade"])), UNCONFIRMED]
    grade, state = (column["grade"], FOUND) if confirmed is None else (confirmed["grade"], CONFIRMED)
    pairs = [("grade", str(grade)), state, ("kind", column["kind"])]
    if column["personal"]:
        pairs += [
            (part["regime"].replace(" ", "").replace("/", "_").lower(), part["given"]) for part in column["grades"]
        ]
    return pairs
