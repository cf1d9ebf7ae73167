"""Exports for an audit: the query log, the evidence pack, and the check of a pack without us."""

from lineage.evidence.pack import Collected, Contents, ReceiptSource, Scope, Written, collect, finish
from lineage.evidence.query_log import Format, heading, row_of, written
from lineage.evidence.store_entries import Period, of_numbers, of_period, of_subject
from lineage.evidence.verify import CheckReceipt, PackReport, pack_files, verify_pack

__all__ = [
    "CheckReceipt",
    "Collected",
    "Contents",
    "Format",
    "PackReport",
    "Period",
    "ReceiptSource",
    "Scope",
    "Written",
    "collect",
    "finish",
    "heading",
    "of_numbers",
    "of_period",
    "of_subject",
    "pack_files",
    "row_of",
    "verify_pack",
    "written",
]
