# METADATA
# title: The party that receives
# description: A handler, processor or bureau that stands in the register, within the time it was engaged for.
package yumen.recipient

import data.yumen.terms

# METADATA
# title: Reasons against the recipient of a call
denied(call) := {code |
	some code in ["PROCESSOR_OUT_OF_SCOPE"]
	denies(code, call)
}

# METADATA
# title: The recipient does not stand in the register, or in no known role
# custom: {code: RECIPIENT_UNKNOWN, article: PIPL 23}
unregistered(call) := {"RECIPIENT_UNKNOWN" | not known(call)}

# METADATA
# title: The recipient's engagement has ended
# custom: {code: PROCESSOR_OUT_OF_SCOPE, article: PIPL 21}
denies("PROCESSOR_OUT_OF_SCOPE", call) if not engaged(call)

known(call) if {
	terms.recipient_states[call.recipient.status]
	terms.roles[call.recipient.role]
}

engaged(call) if call.recipient.status == "active"
