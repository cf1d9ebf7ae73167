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
# title: Why no grant that counts covers a field
# description: Never empty.
# custom: {code: NO_GRANT, article: "PIPL 13, 14"}
uncovered(subject, name) := codes if {
	codes := lapses(subject, name)
	count(codes) > 0
} else := {"NO_GRANT"}

# METADATA
# title: What became of the grants that list a field; of all grants, where none lists it and none counts
# custom: {code: FIELD_NOT_IN_GRANT, article: PIPL 14}
lapses(subject, name) := {code |
	some grant in listing(subject, name)
	some code in lapse(grant)
} if {
	count(listing(subject, name)) > 0
} else := {"FIELD_NOT_IN_GRANT"} | {code |
	count(standing(subject)) == 0
	some grant in subject.grants
	some code in lapse(grant)
} if {
	is_array(subject.grants)
	count(subject.grants) > 0
} else := set()

listing(subject, name) := {grant |
	is_array(subject.grants)
	some grant in subject.grants
	listed(grant)[name]
}

# METADATA
# title: Why one grant does not count
# custom: {code: GRANT_STALE_NOTICE, article: PIPL 14}
lapse(grant) := {code | code := terms.grant_states[grant.state]} | {"GRANT_STALE_NOTICE" |
	grant.state == "live"
	not under_current_notice(grant)
}
