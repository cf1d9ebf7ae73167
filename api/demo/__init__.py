"""The demonstration: the lenders' stories played over real HTTP against a real service process."""
