"""Dates inside identifiers: real, not before 1900, not after today."""

from datetime import date


def is_birth(text: str, today: date) -> bool:
    """Say whether eight digits YYYYMMDD are a day somebody alive today may have been born on."""
    return text >= "19000101" and is_day(text) and text <= today.strftime("%Y%m%d")


def is_day(text: str) -> bool:
    """Say whether eight digits YYYYMMDD are a real day."""
    try:
        date(int(text[:4]), int(text[4:6]), int(text[6:8]))
    except ValueError:
        return False
    return True
