# METADATA
# title: What a call asks of any subject
# description: The part of a decision that depends on the call alone, worked out once per call and age band.
package yumen.plan

import data.yumen.basis
import data.yumen.c3
import data.yumen.classification
import data.yumen.client
import data.yumen.crossborder
import data.yumen.forms
import data.yumen.minors
import data.yumen.needs
import data.yumen.notice
import data.yumen.purpose
import data.yumen.recipient
import data.yumen.restriction
import data.yumen.sensitive

# METADATA
# title: The plan of a call for an age band
# description: Per feature its standing reasons, fields, needs, form and duties; and the fields of each kind of need.
of(call, band) := {
	"band": band,
	"features": features,
	"fields": {name | some feature in features; some name in feature.fields},
	"kinds": {kind: names |
		some kind in {kind | some feature in features; some kind in feature.needs}
		names := {name | some feature in features; some name, kind in feature.needs}
	},
	"by_consent": by_consent(call),
	"under_hold": restriction.admits(call),
} if {
	features := feature_plans(call, band)
}

# METADATA
# title: The plans of the features by name
# description: Where client, purpose or recipient is not registered, that alone is said; nothing else can be judged.
feature_plans(call, band) := {name: refused_plan |
	some name, _ in classification.features(call)
} if {
	unregistered := strangers(call)
	count(unregistered) > 0
	refused_plan := refusal(unregistered)
} else := {name: feature_plan(feature, rules) |
	rules := field_rules(call, band)
	some name, feature in classification.features(call)
}

# METADATA
# title: Whoever of a call is not registered
strangers(call) := (client.unregistered(call) | purpose.unregistered(call)) | recipient.unregistered(call)

# METADATA
# title: Consent is the basis of the call, or nothing better is stated
default by_consent(_) := true

by_consent(call) := false if basis.beyond_consent(call)

# METADATA
# title: What the rules say of the fields of a call
field_rules(call, band) := {
	"band": band,
	"known": known,
	"limit": forms.ceiling(call),
	"needs": needs.of(call, band, known, ordinary),
	"reasons": against_call(call),
	"refused": {code: names |
		some code, names in {
			"C3_NEVER": known - c3.releasable(call),
			"FIELD_OUTSIDE_CEILING": known - purpose.ceiling(call),
			"MINOR_BLOCKED": known - minors.releasable(call, band, known),
			"NECESSITY_MISSING": known - sensitive.justified(call, ordinary),
			"NO_BASIS": known - basis.admitted(call, known),
		}
		count(names) > 0
	},
} if {
	known := classification.fields(call)
	ordinary := sensitive.ordinary(call, band)
}

# METADATA
# title: Reasons that hold against every feature of a call
against_call(call) := union({
	basis.denied(call),
	client.denied(call),
	crossborder.denied(call),
	notice.denied(call),
	purpose.denied(call),
	recipient.denied(call),
})

# METADATA
# title: The plan of one feature
feature_plan(feature, rules) := {
	"feature": feature,
	"fields": fields,
	"form": best.form,
	"limit": limit,
	"needs": needs.of_feature(feature, rules.needs, fields),
	"obligations": needs.obligations(feature, rules.needs, fields),
	"reasons": standing_reasons(rules, fields, best.reasons),
} if {
	fields := classification.sources(feature, rules.known)
	limit := forms.limit(feature, rules.limit)
	best := forms.chosen(feature, limit)
} else := refusal(rules.reasons | {"UNCLASSIFIED"})

# METADATA
# title: The plan of a feature of which nothing more is asked
refusal(reasons) := {"fields": set(), "needs": {}, "reasons": reasons}

standing_reasons(rules, fields, against_form) := rules.reasons if {
	against_form == set()
	count(rules.refused) == 0
} else := (rules.reasons | against_form) | {code |
	some code, names in rules.refused
	count(names & fields) > 0
}

# METADATA
# title: The answer for a feature that is not released
denial(reasons) := {"form": "withheld", "grants": [], "obligations": [], "reasons": sort(reasons)}
