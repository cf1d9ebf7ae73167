"""The real OpenLineage client tells events to the real server, and reads what the service emits."""

import asyncio
import json
import socket
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import jsonschema_rs
import pytest
import uvicorn
from openlineage.client import OpenLineageClient
from openlineage.client.event_v2 import InputDataset, Job, OutputDataset, Run, RunEvent, RunState
from openlineage.client.facet_v2 import column_lineage_dataset, schema_dataset, tags_dataset
from openlineage.client.transport.http import ApiKeyTokenProvider, HttpConfig, HttpTransport
from openlineage.client.uuid import generate_new_uuid

from api.app import create_app
from api.server import server_config
from api.usecases.emitting import Server, emit_all, next_events
from catalog import Catalog
from lineage.errors import EventRefusedError
from lineage.graph import FACET, column_name, load_graph, read_event
from tests.api.routes.conftest import Lender
from tests.api.routes.samples import event

SCHEMA = json.loads(
    (Path(__file__).parents[3] / "docs/formats/openlineage/yumen-reads-run-facet.json").read_text(encoding="utf-8")
)
Fields = column_lineage_dataset.Fields
Source = column_lineage_dataset.InputField


@pytest.fixture
def port(lender: Lender) -> Iterator[int]:
    """The lender's application behind the real server."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(128)
        server = uvicorn.Server(server_config(create_app(lender.settings), lender.settings))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        while not server.started:
            thread.join(0.01)
        yield listening.getsockname()[1]
        server.should_exit = True
        thread.join()


def told_event() -> RunEvent:
    """raw.orders (tagged) -> mart.features -> a column without lineage of its own."""
    fields = {
        "days": Fields(inputFields=[Source("warehouse", "raw.orders", "overdue")]),
        "limit": Fields(inputFields=[Source("yumen://lender", "fields", "credit_limit")]),
    }
    output = OutputDataset(
        "warehouse",
        "mart.features",
        facets={
            "columnLineage": column_lineage_dataset.ColumnLineageDatasetFacet(fields=fields),
            "schema": schema_dataset.SchemaDatasetFacet(
                fields=[schema_dataset.SchemaDatasetFacetFields(name) for name in ("days", "limit", "other")]
            ),
        },
    )
    tag = tags_dataset.TagsDatasetFacetFields("yumen.field", "zhima_score", "STEWARD", "overdue")
    given = InputDataset(
        "warehouse",
        "raw.orders",
        facets={
            "tags": tags_dataset.TagsDatasetFacet(tags=[tag]),
            "schema": schema_dataset.SchemaDatasetFacet(fields=[schema_dataset.SchemaDatasetFacetFields("overdue")]),
        },
    )
    return RunEvent(
        eventType=RunState.COMPLETE,
        eventTime=datetime.now(UTC).isoformat(),
        run=Run(str(generate_new_uuid())),
        job=Job("warehouse", "nightly"),
        producer="https://example.com/pipeline",
        inputs=[given],
        outputs=[output],
    )


async def test_the_real_client_tells_what_derives_from_what(lender: Lender, port: int) -> None:
    token = lender.headers("steward")["Authorization"].removeprefix("Bearer ")
    config = HttpConfig(url=f"http://127.0.0.1:{port}", auth=ApiKeyTokenProvider({"apiKey": token}))
    client = OpenLineageClient(transport=HttpTransport(config))
    await asyncio.to_thread(client.emit, told_event())
    await asyncio.to_thread(client.emit, told_event())
    await asyncio.to_thread(client.close)
    async with lender.world.database.reading() as tx:
        graph = await load_graph(tx.connection, "lender", lender.world.catalog)
    judged, catalog = graph.judge(), lender.world.catalog
    node = {name: column_name("warehouse", "mart.features", name) for name in ("days", "limit", "other")}
    assert judged[node["days"]].fields == {"zhima_score"}
    assert judged[node["limit"]].fields == {"credit_limit"}
    assert judged[node["limit"]].grade == catalog.field("credit_limit").grade
    assert judged[node["other"]].fields == {"zhima_score"}
    assert judged[node["days"]].duties == judged["field/zhima_score"].duties
    received = await lender.call("auditor", "GET", "/v1/entries", params={"kind": "lineage.received"})
    assert len(received.json()["entries"]) == 1
    drawn = await lender.call("auditor", "GET", "/v1/lineage/graph", params={"field": "zhima_score"})
    assert node["other"] in {each["id"] for each in drawn.json()["nodes"]}


OWN_FIELD = {"namespace": "yumen://lender", "name": "fields", "field": "credit_limit"}
REFUSED: dict[str, dict[str, Any]] = {
    "job": {"job": None},
    "run.runId": {"run": {"runId": "13800138000"}},
    "dataset.name": {"outputs": [{"namespace": "w", "name": "13800138000"}]},
    "outputs": {
        "outputs": [{
            "namespace": "yumen://lender", "name": "fields",
            "facets": {"columnLineage": {"fields": {"zhima_score": {"inputFields": [OWN_FIELD]}}}},
        }]
    },
    "inputs": {"inputs": [{"namespace": "yumen://lender", "name": "fields"}]},
    "tags.value": {
        "inputs": [{
            "namespace": "w", "name": "n",
            "facets": {"tags": {"tags": [{"key": "yumen.field", "value": "no_such", "field": "c"}]}},
        }]
    },
}  # fmt: skip


@pytest.mark.parametrize("member", REFUSED)
def test_an_event_that_cannot_be_meant_is_refused_by_member(member: str) -> None:
    with pytest.raises(EventRefusedError) as refused:
        read_event({**event(), **REFUSED[member]}, tenant="lender", catalog=Catalog.builtin())
    assert refused.value.member in {member, "schema.fields.name", "columnLineage.fields"}
    assert "13800138000" not in str(refused.value)


async def test_an_event_with_a_number_of_a_person_is_refused_without_repeating_it(lender: Lender) -> None:
    answer = await lender.call("steward", "POST", "/api/v1/lineage", event("13800138000"))
    assert (answer.status_code, answer.json()["code"]) == (422, "lineage/event_refused")
    assert answer.json()["member"] == "dataset.name"
    assert "13800138000" not in answer.text


async def test_reads_are_emitted_summed_up_as_the_schema_says(lender: Lender) -> None:
    who, other = lender.world.subjects
    await lender.subject("POST", "/v1/grants", lender.grant())
    for people in ([who], [who, other], [who]):
        await lender.read(people)
    found, last = await next_events(lender.world.database)
    assert (await next_events(lender.world.database)) == (found, last)
    (emitted,) = found
    facet = emitted["run"]["facets"][FACET]
    assert jsonschema_rs.validator_for(SCHEMA).is_valid(facet)
    assert facet["counts"] == {"released": 3, "partial": 0, "denied": 1, "dry_run": 0}
    parsed = RunEvent(
        eventType=RunState[emitted["eventType"]],
        eventTime=emitted["eventTime"],
        run=Run(emitted["run"]["runId"]),
        job=Job(emitted["job"]["namespace"], emitted["job"]["name"]),
        producer=emitted["producer"],
        inputs=[InputDataset(each["namespace"], each["name"]) for each in emitted["inputs"]],
    )
    assert parsed.job.name == "reads.scoring.credit_scoring"
    text = json.dumps(found)
    assert who not in text
    assert "ps_" not in text


async def test_a_range_is_told_once_it_is_taken_and_again_if_it_was_not(lender: Lender) -> None:
    await lender.subject("POST", "/v1/grants", lender.grant())
    await lender.read([lender.world.subjects[0]])
    taken: list[dict[str, Any]] = []
    status = 503

    def answer(request: httpx.Request) -> httpx.Response:
        taken.append(json.loads(request.content))
        assert request.headers["Authorization"] == "Bearer secret"
        return httpx.Response(status)

    server = Server("http://lineage.example/api/v1/lineage", "secret")
    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as http:
        with pytest.raises(httpx.HTTPStatusError):
            await emit_all(lender.world.database, server, http)
        status = 201
        assert (await emit_all(lender.world.database, server, http)).events == 1
        assert (await emit_all(lender.world.database, server, http)).events == 0
    assert taken[0] == taken[1]
    assert len(taken) == 2
