package yumen.forms_test

import data.yumen.forms

test_chosen[note] if {
	some note, tc in {
		"own form": {"form": "bucket", "forms": ["flag", "bucket"], "limit": 2, "want": "bucket"},
		"stricter than own": {"form": "plain", "forms": ["flag", "bucket", "plain"], "limit": 3, "want": "bucket"},
		"own form missing": {"form": "bucket", "forms": ["flag", "plain"], "limit": 2, "want": "flag"},
	}
	chosen := forms.chosen({"form": tc.form, "forms": tc.forms}, tc.limit)
	chosen == {"form": tc.want, "reasons": set()}
}

test_refused[note] if {
	some note, tc in {
		"withheld": {"feature": {"form": "withheld", "forms": ["withheld", "flag"]}, "limit": 0, "want": "FORM_WITHHELD"},
		"no form so strict": {"feature": {"form": "plain", "forms": ["plain"]}, "limit": 1, "want": "FORM_UNAVAILABLE"},
		"no forms": {"feature": {"form": "plain"}, "limit": 5, "want": "FORM_UNAVAILABLE"},
		"not a list": {"feature": {"form": "flag", "forms": {"x": "flag"}}, "limit": 1, "want": "FORM_UNAVAILABLE"},
	}
	forms.chosen(tc.feature, tc.limit) == {"form": "withheld", "reasons": {tc.want}}
}

test_strictest_wins if {
	highest := forms.ceiling({"purpose": {"max_form": "masked"}, "client": {"max_form": "bucket"}})
	highest == 2
	forms.limit({"form": "plain"}, highest) == 2
	forms.limit({"form": "flag"}, highest) == 1
	forms.limit({}, highest) == 0
	forms.grant_rank({"max_form": "token"}) == 3
	forms.grant_rank({}) == 0
}
