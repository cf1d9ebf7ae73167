"""What happened: the ledger of reads, consents and changes, the questions asked of it, and its verification."""

from lineage.content import MAX_BODY_B, ensure_content
from lineage.entries import (
    COLUMNS,
    DEPLOYMENT,
    Actor,
    Entry,
    EntryDraft,
    Mac,
    Moment,
    Row,
    build_entry,
    leaf_digest,
    stream_of,
)
from lineage.errors import (
    CursorInvalidError,
    EntryContentError,
    EntryTooLargeError,
    FilterInvalidError,
    LineageError,
    StreamContendedError,
)
from lineage.kinds import Kind, Mode, Outcome, Role
from lineage.shapes import FeatureOutcome, Shape, outcome_of
from lineage.store import append, authorize, ensure_shapes, guard, heads, roles
from lineage.template import EntryTemplate, ReadContext

__all__ = [
    "COLUMNS",
    "DEPLOYMENT",
    "MAX_BODY_B",
    "Actor",
    "CursorInvalidError",
    "Entry",
    "EntryContentError",
    "EntryDraft",
    "EntryTemplate",
    "EntryTooLargeError",
    "FeatureOutcome",
    "FilterInvalidError",
    "Kind",
    "LineageError",
    "Mac",
    "Mode",
    "Moment",
    "Outcome",
    "ReadContext",
    "Role",
    "Row",
    "Shape",
    "StreamContendedError",
    "append",
    "authorize",
    "build_entry",
    "ensure_content",
    "ensure_shapes",
    "guard",
    "heads",
    "leaf_digest",
    "outcome_of",
    "roles",
    "stream_of",
]
