"""Alembic's environment and the revisions of the schema; run by api.migrate."""
