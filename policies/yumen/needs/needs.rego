# METADATA
# title: What kind of consent each field of a feature needs
# description: The needs of the concerns put together; written satisfies separate satisfies general.
package yumen.needs

import data.yumen.basis
import data.yumen.minors
import data.yumen.provision
import data.yumen.separate
import data.yumen.terms
import data.yumen.written

# METADATA
# title: The needs of a call for an age band
# description: Fields that need written or separate consent, fields an override frees, and whether anybody must agree.
of(call, band, fields, ordinary) := {
	"agreement": agreement(call, band),
	"duties": minors.obligations(band),
	"overridden": overridden,
	"relaxed": {name | overridden; some name in apart},
	"separate": {name | not overridden; some name in apart},
	"written": fields - written.exempt(call),
} if {
	overridden := relaxes(call)
	apart := fields - separate.exempt(call, ordinary)
}

# METADATA
# title: Somebody has to agree, whatever further needs a field has
# description: The subject where consent is the basis; for a child under 14 a guardian, whatever the basis.
default agreement(_, _) := true

agreement(call, "standard") := false if basis.beyond_consent(call)

# METADATA
# title: A named override relaxes separate consent for this call
default relaxes(_) := false

relaxes(call) if separate.overridden(call)

# METADATA
# title: The fields of a feature that need a consent, with the kind they need
of_feature(feature, needs, fields) := {name: kind |
	some name in fields
	kind := terms.with_provision[kind_of(name, needs)]
} if {
	provided(feature, needs)
} else := {name: kind |
	some name in fields
	kind := kind_of(name, needs)
	wanted(kind, needs)
}

kind_of(name, needs) := "written" if {
	needs.written[name]
} else := "separate" if {
	needs.separate[name]
} else := "general"

# METADATA
# title: General consent is needed where somebody has to agree at all; the other kinds always
wanted(_, needs) if needs.agreement

wanted(kind, _) if terms.needs[kind][0]

# METADATA
# title: The feature goes to another handler and nothing relaxes the consent for that
provided(feature, needs) if {
	needs.overridden == false
	not provision.within(feature)
}

# METADATA
# title: Duties that go with a release of a feature
obligations(_, needs, _) := needs.duties if needs.overridden == false

obligations(feature, needs, fields) := sort({duty | some duty in needs.duties} | freed(feature, needs, fields)) if {
	needs.overridden == true
}

freed(feature, needs, fields) := {"separate_override"} if {
	count(needs.relaxed & fields) > 0
} else := {"separate_override" | not provision.within(feature)}
