package yumen.consent_test

import data.yumen.consent

grant := {"state": "live", "notice": "current", "form": "general", "fields": ["a"]}

test_standing if {
	consent.standing({"grants": [{"state": "paused"}, grant]}) == {1: {"a"}}
	consent.standing({"grants": {"x": grant}}) == {}
	consent.standing({}) == {}
}

test_listed if {
	consent.listed({"fields": ["a"]}) == {"a"}
	consent.listed({"fields": "a"}) == set()
}

test_uncovered[note] if {
	some note, tc in {
		"no grants": {"grants": [], "want": {"NO_GRANT"}},
		"withdrawn": {"grants": [object.union(grant, {"state": "withdrawn"})], "want": {"GRANT_WITHDRAWN"}},
		"stale": {"grants": [object.union(grant, {"notice": "stale"})], "want": {"GRANT_STALE_NOTICE"}},
		"no such state": {"grants": [object.union(grant, {"state": "eternal"})], "want": {"NO_GRANT"}},
		"not listed": {"grants": [object.union(grant, {"fields": ["b"]})], "want": {"FIELD_NOT_IN_GRANT"}},
		"refused at large": {
			"grants": [object.union(grant, {"state": "refused", "fields": []})],
			"want": {"FIELD_NOT_IN_GRANT", "GRANT_REFUSED"},
		},
		"two lapsed": {
			"grants": [object.union(grant, {"state": "paused"}), object.union(grant, {"state": "expired"})],
			"want": {"GRANT_EXPIRED", "GRANT_PAUSED"},
		},
	}
	consent.uncovered(consent.history({"grants": tc.grants}), "a") == tc.want
}

test_history_says_which_grants_count if {
	found := consent.history({"grants": [grant, {}]})
	found[0].live
	found[1] == {"fields": set(), "lapses": set(), "live": false}
}
