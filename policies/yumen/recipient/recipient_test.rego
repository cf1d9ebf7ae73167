package yumen.recipient_test

import data.yumen.recipient

test_recipient[note] if {
	some note, tc in {
		"active": {"recipient": {"status": "active", "role": "lender"}, "unregistered": set(), "denied": set()},
		"ended": {
			"recipient": {"status": "ended", "role": "processor"},
			"unregistered": set(),
			"denied": {"PROCESSOR_OUT_OF_SCOPE"},
		},
		"no role": {
			"recipient": {"status": "active"},
			"unregistered": {"RECIPIENT_UNKNOWN"},
			"denied": set(),
		},
		"nobody": {"recipient": {}, "unregistered": {"RECIPIENT_UNKNOWN"}, "denied": {"PROCESSOR_OUT_OF_SCOPE"}},
	}
	recipient.unregistered({"recipient": tc.recipient}) == tc.unregistered
	recipient.denied({"recipient": tc.recipient}) == tc.denied
}
