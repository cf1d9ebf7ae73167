"""Written consent is due wherever a credit bureau stands on either side of a read."""

from dataclasses import replace
from datetime import UTC, datetime
from types import MappingProxyType

import pytest

from catalog import Catalog, load_views
from consent import Party, PartyRole, Registry
from gate.facts import CallKey, Config, microseconds, resolve
from tests import world
from tests.world import TENANT, VIEWS

NOW = datetime(2026, 11, 23, tzinfo=UTC)
KEY = CallKey(TENANT, "scoring", "credit_scoring", "cash_loan", ("behaviour:score_band", "behaviour:orders"))


def config(handler: PartyRole, recipient: PartyRole) -> Config:
    """The lender reads a view that another party holds; the roles of both are given."""
    views = VIEWS.replace("handler: lender", "handler: holder")
    catalog = Catalog.builtin()
    catalog = catalog.with_views(TENANT, load_views(views, TENANT, catalog=catalog))
    lender = replace(world.parties()[0], role=recipient)
    holder: Party = replace(lender, name="holder", role=handler)
    clients = {(TENANT, client.name): client for client in world.clients()}
    return Config(
        1,
        Registry(
            epoch=1,
            tenants=MappingProxyType({}),
            parties=MappingProxyType({(TENANT, "lender"): lender, (TENANT, "holder"): holder}),
            clients=MappingProxyType(clients),
            purposes=MappingProxyType({(TENANT, "credit_scoring"): world.purpose(NOW)}),
            notices=MappingProxyType({}),
            in_force=MappingProxyType({}),
        ),
        catalog,
    )


@pytest.mark.parametrize(
    ("handler", "recipient", "written"),
    [
        (PartyRole.LENDER, PartyRole.LENDER, False),
        (PartyRole.CREDIT_BUREAU, PartyRole.LENDER, True),
        (PartyRole.LENDER, PartyRole.CREDIT_BUREAU, True),
    ],
)
def test_a_score_needs_written_consent_with_a_bureau_on_either_side(
    handler: PartyRole, recipient: PartyRole, *, written: bool
) -> None:
    """征信业管理条例 18, 29: who queries a bureau and who reports to one needs it in writing."""
    call = resolve(KEY, config(handler, recipient), microseconds(NOW))
    assert call.document["fields"]["zhima_score"]["written"] is written
    assert call.document["fields"]["ecom_order_count"]["written"] is False
