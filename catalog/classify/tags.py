"""Grades as tags for catalogues in use: OpenLineage dataset facets, one dataset per table.

Standard: OpenLineage TagsDatasetFacet 1-0-0: tags of `key`, `value`, `source`, and `field` for a column. OpenMetadata
and DataHub read them from OpenLineage events.
"""

from collections.abc import Mapping
from typing import Any, Final

SCHEMA: Final = "https://openlineage.io/spec/facets/1-0-0/TagsDatasetFacet.json#/$defs/TagsDatasetFacet"
SOURCE: Final = "YUMEN"


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
    pairs = [("grade", str(column["grade"]))]
    if not column["known"]:
        return [*pairs, ("classification", "unconfirmed")]
    pairs.append(("kind", column["kind"]))
    if column["personal"]:
        pairs += [
            (part["regime"].replace(" ", "").replace("/", "_").lower(), part["given"]) for part in column["grades"]
        ]
    return pairs
