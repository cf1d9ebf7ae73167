# METADATA
# title: Purpose limitation
# description: An approved purpose with a live impact assessment, and the ceiling of fields it may touch.
package yumen.purpose

import data.yumen.terms

# METADATA
# title: Reasons against the purpose of a call
denied(call) := {code |
	some code in ["PURPOSE_INACTIVE", "PIPIA_MISSING"]
	denies(code, call)
}

# METADATA
# title: The purpose is not registered
# custom: {code: PURPOSE_UNKNOWN, article: PIPL 6}
unregistered(call) := {"PURPOSE_UNKNOWN" | not known(call)}

# METADATA
# title: The purpose is registered but not in force
# custom: {code: PURPOSE_INACTIVE, article: PIPL 6}
denies("PURPOSE_INACTIVE", call) if not active(call)

# METADATA
# title: No live personal information protection impact assessment
# custom: {code: PIPIA_MISSING, article: PIPL 55-56}
denies("PIPIA_MISSING", call) if not assessed(call)

known(call) if terms.purpose_states[call.purpose.status]

active(call) if call.purpose.status == "active"

assessed(call) if call.purpose.pipia == "live"

# METADATA
# title: Fields that the purpose may touch
# custom: {code: FIELD_OUTSIDE_CEILING, article: PIPL 6}
ceiling(call) := {name |
	is_array(call.purpose.fields)
	some name in call.purpose.fields
}

# METADATA
# title: Mildest form the purpose needs, as a rank
default form_rank(_) := 0

form_rank(call) := terms.forms[call.purpose.max_form]
