"""The only SQL of the room: appending, asking, scanning, guarding."""

from lineage.store.append import append, ensure_shapes, heads, newest_configuration
from lineage.store.guard import authorize, guard, roles
from lineage.store.reads import (
    Weight,
    Window,
    count_reads,
    last_id,
    read_from,
    read_page,
    weigh,
    weigh_changes,
)
from lineage.store.scan import check, count_entries
from lineage.store.search import find_entry, newest_about, search, shape_documents
from lineage.store.shapes import count_shapes, new_shapes

__all__ = [
    "Weight",
    "Window",
    "append",
    "authorize",
    "check",
    "count_entries",
    "count_reads",
    "count_shapes",
    "ensure_shapes",
    "find_entry",
    "guard",
    "heads",
    "last_id",
    "new_shapes",
    "newest_about",
    "newest_configuration",
    "read_from",
    "read_page",
    "roles",
    "search",
    "shape_documents",
    "weigh",
    "weigh_changes",
]
