"""House rules that a machine can check: sizes, words, imports, errors, locks, documents."""
