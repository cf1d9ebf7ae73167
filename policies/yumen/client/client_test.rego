package yumen.client_test

import data.yumen.client

good := {"client": {"status": "active", "purpose": true, "product": true, "max_form": "bucket"}}

test_denied[note] if {
	some note, tc in {
		"in order": {"change": {}, "want": set()},
		"suspended": {"change": {"status": "suspended"}, "want": {"CLIENT_SUSPENDED"}},
		"other purpose": {"change": {"purpose": false}, "want": {"PURPOSE_MISMATCH"}},
		"other product": {"change": {"product": "yes"}, "want": {"PRODUCT_UNKNOWN"}},
	}
	client.denied(object.union(good, {"client": tc.change})) == tc.want
}

test_empty_call_is_denied if {
	client.denied({}) == {"CLIENT_SUSPENDED", "PURPOSE_MISMATCH", "PRODUCT_UNKNOWN"}
	client.unregistered({}) == {"CLIENT_SUSPENDED"}
	client.form_rank({}) == 0
}

test_known_client if {
	client.unregistered(good) == set()
	client.form_rank(good) == 2
}
