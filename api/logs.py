"""The log: one JSON object a line, nothing about a person in it.

Rules:
- a request is logged with its method, route template, status, time taken, request id, tenant and the calling service or
  staff member: no path, no query, no body, no header, no subject;
- a fault is logged with the names of its exceptions and the places in the code it passed; its message is left out, for
  messages of drivers repeat values (``debug`` in development shows them);
- what libraries log is shown without its arguments; line breaks and other control characters are escaped, so that one
  event is one line;
- a log file is 0600, begins anew every day and is kept for the days the settings say.
"""

from __future__ import annotations

import logging
import os
import re
import sys
import time
import traceback
from datetime import UTC, datetime
from logging.handlers import TimedRotatingFileHandler
from typing import Any, TextIO

import msgspec

from api.options import LogSettings

ACCESS = logging.getLogger("yumen.access")
EVENTS = logging.getLogger("yumen.events")
TRUSTED = ("yumen.", "uvicorn")
BREAKS = re.compile("[\u0000-\u001f\u007f-\u009f\u2028\u2029\ufeff]")
FRAMES = 12


PLAIN = {
    **vars(logging.makeLogRecord({})),
    "name": ACCESS.name,
    "levelno": logging.INFO,
    "levelname": "INFO",
    "msg": "request",
}


class AccessRecord(logging.LogRecord):
    """The record of one request.

    A plain record asks for process, thread and calling line, which nobody reads here and every request would pay for.
    """

    def __init__(self, fields: dict[str, Any]) -> None:
        self.__dict__.update(PLAIN)
        self.created = time.time()
        self.fields = fields


class JsonFormatter(logging.Formatter):
    """Formats a record as one line of JSON; ``extra={"fields": {...}}`` adds members."""

    def __init__(self, *, debug: bool = False) -> None:
        super().__init__()
        self._debug = debug

    def format(self, record: logging.LogRecord) -> str:
        """Answer the line, without its end."""
        trusted = record.name.startswith(TRUSTED)
        line: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "log": record.name,
            "event": record.getMessage() if trusted or self._debug else str(record.msg),
            **getattr(record, "fields", {}),
        }
        if record.exc_info and (error := record.exc_info[1]) is not None:
            line["error"] = fault(error)
            if self._debug:
                line["traceback"] = "".join(traceback.format_exception(error))
        text = msgspec.json.encode(line, enc_hook=str).decode()
        return BREAKS.sub(lambda match: f"\\u{ord(match.group()):04x}", text)


class _DailyFile(TimedRotatingFileHandler):
    """A daily file only its owner can open."""

    def _open(self) -> Any:
        return os.fdopen(
            os.open(self.baseFilename, os.O_APPEND | os.O_CREAT | os.O_WRONLY, 0o600), "a", encoding="utf-8"
        )


def fault(error: BaseException) -> dict[str, Any]:
    """The exception's class, its causes' classes and the places it passed, innermost last; no message."""
    chain: list[str] = []
    seen: BaseException | None = error
    while seen is not None and len(chain) < FRAMES:
        chain.append(f"{type(seen).__module__}.{type(seen).__qualname__}")
        seen = seen.__cause__ or seen.__context__
    frames = traceback.extract_tb(error.__traceback__)[-FRAMES:]
    places = [f"{os.path.basename(frame.filename)}:{frame.lineno} {frame.name}" for frame in frames]  # noqa: PTH119  a name is all that is wanted
    return {"classes": chain, "places": places}


def configure(settings: LogSettings, *, debug: bool = False, stream: TextIO | None = None) -> None:
    """Send everything that is logged in this process through the JSON formatter."""
    handler: logging.Handler
    if settings.file is None:
        handler = logging.StreamHandler(stream or sys.stderr)
    else:
        handler = _DailyFile(
            settings.file, when="midnight", utc=True, backupCount=settings.retention_days, encoding="utf-8"
        )
    handler.setFormatter(JsonFormatter(debug=debug))
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.WARNING)
    for name in ("yumen", "uvicorn.error"):
        logging.getLogger(name).setLevel(settings.level)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logging.getLogger(name).handlers = []
        logging.getLogger(name).propagate = True
    logging.getLogger("uvicorn.access").disabled = True
    logging.captureWarnings(capture=True)
    logging.Formatter.converter = time.gmtime
