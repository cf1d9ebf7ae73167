"""What can be wrong with a transparency log: its texts, its folder, its key; leaves of the room's one root."""

from typing import ClassVar

from lineage.errors import LineageError


class NoteMalformedError(LineageError):
    """The bytes are no signed note: text, empty line, signature lines."""

    code: ClassVar[str] = "lineage/note_malformed"


class NoteSignatureError(LineageError):
    """No trusted key signed the note, or a trusted key's signature does not verify."""

    code: ClassVar[str] = "lineage/note_signature"


class KeyTextError(LineageError):
    """A text is no verifier key: name+id+key, as `yumen log key` prints it."""

    code: ClassVar[str] = "lineage/log_key"


class CheckpointMalformedError(LineageError):
    """A checkpoint is not exactly origin, size and root."""

    code: ClassVar[str] = "lineage/checkpoint_malformed"


class TileMalformedError(LineageError):
    """A tile, an entry bundle or the path of one has the wrong form."""

    code: ClassVar[str] = "lineage/tile_malformed"


class ProofInvalidError(LineageError):
    """A proof of inclusion or consistency does not hold."""

    code: ClassVar[str] = "lineage/proof_invalid"


class ReceiptMalformedError(LineageError):
    """The bytes are no receipt of the form c2sp.org/tlog-proof@v1."""

    code: ClassVar[str] = "lineage/receipt_malformed"


class LogNotFoundError(LineageError):
    """The log has no such tile or checkpoint."""

    code: ClassVar[str] = "lineage/log_not_found"


class LogNotReadyError(LineageError):
    """No signed checkpoint covers the entry yet; try again shortly."""

    code: ClassVar[str] = "lineage/log_not_ready"


class LogRangeError(LineageError):
    """The sizes asked for are not sizes this log has had, in order."""

    code: ClassVar[str] = "lineage/log_range"


class LogUnwritableError(LineageError):
    """The log's folder cannot be written: full, read-only or failing; nothing was published."""

    code: ClassVar[str] = "lineage/log_unwritable"


class LogHeldError(LineageError):
    """Another process writes this log; this one stands by."""

    code: ClassVar[str] = "lineage/log_held"


class LogWrongKeyError(LineageError):
    """The log was begun under another key or origin than the one given now."""

    code: ClassVar[str] = "lineage/log_wrong_key"


class LogDamagedError(LineageError):
    """A file of the log's folder is missing, torn or altered; `place` names it."""

    code: ClassVar[str] = "lineage/log_damaged"

    def __init__(self, place: str) -> None:
        super().__init__(f"{place} is missing, torn or altered; nothing was written")
        self.place = place


class LogAheadError(LineageError):
    """The folder holds more than the database: a backup of the database was restored, or the folder is another's."""

    code: ClassVar[str] = "lineage/log_ahead"

    def __init__(self, folder: int, database: int) -> None:
        super().__init__(
            f"the folder's checkpoint covers {folder} entries, the database has given a place to {database}: "
            "a backup of the database was restored, or this is another deployment's folder; nothing was written"
        )
        self.folder = folder
        self.database = database


class LogForkedError(LineageError):
    """Folder and database hold different entries at the same place; nothing was written."""

    code: ClassVar[str] = "lineage/log_forked"

    def __init__(self, index: int) -> None:
        super().__init__(f"folder and database hold different entries at place {index}; nothing was written")
        self.index = index


class WitnessQuorumError(LineageError):
    """Fewer witnesses cosigned a checkpoint than the settings require; it was not published."""

    code: ClassVar[str] = "lineage/log_quorum"


class LogStateError(LineageError):
    """The file in which a verifier remembers checkpoints is damaged or belongs to another log."""

    code: ClassVar[str] = "lineage/log_state"
