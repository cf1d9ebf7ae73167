"""Differentially private aggregates through OpenDP; needs the extra `dp`. Reading at the gate never imports it."""

from vault.aggregates.mechanisms import Answered, answer

__all__ = ["Answered", "answer"]
