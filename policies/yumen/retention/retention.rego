# METADATA
# title: Retention
# description: A value past its retention period is not read, though it may not have been purged yet.
package yumen.retention

# METADATA
# title: Fields past their retention period, of those asked for
# description: Without a readable list every field counts as expired.
# custom: {code: RETENTION_EXPIRED, article: PIPL 19}
expired(subject, fields) := fields & {name | some name in subject.expired} if {
	is_array(subject.expired)
} else := fields
