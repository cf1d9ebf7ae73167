"""The only SQL of the room: appending, asking, scanning, guarding."""

from lineage.store.append import append, ensure_shapes, heads, newest_configuration
from lineage.store.guard import authorize, guard, roles
from lineage.store.scan import check, count_entries
from lineage.store.search import find_entry, search, shape_documents

__all__ = [
    "append",
    "authorize",
    "check",
    "count_entries",
    "ensure_shapes",
    "find_entry",
    "guard",
    "heads",
    "newest_configuration",
    "roles",
    "search",
    "shape_documents",
]
