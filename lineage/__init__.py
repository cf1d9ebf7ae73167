"""What happened: the ledger of reads, consents and changes, the questions asked of it, and its verification."""

from lineage.checking import Checker, CheckMac, check_bodies, check_rows
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
    EntryNotFoundError,
    EntryTooLargeError,
    FilterInvalidError,
    LineageError,
    StreamContendedError,
)
from lineage.faults import CheckReport, Fault, FaultCode
from lineage.kinds import Kind, Mode, Outcome, Role
from lineage.queries import FoundEntry, LedgerFilter, Page, queried
from lineage.shapes import FeatureOutcome, Shape, outcome_of
from lineage.store import (
    append,
    authorize,
    check,
    count_entries,
    count_shapes,
    ensure_shapes,
    find_entry,
    guard,
    heads,
    new_shapes,
    roles,
    search,
    shape_documents,
)
from lineage.store.audit import audit_log
from lineage.store.leaves import holds_others, pinned_key, waiting_since
from lineage.store.leaves import places as log_places
from lineage.store.used import fields_released
from lineage.template import EntryTemplate, ReadContext

__all__ = [
    "COLUMNS",
    "DEPLOYMENT",
    "MAX_BODY_B",
    "Actor",
    "CheckMac",
    "CheckReport",
    "Checker",
    "CursorInvalidError",
    "Entry",
    "EntryContentError",
    "EntryDraft",
    "EntryNotFoundError",
    "EntryTemplate",
    "EntryTooLargeError",
    "Fault",
    "FaultCode",
    "FeatureOutcome",
    "FilterInvalidError",
    "FoundEntry",
    "Kind",
    "LedgerFilter",
    "LineageError",
    "Mac",
    "Mode",
    "Moment",
    "Outcome",
    "Page",
    "ReadContext",
    "Role",
    "Row",
    "Shape",
    "StreamContendedError",
    "append",
    "audit_log",
    "authorize",
    "build_entry",
    "check",
    "check_bodies",
    "check_rows",
    "count_entries",
    "count_shapes",
    "ensure_content",
    "ensure_shapes",
    "fields_released",
    "find_entry",
    "guard",
    "heads",
    "holds_others",
    "leaf_digest",
    "log_places",
    "new_shapes",
    "outcome_of",
    "pinned_key",
    "queried",
    "roles",
    "search",
    "shape_documents",
    "stream_of",
    "waiting_since",
]
