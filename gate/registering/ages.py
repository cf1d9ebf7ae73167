"""Age bands of subjects, by the calendar in China."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Final
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncConnection

from consent import AgeBand
from gate.registering.people import BIRTH_DATE
from vault import AgeBand as FineBand
from vault import KeyRing, age_band, identifiers, subject_keys

CHINA: Final = ZoneInfo("Asia/Shanghai")


def china_date(now: datetime) -> date:
    """The calendar date in China at an instant."""
    return now.astimezone(CHINA).date()


def band(born: date, now: datetime) -> AgeBand:
    """What may be known of an age without the birth date: adult, or minor (under 14 included)."""
    return AgeBand.ADULT if age_band(born, china_date(now)) is FineBand.ADULT else AgeBand.MINOR


async def birth_dates(connection: AsyncConnection, keys: KeyRing, tenant: str, refs: Sequence[str]) -> dict[str, date]:
    """Open the birth dates of subjects; those without one are missing.

    Raises: VaultError: a stored one does not open.
    """
    sealed = await identifiers(connection, tenant, refs, [BIRTH_DATE])
    wrapped = await subject_keys(connection, tenant, [ref for ref, _ in sealed])
    return {
        ref: date.fromisoformat(keys.open_subject_key(tenant, ref, wrapped[ref]).open(blob, BIRTH_DATE).decode())
        for (ref, _), blob in sealed.items()
        if ref in wrapped
    }
