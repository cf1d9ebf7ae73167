# METADATA
# title: Minors
# description: A child under 14 is protected by a guardian's consent; an unknown age is not taken for an adult's.
package yumen.minors

import data.yumen.terms

# METADATA
# title: The subject's age is not known
# custom: {code: AGE_UNKNOWN, article: PIPL 31}
denied(subject) := {"AGE_UNKNOWN" | not of_known_age(subject)}

of_known_age(subject) if terms.ages[subject.age]

# METADATA
# title: Age band that decides the rules for a subject
default band(_) := "standard"

band(subject) := "under_14" if subject.age == "under_14"

# METADATA
# title: Fields that may be released about a subject of an age band at all
# description: Some fields are not released about a child whoever agrees; the catalogue says which.
# custom: {code: MINOR_BLOCKED, article: PIPL 31}
releasable(_, "standard", fields) := fields

releasable(call, "under_14", _) := {name |
	some name, field in call.fields
	field.minors == "guardian"
}

# METADATA
# title: A child's consent was not given by a guardian
# custom: {code: NEEDS_GUARDIAN, article: PIPL 31}
falls_short("NEEDS_GUARDIAN", grant) if not by_guardian(grant)

by_guardian(grant) if grant.guardian == true

# METADATA
# title: What every consent of an age band needs
needs("standard") := set()

needs("under_14") := {"NEEDS_GUARDIAN"}

# METADATA
# title: Duties that go with a release to a reader
obligations("standard") := []

obligations("under_14") := ["guardian_notice"]
