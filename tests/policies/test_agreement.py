"""Random inputs are decided alike by the embedded engine, by an OPA server and by the oracle."""

import copy
import os
from collections.abc import Callable
from typing import Any

from hypothesis import HealthCheck, given, settings

from tests.policies import inputs, oracle

EXAMPLES = int(os.environ.get("YUMEN_EXAMPLES", "150"))
quick = settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)
Ask = Callable[[Any], Any]


@quick
@given(document=inputs.well_formed())
def test_well_formed_inputs_are_decided_alike(document: Any, raw_embedded: Ask, raw_server: Ask) -> None:
    expected = oracle.decisions(document)
    assert raw_embedded(document) == expected
    assert raw_server(document) == expected


@quick
@given(document=inputs.damaged())
def test_damaged_inputs_are_decided_alike(document: Any, raw_embedded: Ask, raw_server: Ask) -> None:
    expected = oracle.decisions(document)
    assert raw_embedded(document) == expected
    assert raw_server(document) == expected


@quick
@given(document=inputs.well_formed())
def test_every_asked_feature_is_decided_and_withheld_exactly_with_reasons(document: Any, raw_embedded: Ask) -> None:
    for request, answer in zip(document["requests"], raw_embedded(document), strict=True):
        assert answer["features"].keys() == document["calls"][request["call"]]["features"].keys()
        for decision in answer["features"].values():
            assert (decision["form"] == "withheld") == bool(decision["reasons"])


@quick
@given(document=inputs.well_formed())
def test_taking_any_grant_away_never_releases_more(document: Any, raw_embedded: Ask) -> None:
    before = raw_embedded(document)
    for place, request in enumerate(document["requests"]):
        for lost in range(len(request["subject"]["grants"])):
            fewer = copy.deepcopy(document)
            del fewer["requests"][place]["subject"]["grants"][lost]
            after = raw_embedded(fewer)[place]["features"]
            released = {name for name, decision in after.items() if not decision["reasons"]}
            assert all(
                not before[place]["features"][name]["reasons"] or _by_form(before[place]["features"][name])
                for name in released
            )


def _by_form(decision: Any) -> bool:
    """Whether only the form of the grant that was used stands against a release: without it, a milder grant is used."""
    return set(decision["reasons"]) <= {"FORM_WITHHELD", "FORM_UNAVAILABLE"}


@quick
@given(document=inputs.well_formed())
def test_a_request_is_decided_the_same_alone_and_in_a_batch(document: Any, raw_embedded: Ask) -> None:
    together = raw_embedded(document)
    alone = [raw_embedded({"calls": document["calls"], "requests": [request]})[0] for request in document["requests"]]
    assert together == alone
