package yumen.restriction_test

import data.yumen.restriction

test_denied[note] if {
	some note, tc in {
		"known": {"hold": false, "subject": {"status": "known"}, "want": set()},
		"restricted": {"hold": false, "subject": {"status": "restricted"}, "want": {"RESTRICTED_HOLD"}},
		"restricted, by duty": {"hold": true, "subject": {"status": "restricted"}, "want": set()},
		"no status": {"hold": true, "subject": {}, "want": {"RESTRICTED_HOLD"}},
		"other status": {"hold": true, "subject": {"status": "held"}, "want": {"RESTRICTED_HOLD"}},
	}
	restriction.denied({"under_hold": tc.hold}, tc.subject) == tc.want
}

test_a_plan_that_does_not_say_is_no_duty if {
	restriction.denied({}, {"status": "restricted"}) == {"RESTRICTED_HOLD"}
}

test_admits[note] if {
	some note, tc in {
		"duty": {"purpose": {"basis": "statutory_duty", "basis_ref": true}, "want": true},
		"duty not cited": {"purpose": {"basis": "statutory_duty", "basis_ref": false}, "want": false},
		"contract": {"purpose": {"basis": "contract", "basis_ref": true}, "want": false},
		"consent": {"purpose": {"basis": "consent", "basis_ref": true}, "want": false},
		"none": {"purpose": {}, "want": false},
	}
	restriction.admits({"purpose": tc.purpose}) == tc.want
}
