"""The only SQL of the room: appending, asking, scanning, guarding."""

from lineage.store.append import append, ensure_shapes, heads
from lineage.store.guard import authorize, guard, roles
from lineage.store.scan import check, count_entries
from lineage.store.search import find_entry, search, shape_documents
from lineage.store.shapes import count_shapes, new_shapes

__all__ = [
    "append",
    "authorize",
    "check",
    "count_entries",
    "count_shapes",
    "ensure_shapes",
    "find_entry",
    "guard",
    "heads",
    "new_shapes",
    "roles",
    "search",
    "shape_documents",
]
