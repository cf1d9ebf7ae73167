import pytest

from tests.gate.erasing.world import Office, register
from tests.world import World


@pytest.fixture
def office(lender: World) -> Office:
    return Office(lender)


@pytest.fixture
async def person(lender: World) -> str:
    """A person with identifiers, values, a token and a consent."""
    return await register(lender)
