# METADATA
# title: Classification
# description: Only catalogued features, derived from catalogued fields, are ever released.
package yumen.classification

# METADATA
# title: Features of a call by name
features(call) := {name: feature |
	is_object(call.features)
	some name, feature in call.features
}

# METADATA
# title: Catalogued fields of a call
fields(call) := {name |
	is_object(call.fields)
	some name, field in call.fields
	field.status == "known"
}

# METADATA
# title: The catalogued fields a feature derives from, if it and all of them are catalogued
# custom: {code: UNCLASSIFIED, article: PIPL 51(2)}
sources(feature, known) := names if {
	feature.status == "known"
	is_array(feature.fields)
	names := {name | some name in feature.fields}
	count(names) > 0
	count(names - known) == 0
}
