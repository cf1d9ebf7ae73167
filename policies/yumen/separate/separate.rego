# METADATA
# title: Separate consent
# description: For sensitive fields, fields catalogued so, children under 14 and reads from abroad; whatever the basis,
#   unless the purpose carries the named override, which counts only for a cited basis other than consent.
package yumen.separate

import data.yumen.basis
import data.yumen.crossborder

# METADATA
# title: Fields for which general consent is enough
exempt(call, ordinary) := {name |
	crossborder.domestic(call)
	some name in ordinary
	call.fields[name].separate == false
}

# METADATA
# title: The purpose asks for separate consent only where consent is the basis
overridden(call) if {
	is_array(call.purpose.overrides)
	"separate_on_consent_only" in call.purpose.overrides
	basis.beyond_consent(call)
}

# METADATA
# title: The consent is not separate
# custom: {code: NEEDS_SEPARATE, article: "PIPL 29, 39"}
falls_short("NEEDS_SEPARATE", grant) if not meets(grant)

meets(grant) if grant.form in {"separate", "written"}
