"""The ledger's tables against the newest checkpoint, for ``yumen check``: what was cut off since it was signed."""

from __future__ import annotations

from typing import Any

from rich.console import Group, RenderableType

from api.cli.language import both
from api.cli.terminal import Terminal
from api.database import Database
from api.settings import Settings
from lineage import audit_log, pinned_key
from lineage.log import LogAudit, LogNotReadyError, LogReader, VerifierKey

SHOWN = 20


async def audited(settings: Settings, database: Database) -> LogAudit | None:
    """Compare; None if no log was ever begun, or its folder is not here.

    Raises: NoteMalformedError, NoteSignatureError, CheckpointMalformedError: the checkpoint is no checkpoint of it.
    """
    async with database.reading() as tx:
        key = await pinned_key(tx.connection)
    if key is None:
        return None
    try:
        head, _ = LogReader(settings.log_folder, VerifierKey.parse(key)).head()
    except LogNotReadyError:
        return None
    async with database.reading() as tx:
        return await audit_log(tx.connection, head)


def log_document(audit: LogAudit) -> dict[str, Any]:
    """The comparison for programs."""
    return {
        "size": audit.size,
        "fault_count": audit.fault_count,
        "faults": [{"code": fault.code.value, "n": fault.n, "entry": fault.entry} for fault in audit.faults],
    }


def log_shown(term: Terminal, audit: LogAudit | None) -> RenderableType:
    """The comparison for people."""
    if audit is None:
        return term.say("There is no transparency log here to compare with.", "此处没有可比对的透明日志。")
    if audit.is_sound:
        return term.say(
            f"The transparency log covers {audit.size} entries, and they are these.",
            f"透明日志覆盖 {audit.size} 个条目，与账本一致。",
        )
    columns = (both("fault", "问题"), both("place in the log", "日志位置"), both("entry", "条目"))
    rows = [(fault.code.value, fault.n, fault.entry) for fault in audit.faults[:SHOWN]]
    said = term.say("The ledger is not what the transparency log covers.", "账本与透明日志不一致。")
    return Group(said, term.table(columns, rows))
