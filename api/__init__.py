"""The outside of Yumen: HTTP, command line, identity, settings; the only place that wires concrete parts together."""
