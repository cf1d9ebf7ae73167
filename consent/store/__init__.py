"""The only SQL of the consent room."""

from consent.store import grants, registry, subjects

__all__ = ["grants", "registry", "subjects"]
