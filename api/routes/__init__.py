"""HTTP routes, one module per subject matter; each exports its ``ROUTER``."""
