"""Age bands on and around birthdays."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vault import AgeBand, age_band, full_years


@pytest.mark.parametrize(
    ("born", "today", "band"),
    [
        ("2012-11-24", "2026-11-23", "under_14"),
        ("2012-11-23", "2026-11-23", "minor"),
        ("2008-11-24", "2026-11-23", "minor"),
        ("2008-11-23", "2026-11-23", "adult"),
        ("2012-02-29", "2026-02-28", "under_14"),
        ("2012-02-29", "2026-03-01", "minor"),
        ("2010-02-28", "2024-02-28", "minor"),
        ("2008-02-29", "2026-02-28", "minor"),
        ("2008-02-29", "2026-03-01", "adult"),
        ("2000-02-29", "2028-02-29", "adult"),
        ("2026-11-24", "2026-11-23", "under_14"),
        ("1900-01-01", "2026-11-23", "adult"),
    ],
)
def test_the_band_changes_on_the_birthday_itself(born: str, today: str, band: str) -> None:
    assert age_band(date.fromisoformat(born), date.fromisoformat(today)) == band


def test_born_on_29_february_a_year_is_full_on_1_march_of_common_years() -> None:
    assert full_years(date(2012, 2, 29), date(2025, 2, 28)) == 12
    assert full_years(date(2012, 2, 29), date(2025, 3, 1)) == 13
    assert full_years(date(2012, 2, 29), date(2024, 2, 29)) == 12


@given(born=st.dates(date(1900, 1, 1), date(2026, 1, 1)), days=st.integers(0, 40_000))
def test_nobody_grows_younger(born: date, days: int) -> None:
    order = list(AgeBand)
    today = born + timedelta(days=days)
    assert order.index(age_band(born, today)) <= order.index(age_band(born, today + timedelta(days=1)))
