package yumen.subject_test

import data.yumen.subject

test_known if subject.known({"status": "known"})

test_unknown[note] if {
	some note, who in {"unknown": {"status": "unknown"}, "absent": {}}
	subject.denied(who) == {"SUBJECT_UNKNOWN"}
}
