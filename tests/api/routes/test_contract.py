"""The description keeps its word: random requests in every role, drawn from the OpenAPI document itself."""

import socket
import threading
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
import schemathesis
import uvicorn
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from api.app import create_app
from api.cli.serving import opened
from api.identity import Role
from api.server import server_config
from api.service import open_issuer
from api.settings import Settings
from tests.api.routes.conftest import FACTORS, Lender

EXAMPLES = 15
CHECKS = (
    schemathesis.checks.not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
)


@pytest.fixture
def port(idle: Lender) -> Iterator[int]:
    """The lender's application behind the real server, which writes the log as well."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(128)
        app = create_app(idle.settings, opener=lambda: opened(idle.settings, app.state.metrics))
        server = uvicorn.Server(server_config(app, idle.settings))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        while not server.started:
            thread.join(0.01)
        yield listening.getsockname()[1]
        server.should_exit = True
        thread.join()


def tokens(lender_settings: Settings, subject: str) -> dict[str, str]:
    """A token of each role, with a second factor."""
    issuer, now = open_issuer(lender_settings), datetime.now(UTC)
    names = {"scorer": "scoring", "subject": subject}
    return {
        role: issuer.issue(
            tenant="lender", roles=[Role(role)], name=names.get(role, "someone"), now=now, token_id="t", amr=FACTORS
        )
        for role in Role
    }


async def test_every_answer_is_as_the_description_says(idle: Lender, port: int) -> None:
    base = f"http://127.0.0.1:{port}"
    known = tokens(idle.settings, idle.world.subjects[0])
    document = schemathesis.openapi.from_dict(create_app(idle.settings).openapi())
    document.config.update(base_url=base)
    statuses: Counter[int] = Counter()
    for found in document.get_all_operations():
        operation = found.ok()

        @given(case=operation.as_strategy(), role=st.sampled_from(sorted(known)))
        @settings(
            max_examples=EXAMPLES,
            deadline=None,
            derandomize=True,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        def holds(case: schemathesis.Case, role: str) -> None:
            answer = case.call_and_validate(headers={"Authorization": f"Bearer {known[role]}"}, checks=CHECKS)
            statuses[answer.status_code] += 1

        holds()
    assert statuses.total() > 300
    assert statuses.keys() >= {200, 403, 404, 422}
