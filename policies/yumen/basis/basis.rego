# METADATA
# title: Lawful basis
# description: One of the seven bases of PIPL article 13; every basis but consent cites its contract, statute or fact.
package yumen.basis

import data.yumen.terms

# METADATA
# title: Reasons against the basis of a call
denied(call) := {code |
	some code in ["NO_BASIS", "BASIS_NOT_CITED"]
	denies(code, call)
}

# METADATA
# title: The purpose states no lawful basis
# custom: {code: NO_BASIS, article: PIPL 13}
denies("NO_BASIS", call) if not stated(call)

# METADATA
# title: A basis other than consent is not backed by a reference
# custom: {code: BASIS_NOT_CITED, article: PIPL 13}
denies("BASIS_NOT_CITED", call) if not cited(call)

stated(call) if terms.bases[call.purpose.basis]

cited(call) if call.purpose.basis == "consent"

cited(call) if call.purpose.basis_ref == true

# METADATA
# title: The call rests on a stated and cited basis other than consent
beyond_consent(call) if {
	stated(call)
	call.purpose.basis != "consent"
	call.purpose.basis_ref == true
}

# METADATA
# title: Fields that may be processed on the basis of the call, of those asked for
# description: Consent carries every field; another basis only the fields catalogued for it.
# custom: {code: NO_BASIS, article: PIPL 13}
admitted(call, fields) := fields if {
	call.purpose.basis == "consent"
} else := {name |
	some name in fields
	is_array(call.fields[name].bases)
	call.purpose.basis in call.fields[name].bases
}
