# METADATA
# title: The data subject
# description: A person the deployment knows; of anyone else, and of who was erased, there is nothing to release.
package yumen.subject

import data.yumen.terms

# METADATA
# title: Reasons against a subject of whom nothing is kept
denied(subject) := erased if {
	subject.status == "erased"
} else := unregistered(subject)

# METADATA
# title: The subject's data was erased
# custom: {code: SUBJECT_ERASED, article: PIPL 47}
erased := {"SUBJECT_ERASED"}

# METADATA
# title: The subject is not registered
# custom: {code: SUBJECT_UNKNOWN, article: PIPL 13}
unregistered(subject) := {"SUBJECT_UNKNOWN" | not known(subject)}

known(subject) if terms.subject_states[subject.status]
