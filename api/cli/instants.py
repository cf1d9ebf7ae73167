"""Dates and times on the command line."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from api.cli.faults import CommandError
from api.cli.language import both, told

CHINA = ZoneInfo("Asia/Shanghai")


def instant(text: str, option: str) -> datetime:
    """An instant, or the beginning of a date in China. Raises: CommandError."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        refusal = told(
            both("needs a date or a time as 2026-01-31T08:00:00Z", "需要日期或时间，如 2026-01-31T08:00:00Z")
        )
        raise CommandError(f"{option}: {refusal}") from None
    return (found if found.tzinfo else found.replace(tzinfo=CHINA)).astimezone(UTC)
