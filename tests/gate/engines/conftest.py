"""Engines and one valid question for the tests of the engines."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from gate.engines import EmbeddedEngine, OpaEndpoint, OpaServerEngine, PolicyEngine
from tests.opa import opa_server, own_opa_server
from tests.policies.casebook import base

__all__ = ["opa_server", "own_opa_server"]


@pytest.fixture
def facts() -> dict[str, Any]:
    """A call and a subject for whom everything is in order."""
    return base()


@pytest.fixture(params=["embedded", "opa_server"])
async def engine(request: pytest.FixtureRequest) -> AsyncIterator[PolicyEngine]:
    if request.param == "embedded":
        opened: PolicyEngine = EmbeddedEngine()
    else:
        opened = OpaServerEngine(OpaEndpoint.of(request.getfixturevalue("opa_server").url))
    yield opened
    await opened.close()
