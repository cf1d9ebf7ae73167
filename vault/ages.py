"""Age as the law counts it: full years, reached on the birthday itself.

Rules:
- under 14: consent is a parent's or guardian's, and all personal information is sensitive (PIPL 28, 31);
- minor below 18 (Civil Code 17), adult from 18;
- born on 29 February, the birthday of a common year is 1 March;
- `today` is the calendar date in China and comes from the caller.
"""

from datetime import date
from enum import StrEnum
from typing import Final

CONSENT_AGE_YEARS: Final = 14
ADULT_AGE_YEARS: Final = 18


class AgeBand(StrEnum):
    """How far a person may consent for themself."""

    UNDER_14 = "under_14"
    MINOR = "minor"
    ADULT = "adult"


def full_years(birth_date: date, today: date) -> int:
    """Count full years; negative before birth."""
    is_before_birthday = (today.month, today.day) < (birth_date.month, birth_date.day)
    return today.year - birth_date.year - is_before_birthday


def age_band(birth_date: date, today: date) -> AgeBand:
    """Give the age band on a day; a birth date after `today` falls in the most protected band."""
    years = full_years(birth_date, today)
    if years < CONSENT_AGE_YEARS:
        return AgeBand.UNDER_14
    if years < ADULT_AGE_YEARS:
        return AgeBand.MINOR
    return AgeBand.ADULT
