"""The only SQL of the consent room."""

from consent.store import grants, keeping, registry, subjects

__all__ = ["grants", "keeping", "registry", "subjects"]
