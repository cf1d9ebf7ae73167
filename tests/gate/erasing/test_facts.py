"""The status of a person reaches the policy, however many grants they have."""

import pytest

from gate.facts import CallKey, GrantRow, SubjectRow, resolve, subject_facts
from tests.gate.asking import configuration
from tests.world import FEATURES, TENANT, World


@pytest.mark.parametrize("grants", [0, 1, 2])
async def test_a_restricted_person_is_restricted_with_any_number_of_grants(lender: World, grants: int) -> None:
    call = resolve(CallKey(TENANT, "scoring", "credit_scoring", "cash_loan", FEATURES), await configuration(lender), 1)
    grant = GrantRow("gr_a", 1, "live", "written", None, 0, "[]", "plain", 0, None, call.material, "", None)
    row = SubjectRow("sub_a", 1, "ps_a", "adult", None, "restricted", 0, 0, 0, "", None, 0, (grant,) * grants)
    facts, _ = subject_facts(row, call, 1)
    assert facts.status == "restricted"
    assert len(facts.grants) == grants
