"""The transparency log: the ledger's entries as a Merkle tree that outsiders can check (C2SP tlog-tiles)."""

from lineage.log.auditing import LogAudit, LogAuditCode, LogAuditFault
from lineage.log.checkpoint import Checkpoint, log_key, open_checkpoint
from lineage.log.errors import (
    LogHeldError,
    LogNotFoundError,
    LogNotReadyError,
    LogRangeError,
    LogStateError,
    TileMalformedError,
)
from lineage.log.faults import LogFault, LogFaultCode, LogReport
from lineage.log.folder import FolderSource
from lineage.log.layout import CHECKPOINT, TilePlace
from lineage.log.notes import Note, Signer, VerifierKey
from lineage.log.reader import LogReader
from lineage.log.receipt import Receipt
from lineage.log.remembered import Remembered, load_remembered
from lineage.log.sequencer import LogDatabase, LogOptions, Observer, Sequencer
from lineage.log.verifier import Source, Trust, verify
from lineage.log.witness import Asking, Post, Witness

DEFAULT_ORIGIN = "localhost/yumen"

__all__ = [
    "CHECKPOINT",
    "DEFAULT_ORIGIN",
    "Asking",
    "Checkpoint",
    "FolderSource",
    "LogAudit",
    "LogAuditCode",
    "LogAuditFault",
    "LogDatabase",
    "LogFault",
    "LogFaultCode",
    "LogHeldError",
    "LogNotFoundError",
    "LogNotReadyError",
    "LogOptions",
    "LogRangeError",
    "LogReader",
    "LogReport",
    "LogStateError",
    "Note",
    "Observer",
    "Post",
    "Receipt",
    "Remembered",
    "Sequencer",
    "Signer",
    "Source",
    "TileMalformedError",
    "TilePlace",
    "Trust",
    "VerifierKey",
    "Witness",
    "load_remembered",
    "log_key",
    "open_checkpoint",
    "verify",
]
