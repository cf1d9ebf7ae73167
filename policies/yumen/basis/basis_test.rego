package yumen.basis_test

import data.yumen.basis

test_denied[note] if {
	some note, tc in {
		"consent": {"purpose": {"basis": "consent"}, "want": set()},
		"cited contract": {"purpose": {"basis": "contract", "basis_ref": true}, "want": set()},
		"contract not cited": {"purpose": {"basis": "contract", "basis_ref": false}, "want": {"BASIS_NOT_CITED"}},
		"legitimate interest": {"purpose": {"basis": "legitimate_interest", "basis_ref": true}, "want": {"NO_BASIS"}},
		"absent": {"purpose": {}, "want": {"NO_BASIS", "BASIS_NOT_CITED"}},
	}
	basis.denied({"purpose": tc.purpose}) == tc.want
}

test_beyond_consent if {
	basis.beyond_consent({"purpose": {"basis": "hr", "basis_ref": true}})
	{1 | basis.beyond_consent({"purpose": {"basis": "hr"}})} == set()
	{1 | basis.beyond_consent({"purpose": {"basis": "consent", "basis_ref": true}})} == set()
}

test_admitted[note] if {
	fields := {"a": {"bases": ["contract"]}, "b": {"bases": []}, "c": {"bases": "contract"}, "d": {}}
	some note, tc in {
		"consent carries all": {"basis": "consent", "want": {"a", "b", "c", "d"}},
		"contract carries its own": {"basis": "contract", "want": {"a"}},
	}
	basis.admitted({"purpose": {"basis": tc.basis}, "fields": fields}, {"a", "b", "c", "d"}) == tc.want
}

test_no_basis_admits_nothing if basis.admitted({"fields": {"a": {"bases": ["contract"]}}}, {"a"}) == set()
