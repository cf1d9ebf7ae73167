"""Build helpers: nothing here is imported by the product."""
