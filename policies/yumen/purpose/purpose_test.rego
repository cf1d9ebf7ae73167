package yumen.purpose_test

import data.yumen.purpose

test_purpose[note] if {
	some note, tc in {
		"in force": {"purpose": {"status": "active", "pipia": "live"}, "unregistered": set(), "denied": set()},
		"inactive": {
			"purpose": {"status": "inactive", "pipia": "live"},
			"unregistered": set(),
			"denied": {"PURPOSE_INACTIVE"},
		},
		"assessment expired": {
			"purpose": {"status": "active", "pipia": "expired"},
			"unregistered": set(),
			"denied": {"PIPIA_MISSING"},
		},
		"absent": {
			"purpose": {},
			"unregistered": {"PURPOSE_UNKNOWN"},
			"denied": {"PURPOSE_INACTIVE", "PIPIA_MISSING"},
		},
	}
	purpose.unregistered({"purpose": tc.purpose}) == tc.unregistered
	purpose.denied({"purpose": tc.purpose}) == tc.denied
}

test_ceiling if {
	purpose.ceiling({"purpose": {"fields": ["a", "b"]}}) == {"a", "b"}
	purpose.ceiling({"purpose": {"fields": {"x": "a"}}}) == set()
	purpose.ceiling({}) == set()
}

test_form_rank if {
	purpose.form_rank({"purpose": {"max_form": "plain"}}) == 5
	purpose.form_rank({"purpose": {"max_form": "all"}}) == 0
	purpose.form_rank({}) == 0
}
