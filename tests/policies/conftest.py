"""Engines in the raw, for the policies' own tests."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.opa import opa_server
from tests.policies import oracle
from tests.policies.asking import RawEmbedded, RawServer

__all__ = ["opa_server"]

Ask = Callable[[Any], Any]


@pytest.fixture(scope="session")
def raw_embedded() -> Iterator[Ask]:
    engine = RawEmbedded()
    yield engine
    engine.close()


@pytest.fixture(scope="session")
def raw_server(opa_server: Any) -> Iterator[Ask]:
    engine = RawServer(opa_server)
    yield engine
    engine.close()


@pytest.fixture(params=["oracle", "embedded", "opa_server"])
def ask(request: pytest.FixtureRequest) -> Ask:
    """Each of the three ways to a decision."""
    if request.param == "oracle":
        return oracle.decisions
    name = {"embedded": "raw_embedded", "opa_server": "raw_server"}[request.param]
    found: Ask = request.getfixturevalue(name)
    return found
