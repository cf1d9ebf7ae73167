# METADATA
# title: The data subject
# description: A person the deployment knows; of anyone else there is nothing to release.
package yumen.subject

# METADATA
# title: The subject is not registered
# custom: {code: SUBJECT_UNKNOWN, article: PIPL 13}
denied(subject) := {"SUBJECT_UNKNOWN" | not known(subject)}

known(subject) if subject.status == "known"
