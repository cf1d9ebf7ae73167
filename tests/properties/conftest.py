"""A database that several replicas share."""

from collections.abc import Callable

import pytest


@pytest.fixture
def postgres_url(new_postgres: Callable[[], str]) -> str:
    return new_postgres()
