"""The consent room."""
