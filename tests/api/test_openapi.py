"""The description is valid OpenAPI 3.1 that a client can be made from."""

import re
from typing import Any

import pytest
import schemathesis

from api.app import create_app
from api.settings import Settings
from tests.api.conftest import build

METHODS = {"get", "put", "post", "delete", "patch"}


def operations(document: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    return [
        (path, method, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
        if method in METHODS
    ]


@pytest.fixture
def document(embedded: Settings) -> dict[str, Any]:
    return build(embedded).openapi()


def test_the_document_is_valid(document: dict[str, Any]) -> None:
    assert document["openapi"].startswith("3.1")
    schema = schemathesis.openapi.from_dict(document)
    schema.validate()
    assert len(list(schema.get_all_operations())) == len(operations(document))


def test_every_operation_has_a_stable_id_a_tag_and_problems(embedded: Settings) -> None:
    document = create_app(embedded).openapi()
    ids = [operation["operationId"] for _, _, operation in operations(document)]
    assert len(ids) == len(set(ids))
    tags = {tag["name"] for tag in document["tags"]}
    for path, method, operation in operations(document):
        assert re.fullmatch(r"[a-z0-9_]+", operation["operationId"])
        assert set(operation["tags"]) <= tags, (path, method)
        assert operation["tags"]
        assert "application/problem+json" in operation["responses"]["default"]["content"]


def test_operations_of_callers_name_the_bearer_scheme(document: dict[str, Any]) -> None:
    assert document["components"]["securitySchemes"]["bearer"]["scheme"] == "bearer"
    public = {"/livez", "/readyz", "/metrics", "/problems", "/problems/{room}/{name}", "/test/break/{name}"}
    open_paths = {path for path, _, operation in operations(document) if "security" not in operation}
    assert open_paths <= public


def test_the_schema_that_repeats_input_is_not_part_of_it(document: dict[str, Any]) -> None:
    assert "HTTPValidationError" not in str(document)


def test_the_interactive_pages_are_closed_unless_open(embedded: Settings) -> None:
    paths = {getattr(route, "path", "") for route in create_app(embedded.model_copy(update={"docs": False})).routes}
    assert not paths & {"/docs", "/redoc", "/openapi.json"}
