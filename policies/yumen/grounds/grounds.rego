# METADATA
# title: The grounds of a release
# description: Which grant justifies which field, by the kind of consent the field needs.
package yumen.grounds

import data.yumen.consent
import data.yumen.forms
import data.yumen.minors
import data.yumen.provision
import data.yumen.separate
import data.yumen.terms
import data.yumen.written

# METADATA
# title: What a subject's grants justify under a plan
# description: For each kind of need and field the first grant that meets all of it; where there is none, why.
of(asked, subject) := {
	"flaws": flaws(asked, subject, grants, positions),
	"positions": positions,
	"ranks": ranks,
	"strictest": min({rank | some rank in ranks} | {terms.forms.plain}),
} if {
	grants := {position: {"fields": names, "lacks": shortfall(subject.grants[position])} |
		some position, names in consent.standing(subject)
	}
	ranks := {position: forms.grant_rank(subject.grants[position]) | some position, _ in grants}
	positions := {kind: firsts |
		some kind, names in asked.kinds
		meeting := meeting_of(grants, requirements(kind, asked.band))
		firsts := {name: first | some name in names; first := first_listing(meeting, name)}
	}
}

# METADATA
# title: Every special need that a grant does not meet
shortfall(grant) := {code |
	some code in ["NEEDS_SEPARATE", "NEEDS_WRITTEN", "NEEDS_SEPARATE_PROVISION", "NEEDS_GUARDIAN"]
	falls_short(code, grant)
}

falls_short(code, grant) if separate.falls_short(code, grant)

falls_short(code, grant) if written.falls_short(code, grant)

falls_short(code, grant) if provision.falls_short(code, grant)

falls_short(code, grant) if minors.falls_short(code, grant)

# METADATA
# title: The special needs behind a kind of need
requirements(kind, band) := {code | some code in terms.needs[kind]} | minors.needs(band)

meeting_of(grants, required) := {position: grant.fields |
	some position, grant in grants
	count(required & grant.lacks) == 0
}

first_listing(grants, name) := min({position | some position, listing in grants; listing[name]})

# METADATA
# title: Why the fields that no grant justifies are not justified, by kind of need
flaws(asked, subject, grants, positions) := {kind: reasons |
	some kind, names in asked.kinds
	missing := names - object.keys(positions[kind])
	count(missing) > 0
	history := consent.history(subject)
	reasons := {name: reasons_against(asked, history, grants, kind, name) | some name in missing}
}

reasons_against(asked, history, grants, kind, name) := consent.uncovered(history, name) if {
	asked.by_consent
	count(covering(grants, name)) == 0
} else := unmet(requirements(kind, asked.band), covering(grants, name))

covering(grants, name) := {grant.lacks | some grant in grants; grant.fields[name]}

# METADATA
# title: Needs that no covering grant meets; all of them, where each is met but by different grants
unmet(required, lacks) := missing if {
	missing := required & intersection(lacks)
	count(missing) > 0
} else := required
