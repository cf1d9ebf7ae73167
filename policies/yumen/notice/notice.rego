# METADATA
# title: Notice
# description: The purpose has a notice in force with every item that the law asks for.
package yumen.notice

# METADATA
# title: Reasons against the notice of a call
denied(call) := {code |
	some code in ["NOTICE_MISSING"]
	denies(code, call)
}

# METADATA
# title: No notice in force
# custom: {code: NOTICE_MISSING, article: "PIPL 17, 30"}
denies("NOTICE_MISSING", call) if not in_force(call)

in_force(call) if call.purpose.notice == "current"
