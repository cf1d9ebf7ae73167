# METADATA
# title: Release forms
# description: The strictest limit wins; of the forms a feature can take, the mildest that is within the limit.
package yumen.forms

import data.yumen.client
import data.yumen.purpose
import data.yumen.terms

# METADATA
# title: Mildest form that purpose and client allow, as a rank
ceiling(call) := min([purpose.form_rank(call), client.form_rank(call)])

# METADATA
# title: Mildest form that the catalogue and a ceiling allow a feature, as a rank
limit(feature, highest) := min([feature_rank(feature), highest])

# METADATA
# title: Rank of the mildest form the catalogue allows a feature
default feature_rank(_) := 0

feature_rank(feature) := terms.forms[feature.form]

# METADATA
# title: Rank of the mildest form a grant allows
default grant_rank(_) := 0

grant_rank(grant) := terms.forms[grant.max_form]

# METADATA
# title: The form of a release under a limit, or why there is none
chosen(feature, limit) := {"form": feature.form, "reasons": set()} if {
	limit > 0
	feature_rank(feature) == limit
	is_array(feature.forms)
	feature.form in feature.forms
} else := {"form": terms.form_names[best], "reasons": set()} if {
	best := max({rank |
		is_array(feature.forms)
		some form in feature.forms
		rank := terms.forms[form]
		rank > 0
		rank <= limit
	})
} else := {"form": "withheld", "reasons": {refusal(limit)}}

# METADATA
# title: A limit withholds the feature altogether
# custom: {code: FORM_WITHHELD, article: PIPL 6}
refusal(0) := "FORM_WITHHELD"

# METADATA
# title: The feature has no form as strict as the limit
# custom: {code: FORM_UNAVAILABLE, article: PIPL 6}
refusal(limit) := "FORM_UNAVAILABLE" if limit > 0
