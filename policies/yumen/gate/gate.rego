# METADATA
# title: The decisions
# description: One answer per request, in order; a feature is released only where no concern has a reason against it.
package yumen.gate

import data.yumen.forms
import data.yumen.grounds
import data.yumen.minors
import data.yumen.plan
import data.yumen.restriction
import data.yumen.retention
import data.yumen.subject

# METADATA
# title: Decisions on a batch of requests
# description: From calls[] and requests[] {call, subject} to an array of answers {features}; always defined.
# entrypoint: true
decisions := [answer(request) | some request in requests]

default requests := []

requests := input.requests if {
	is_array(input.requests)
	is_array(input.calls)
}

# METADATA
# title: The plans of the calls, per age band that occurs
plans := [{band: plan.of(call, band) | some band in bands} | some call in input.calls]

bands := {minors.band(person(request)) | some request in requests}

# METADATA
# title: The answer to one request
# description: A request that points to no call has no features to answer for.
default answer(_) := {"features": {}}

answer(request) := {"features": decide(asked, who)} if {
	who := person(request)
	asked := plans[request.call][minors.band(who)]
}

# METADATA
# title: The subject of a request; nobody, where none is given
default person(_) := {}

person(request) := request.subject

# METADATA
# title: Decisions on the features of a plan for a subject
# description: Of a person the deployment does not know nothing more is asked.
decide(asked, who) := {name: verdict(feature, found, reasons(feature, flaws)) |
	found := grounds.of(asked, who)
	flaws := flaws_of(asked, who, found)
	some name, feature in asked.features
} if {
	subject.known(who)
} else := {name: plan.denial(feature.reasons | subject.denied(who)) |
	some name, feature in asked.features
}

# METADATA
# title: What stands against a subject's features, besides the plan
flaws_of(asked, who, found) := {
	"consent": found.flaws,
	"expired": expired,
	"none": ((count(person_flaws) + count(expired)) + count(found.flaws)) == 0,
	"person": person_flaws,
} if {
	expired := retention.expired(who, asked.fields)
	person_flaws := minors.denied(who) | restriction.denied(asked, who)
}

# METADATA
# title: All reasons against a feature for a subject
reasons(feature, flaws) := feature.reasons if {
	flaws.none
} else := ((feature.reasons | flaws.person) | {"RETENTION_EXPIRED" |
	count(feature.fields & flaws.expired) > 0
}) | {code |
	some name, kind in feature.needs
	some code in flaws.consent[kind][name]
}

# METADATA
# title: Release where nothing stands against it
verdict(feature, found, against) := release(feature, found) if {
	count(against) == 0
} else := plan.denial(against)

# METADATA
# title: A release under the grants that justify it
# description: The strictest form wins among catalogue, purpose, client and these grants.
release(feature, found) := {
	"form": feature.form,
	"grants": sort(positions(feature, found)),
	"obligations": feature.obligations,
	"reasons": [],
} if {
	found.strictest >= feature.limit
} else := released_as(forms.chosen(feature.feature, limit), feature, used) if {
	used := positions(feature, found)
	limit := min({rank | some position in used; rank := found.ranks[position]} | {feature.limit})
}

released_as(best, feature, used) := {
	"form": best.form,
	"grants": sort(used),
	"obligations": feature.obligations,
	"reasons": [],
} if {
	count(best.reasons) == 0
} else := plan.denial(best.reasons)

positions(feature, found) := {position |
	some name, kind in feature.needs
	position := found.positions[kind][name]
}
