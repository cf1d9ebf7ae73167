"""Measuring the classification: labelled sets that are made up, and what is found in them. `make eval` writes the report."""
