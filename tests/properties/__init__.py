"""Properties that hold whatever happens in whatever order: invariants I1, I2, I3, I4."""
