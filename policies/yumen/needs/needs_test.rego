package yumen.needs_test

import data.yumen.needs

call := {
	"client": {"region": "CN"},
	"fields": {
		"a": {"separate": false, "written": false},
		"b": {"separate": true, "written": false},
		"c": {"separate": false, "written": true},
	},
	"purpose": {"basis": "consent"},
}

contract := object.union(call, {"purpose": {"basis": "contract", "basis_ref": true}})

overridden := object.union(contract, {"purpose": {"overrides": ["separate_on_consent_only"]}})

all := {"a", "b", "c"}

test_kinds[note] if {
	some note, tc in {
		"consent, inside": {
			"call": call,
			"band": "standard",
			"provision": false,
			"want": {"a": "general", "b": "separate", "c": "written"},
		},
		"consent, to another handler": {
			"call": call,
			"band": "standard",
			"provision": true,
			"want": {"a": "general_provision", "b": "separate_provision", "c": "written_provision"},
		},
		"contract": {
			"call": contract,
			"band": "standard",
			"provision": false,
			"want": {"b": "separate", "c": "written"},
		},
		"contract, a child": {
			"call": contract,
			"band": "under_14",
			"provision": false,
			"want": {"a": "general", "b": "separate", "c": "written"},
		},
		"override": {"call": overridden, "band": "standard", "provision": true, "want": {"c": "written"}},
	}
	found := needs.of(tc.call, tc.band, all, all)
	needs.of_feature({"provision": tc.provision}, found, all) == tc.want
}

test_obligations[note] if {
	some note, tc in {
		"none": {"call": call, "band": "standard", "feature": {"provision": true}, "fields": {"b"}, "want": []},
		"a child": {
			"call": call,
			"band": "under_14",
			"feature": {"provision": false},
			"fields": {"a"},
			"want": ["guardian_notice"],
		},
		"freed field": {
			"call": overridden,
			"band": "standard",
			"feature": {"provision": false},
			"fields": {"b"},
			"want": ["separate_override"],
		},
		"freed provision": {
			"call": overridden,
			"band": "under_14",
			"feature": {"provision": true},
			"fields": {"a"},
			"want": ["guardian_notice", "separate_override"],
		},
		"nothing freed": {
			"call": overridden,
			"band": "standard",
			"feature": {"provision": false},
			"fields": {"a"},
			"want": [],
		},
	}
	found := needs.of(tc.call, tc.band, all, all)
	needs.obligations(tc.feature, found, tc.fields) == tc.want
}
