package yumen.gate_test

import data.yumen.gate

call := {
	"client": {"status": "active", "purpose": true, "product": true, "max_form": "plain", "region": "CN"},
	"features": {"v:x": {
		"status": "known",
		"fields": ["a"],
		"provision": false,
		"form": "plain",
		"forms": ["flag", "plain"],
	}},
	"fields": {"a": {
		"status": "known",
		"pipl": "general",
		"class": "C1",
		"bases": ["contract"],
		"separate": false,
		"written": false,
		"minors": "guardian",
	}},
	"purpose": {
		"status": "active",
		"basis": "consent",
		"pipia": "live",
		"fields": ["a"],
		"necessity": [],
		"max_form": "plain",
		"overrides": [],
		"notice": "current",
		"foreign_authority": false,
	},
	"recipient": {"status": "active", "role": "lender", "transfer": "none"},
}

grant := {
	"state": "live",
	"notice": "current",
	"form": "general",
	"guardian": false,
	"fields": ["a"],
	"provision": false,
	"max_form": "plain",
}

person := {"status": "known", "age": "adult", "grants": [grant], "expired": []}

decided(asked, who) := answer.features["v:x"] if {
	[answer] := gate.decisions with input as {"calls": [asked], "requests": [{"call": 0, "subject": who}]}
}

denial(reasons) := {"form": "withheld", "grants": [], "obligations": [], "reasons": reasons}

release(form, grants) := {"form": form, "grants": grants, "obligations": [], "reasons": []}

test_decisions[note] if {
	some note, tc in {
		"released": {"call": {}, "subject": {}, "want": release("plain", [0])},
		"a stricter grant": {
			"call": {},
			"subject": {"grants": [object.union(grant, {"max_form": "masked"})]},
			"want": release("flag", [0]),
		},
		"a grant for no form": {
			"call": {},
			"subject": {"grants": [object.union(grant, {"max_form": "withheld"})]},
			"want": denial(["FORM_WITHHELD"]),
		},
		"the second grant serves": {
			"call": {},
			"subject": {"grants": [object.union(grant, {"state": "paused"}), grant]},
			"want": release("plain", [1]),
		},
		"withdrawn": {
			"call": {},
			"subject": {"grants": [object.union(grant, {"state": "withdrawn"})]},
			"want": denial(["GRANT_WITHDRAWN"]),
		},
		"past retention": {"call": {}, "subject": {"expired": ["a"]}, "want": denial(["RETENTION_EXPIRED"])},
		"not separate": {
			"call": {"fields": {"a": {"separate": true}}},
			"subject": {},
			"want": denial(["NEEDS_SEPARATE"]),
		},
		"no one grant meets all": {
			"call": {"fields": {"a": {"written": true}}, "features": {"v:x": {"provision": true}}},
			"subject": {"grants": [
				object.union(grant, {"form": "written"}),
				object.union(grant, {"form": "separate", "provision": true}),
			]},
			"want": denial(["NEEDS_SEPARATE_PROVISION", "NEEDS_WRITTEN"]),
		},
		"a child's own consent": {
			"call": {"purpose": {"necessity": ["a"]}},
			"subject": {"age": "under_14"},
			"want": denial(["NEEDS_GUARDIAN", "NEEDS_SEPARATE"]),
		},
		"a contract": {
			"call": {"purpose": {"basis": "contract", "basis_ref": true}},
			"subject": {"grants": []},
			"want": release("plain", []),
		},
		"outside the ceiling": {
			"call": {"purpose": {"fields": []}},
			"subject": {},
			"want": denial(["FIELD_OUTSIDE_CEILING"]),
		},
		"unclassified": {
			"call": {"fields": {"a": {"status": "unknown"}}},
			"subject": {},
			"want": denial(["UNCLASSIFIED"]),
		},
		"purpose unknown": {
			"call": {"purpose": {"status": "unknown"}},
			"subject": {},
			"want": denial(["PURPOSE_UNKNOWN"]),
		},
		"nobody": {"call": {}, "subject": {"status": "unknown"}, "want": denial(["SUBJECT_UNKNOWN"])},
	}
	decided(object.union(call, tc.call), object.union(person, tc.subject)) == tc.want
}

test_absent_subject_is_nobody if {
	answers := gate.decisions with input as {"calls": [call], "requests": [{"call": 0}]}
	answers == [{"features": {"v:x": denial(["SUBJECT_UNKNOWN"])}}]
}

test_empty_input_has_no_answers if {
	answers := gate.decisions with input as {}
	answers == []
}

test_request_without_call_has_no_features if {
	answers := gate.decisions with input as {"calls": [], "requests": [{"call": 0, "subject": person}]}
	answers == [{"features": {}}]
}
