package yumen.written_test

import data.yumen.written

test_exempt if written.exempt({"fields": {"a": {"written": false}, "b": {"written": true}, "c": {}}}) == {"a"}

test_meets if {
	written.meets({"form": "written"})
	written.falls_short("NEEDS_WRITTEN", {"form": "separate"})
	written.falls_short("NEEDS_WRITTEN", {})
}
