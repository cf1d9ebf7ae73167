package yumen.classification_test

import data.yumen.classification

test_fields if {
	classification.fields({"fields": {"a": {"status": "known"}, "b": {"status": "unknown"}, "c": 1}}) == {"a"}
	classification.fields({"fields": [{"status": "known"}]}) == set()
	classification.fields({}) == set()
}

test_features if {
	classification.features({"features": {"v:x": 1}}) == {"v:x": 1}
	classification.features({"features": [1]}) == {}
}

test_sources if classification.sources({"status": "known", "fields": ["a"]}, {"a", "b"}) == {"a"}

test_unclassified[note] if {
	some note, feature in {
		"unknown feature": {"status": "unknown", "fields": ["a"]},
		"unknown field": {"status": "known", "fields": ["a", "z"]},
		"no field": {"status": "known", "fields": []},
		"not a list": {"status": "known", "fields": "a"},
	}
	{1 | classification.sources(feature, {"a"})} == set()
}
