package yumen.sensitive_test

import data.yumen.sensitive

call := {
	"fields": {"a": {"pipl": "general"}, "b": {"pipl": "caution"}, "c": {"pipl": "sensitive"}, "d": {}},
	"purpose": {"necessity": ["c"]},
}

test_ordinary if {
	sensitive.ordinary(call, "standard") == {"a", "b"}
	sensitive.ordinary(call, "under_14") == set()
}

test_justified if {
	sensitive.justified(call, {"a", "b"}) == {"a", "b", "c"}
	sensitive.justified({"purpose": {"necessity": "c"}}, {"a"}) == {"a"}
}
