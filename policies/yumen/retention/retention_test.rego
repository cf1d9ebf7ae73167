package yumen.retention_test

import data.yumen.retention

test_expired[note] if {
	some note, tc in {
		"none": {"subject": {"expired": []}, "want": set()},
		"one of two": {"subject": {"expired": ["a", "z"]}, "want": {"a"}},
		"not said": {"subject": {}, "want": {"a", "b"}},
		"not a list": {"subject": {"expired": {}}, "want": {"a", "b"}},
	}
	retention.expired(tc.subject, {"a", "b"}) == tc.want
}
