package yumen.minors_test

import data.yumen.minors

test_age[note] if {
	some note, tc in {
		"adult": {"subject": {"age": "adult"}, "band": "standard", "denied": set()},
		"minor": {"subject": {"age": "minor"}, "band": "standard", "denied": set()},
		"child": {"subject": {"age": "under_14"}, "band": "under_14", "denied": set()},
		"unknown": {"subject": {"age": "unknown"}, "band": "standard", "denied": {"AGE_UNKNOWN"}},
		"absent": {"subject": {}, "band": "standard", "denied": {"AGE_UNKNOWN"}},
	}
	minors.band(tc.subject) == tc.band
	minors.denied(tc.subject) == tc.denied
}

test_releasable if {
	call := {"fields": {"a": {"minors": "guardian"}, "b": {"minors": "block"}, "c": {}, "d": {"minors": true}}}
	minors.releasable(call, "standard", {"a", "b"}) == {"a", "b"}
	minors.releasable(call, "under_14", {"a", "b", "c", "d"}) == {"a"}
}

test_bands if {
	minors.needs("standard") == set()
	minors.needs("under_14") == {"NEEDS_GUARDIAN"}
	minors.obligations("standard") == []
	minors.obligations("under_14") == ["guardian_notice"]
}

test_guardian if {
	minors.falls_short("NEEDS_GUARDIAN", {"guardian": false})
	minors.falls_short("NEEDS_GUARDIAN", {})
	minors.by_guardian({"guardian": true})
}
