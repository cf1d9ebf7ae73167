package yumen.c3_test

import data.yumen.c3

test_releasable if {
	c3.releasable({"fields": {
		"a": {"class": "C1"},
		"b": {"class": "C3"},
		"c": {},
		"d": {"class": "none"},
	}}) == {"a", "d"}
}
