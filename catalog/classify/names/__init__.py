"""What a column's name says: a lexicon in data files, and the matching of names with it."""
