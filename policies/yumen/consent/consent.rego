# METADATA
# title: Consent
# description: A live grant under the current notice that lists the field; without one, why there is none.
package yumen.consent

import data.yumen.terms

# METADATA
# title: The consent counts today
live(grant) if {
	grant.state == "live"
	under_current_notice(grant)
	terms.consents[grant.form]
}

under_current_notice(grant) if grant.notice == "current"

# METADATA
# title: Fields of the grants that count, by position
standing(subject) := {position: listed(grant) |
	is_array(subject.grants)
	some position, grant in subject.grants
	live(grant)
}

# METADATA
# title: Fields that a grant lists
default listed(_) := set()

listed(grant) := {name | some name in grant.fields} if is_array(grant.fields)

# METADATA
# title: All grants by position, with the fields they list and why they do not count
history(subject) := {position: {"fields": listed(grant), "lapses": lapse(grant), "live": is_live(grant)} |
	is_array(subject.grants)
	some position, grant in subject.grants
}

default is_live(_) := false

is_live(grant) if live(grant)

# METADATA
# title: Why no grant that counts covers a field
# description: Never empty.
# custom: {code: NO_GRANT, article: "PIPL 13, 14"}
uncovered(grants, name) := codes if {
	codes := lapses(grants, name)
	count(codes) > 0
} else := {"NO_GRANT"}

# METADATA
# title: What became of the grants that list a field; of all grants, where none lists it and none counts
# custom: {code: FIELD_NOT_IN_GRANT, article: PIPL 14}
lapses(grants, name) := {code | some grant in grants; grant.fields[name]; some code in grant.lapses} if {
	some grant in grants
	grant.fields[name]
} else := {"FIELD_NOT_IN_GRANT"} | {code |
	count({position | some position, grant in grants; grant.live}) == 0
	some grant in grants
	some code in grant.lapses
} if {
	count(grants) > 0
} else := set()

# METADATA
# title: Why one grant does not count
# custom: {code: GRANT_STALE_NOTICE, article: PIPL 14}
lapse(grant) := {code | code := terms.grant_states[grant.state]} | {"GRANT_STALE_NOTICE" |
	grant.state == "live"
	not under_current_notice(grant)
}
