"""Tokens of whole columns, on numpy and Arrow; needs the extra `bulk`. Reading at the gate never imports it."""

from vault.bulk.columns import CellRefusal, ColumnTokeniser, TokenColumn

__all__ = ["CellRefusal", "ColumnTokeniser", "TokenColumn"]
