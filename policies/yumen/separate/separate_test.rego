package yumen.separate_test

import data.yumen.separate

call := {
	"client": {"region": "CN"},
	"fields": {"a": {"separate": false}, "b": {"separate": true}, "c": {}},
}

test_exempt if {
	separate.exempt(call, {"a", "b", "c"}) == {"a"}
	separate.exempt(object.union(call, {"client": {"region": "SG"}}), {"a"}) == set()
}

test_overridden if {
	separate.overridden({"purpose": {"basis": "contract", "basis_ref": true, "overrides": ["separate_on_consent_only"]}})
}

test_not_overridden[note] if {
	some note, purpose in {
		"consent": {"basis": "consent", "basis_ref": true, "overrides": ["separate_on_consent_only"]},
		"not cited": {"basis": "contract", "overrides": ["separate_on_consent_only"]},
		"not named": {"basis": "contract", "basis_ref": true, "overrides": []},
		"not a list": {"basis": "contract", "basis_ref": true, "overrides": {"x": "separate_on_consent_only"}},
	}
	{1 | separate.overridden({"purpose": purpose})} == set()
}

test_meets if {
	separate.meets({"form": "separate"})
	separate.meets({"form": "written"})
	separate.falls_short("NEEDS_SEPARATE", {"form": "general"})
	separate.falls_short("NEEDS_SEPARATE", {})
}
