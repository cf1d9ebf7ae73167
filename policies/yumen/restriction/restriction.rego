# METADATA
# title: Restriction
# description: Data that is kept only because the law says so is stored and protected, and nothing else (PIPL 47(2)).
package yumen.restriction

import data.yumen.basis
import data.yumen.terms

# METADATA
# title: The subject's data is held back, and the call does not rest on the duty it is held for
# description: A status that is not readable by name counts as held back.
# custom: {code: RESTRICTED_HOLD, article: PIPL 47(2)}
denied(asked, subject) := {"RESTRICTED_HOLD" | not readable(asked, subject)}

readable(_, subject) if subject.status == "known"

readable(asked, subject) if {
	subject.status == "restricted"
	asked.under_hold == true
}

# METADATA
# title: The call rests on a cited basis that outlasts a restriction
default admits(_) := false

admits(call) if {
	basis.beyond_consent(call)
	terms.hold_bases[call.purpose.basis]
}
