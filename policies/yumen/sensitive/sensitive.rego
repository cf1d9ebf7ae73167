# METADATA
# title: Necessity of sensitive personal information
# description: Sensitive fields need a stated necessity; all information on a child under 14 is sensitive.
package yumen.sensitive

import data.yumen.terms

# METADATA
# title: Fields that are not sensitive, by the catalogue and the subject's age band
ordinary(call, "standard") := {name |
	some name, field in call.fields
	terms.ordinary_kinds[field.pipl]
}

ordinary(_, "under_14") := set()

# METADATA
# title: Fields whose necessity is stated, or need not be
# custom: {code: NECESSITY_MISSING, article: PIPL 28}
justified(call, ordinary_fields) := ordinary_fields | {name |
	is_array(call.purpose.necessity)
	some name in call.purpose.necessity
}
