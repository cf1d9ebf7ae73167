"""Instants between the domain (aware UTC), SQL (microseconds) and documents (RFC 3339 text)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from consent.errors import InvalidValueError

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def to_us(at: datetime) -> int:
    """Microseconds since 1970-01-01 UTC of an aware instant."""
    return (at - _EPOCH) // _MICROSECOND


def from_us(at_us: int) -> datetime:
    """The aware UTC instant of microseconds since 1970-01-01."""
    return _EPOCH + timedelta(microseconds=at_us)


def to_text(at: datetime) -> str:
    """RFC 3339 with microseconds and Z: ``2026-11-23T02:00:00.000000Z``."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def from_text(written: str) -> datetime:
    """The instant of `to_text`'s output."""
    return datetime.strptime(written, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC)


def check_aware(at: datetime | None, item: str) -> None:
    """Refuse an instant without a time zone.

    Raises: InvalidValueError: naming ``item``.
    """
    if at is not None and at.utcoffset() is None:
        raise InvalidValueError(item, "needs a time zone")
