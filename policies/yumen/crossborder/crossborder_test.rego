package yumen.crossborder_test

import data.yumen.crossborder

test_denied[note] if {
	some note, tc in {
		"at home": {"region": "CN", "transfer": "none", "foreign": false, "want": set()},
		"abroad": {"region": "SG", "transfer": "none", "foreign": false, "want": {"EXPORT_BLOCKED"}},
		"abroad under a contract": {"region": "SG", "transfer": "standard_contract", "foreign": false, "want": set()},
		"foreign authority": {"region": "CN", "transfer": "assessment", "foreign": true, "want": {"FOREIGN_AUTHORITY"}},
	}
	crossborder.denied({
		"client": {"region": tc.region},
		"purpose": {"foreign_authority": tc.foreign},
		"recipient": {"transfer": tc.transfer},
	}) == tc.want
}

test_absence_denies if crossborder.denied({}) == {"EXPORT_BLOCKED", "FOREIGN_AUTHORITY"}
