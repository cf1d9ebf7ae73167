package yumen.notice_test

import data.yumen.notice

test_notice if {
	notice.denied({"purpose": {"notice": "current"}}) == set()
	notice.denied({"purpose": {"notice": "missing"}}) == {"NOTICE_MISSING"}
	notice.denied({}) == {"NOTICE_MISSING"}
}
