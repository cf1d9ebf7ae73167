package yumen.subject_test

import data.yumen.subject

test_known[status] if {
	some status in ["known", "restricted"]
	subject.known({"status": status})
	subject.denied({"status": status}) == set()
}

test_unknown[note] if {
	some note, who in {"unknown": {"status": "unknown"}, "absent": {}}
	subject.denied(who) == {"SUBJECT_UNKNOWN"}
}

test_erased if {
	not subject.known({"status": "erased"})
	subject.denied({"status": "erased"}) == {"SUBJECT_ERASED"}
}
