"""Finding and grading personal data nobody declared: recognisers, columns, grades, reports."""
