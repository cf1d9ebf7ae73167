"""Finding and grading personal data nobody declared."""
