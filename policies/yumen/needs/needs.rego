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
of(call, band, fields) := {
	"agreement": agreement(call, band),
	"overridden": overridden,
	"relaxed": {name | overridden; some name in apart},
	"separate": {name | not overridden; some name in apart},
	"written": fields - written.exempt(call),
} if {
	overridden := relaxes(call)
	apart := fields - separate.exempt(call, band)
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
# title: Fields of a feature by the kind of consent they need
by_kind(feature, needs, fields) := {kind: names |
	in_writing := fields & needs.written
	apart := (fields & needs.separate) - in_writing
	some plain, names in {
		"general": {name | needed(feature, needs); some name in ((fields - in_writing) - apart)},
		"separate": apart,
		"written": in_writing,
	}
	count(names) > 0
	kind := variant(feature, needs, plain)
}

needed(_, needs) if needs.agreement

needed(feature, needs) if provided(feature, needs)

# METADATA
# title: The feature goes to another handler and nothing relaxes the consent for that
provided(feature, needs) if {
	needs.overridden == false
	not provision.within(feature)
}

variant(feature, needs, plain) := terms.with_provision[plain] if {
	provided(feature, needs)
} else := plain

# METADATA
# title: Duties that go with a release of a feature
obligations(feature, needs, band, fields) := minors.obligations(band) | {"separate_override" |
	needs.overridden
	freed(feature, needs, fields)
}

freed(_, needs, fields) if count(needs.relaxed & fields) > 0

freed(feature, _, _) if not provision.within(feature)
