"""The only SQL of the room: appending, asking, scanning, guarding."""

from lineage.store.append import append, ensure_shapes, heads
from lineage.store.guard import authorize, guard, roles

__all__ = ["append", "authorize", "ensure_shapes", "guard", "heads", "roles"]
