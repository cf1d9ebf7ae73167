# METADATA
# title: Authentication data
# description: Fields of class C3 (passwords, card security codes, biometrics for authentication) are never released.
package yumen.c3

import data.yumen.terms

# METADATA
# title: Fields of a class that may be released at all
# custom: {code: C3_NEVER, article: JR/T 0171-2020}
releasable(call) := {name |
	some name, field in call.fields
	terms.classes[field.class]
}
