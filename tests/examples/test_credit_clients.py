"""The real clients: read whole, mapped by the rule the view states, never with a stored identity."""

import gzip
import hashlib

from catalog import load_views
from examples.credit_clients import DATA, VIEW, features, read_clients
from examples.lender import HERE

CLIENTS = list(read_clients())


def test_all_thirty_thousand_clients_are_there() -> None:
    assert len(CLIENTS) == 30_000
    assert len({client.person.id_card_no for client in CLIENTS}) == 30_000


def test_the_data_is_as_published() -> None:
    digest = hashlib.sha256(gzip.decompress(DATA.read_bytes())).hexdigest()
    assert digest == "a0f0ab49d6326671d6cd83be5c88dcf18007025fe9a53ecd699119c871176ca1"


def test_the_first_client_is_mapped_as_the_view_says() -> None:
    values = CLIENTS[0].values
    assert values["credit_limit"] == 20_000
    assert values["age_years"] == 24
    assert [values[f"repayment_status_m{month}"] for month in range(1, 7)] == [2, 2, -1, -1, -2, -2]
    assert [values[f"bill_amount_m{month}"] for month in range(1, 7)] == [3913, 3102, 689, 0, 0, 0]
    assert [values[f"paid_amount_m{month}"] for month in range(1, 7)] == [0, 689, 0, 0, 0, 0]
    assert (values["worst_status_6m"], values["late_months_6m"]) == (2, 2)
    assert (values["limit_use_percent"], values["paid_percent_6m"]) == (19, 8)


def test_round_numbers_of_the_data_set_are_read() -> None:
    assert max(client.values["credit_limit"] for client in CLIENTS) == 1_000_000


def test_every_value_is_a_feature_of_the_view() -> None:
    views = load_views(HERE / "002_mobile_small_loans" / "views.yaml", "weilidai")
    known = {feature.name for view in views if view.name == VIEW for feature in view.features}
    assert set().union(*(client.values for client in CLIENTS)) == known


def test_a_share_of_no_bills_is_absent() -> None:
    row = {"LIMIT_BAL": 100, "AGE": 30, "PAY_0": -2}
    row |= {f"PAY_{month}": -2 for month in range(2, 7)}
    row |= {f"{kind}_AMT{month}": 0 for kind in ("BILL", "PAY") for month in range(1, 7)}
    assert "paid_percent_6m" not in features(row)
