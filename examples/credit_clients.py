"""The 30,000 real credit clients: the data set as values of the view ``credit_clients``, with made-up identities.

Rules:
- the data set holds no identity; ``examples.people`` makes one up for each row, of the row's age and sex, computed anew
  at each loading and never shipped;
- of the four columns about the person only the age is used, by way of the birth date; education, marriage and sex
  reach no view (the sex decides the parity of the made-up resident ID, as it does in real ones);
- months keep their order, not their calendar: a value counts as observed on the day of loading.

Source: I. C. Yeh and C. H. Lien 2009, UCI "Default of Credit Card Clients", CC BY 4.0 (see examples/data/README.md).
"""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from examples.people import Person, birth_of, person

DATA = Path(__file__).resolve().parent / "data" / "credit_clients.csv.gz"
VIEW = "credit_clients"
STATUS = ("PAY_0", "PAY_2", "PAY_3", "PAY_4", "PAY_5", "PAY_6")
BILLS = tuple(f"BILL_AMT{month}" for month in range(1, 7))
PAID = tuple(f"PAY_AMT{month}" for month in range(1, 7))


@dataclass(frozen=True, slots=True)
class CreditClient:
    """One client: a made-up person and the real values, by the feature names of the view."""

    person: Person
    values: dict[str, int]


def read_clients(limit: int | None = None) -> Iterator[CreditClient]:
    """Read the data set, row by row, the first ``limit`` rows only if given."""
    with gzip.open(DATA, "rb") as packed, io.TextIOWrapper(packed, encoding="ascii", newline="") as text:
        for number, row in enumerate(csv.DictReader(text), start=1):
            if limit is not None and number > limit:
                return
            yield CreditClient(_identity(row), features({name: _whole(value) for name, value in row.items()}))


def features(row: dict[str, int]) -> dict[str, int]:
    """Map one row of the data set to the features of the view.

    Shape: the published column names -> feature short names; a share of nothing is left out: it reads as absent.
    """
    status = [row[name] for name in STATUS]
    bills = [row[name] for name in BILLS]
    paid = [row[name] for name in PAID]
    values = {"credit_limit": row["LIMIT_BAL"], "age_years": row["AGE"]}
    for month in range(6):
        values[f"repayment_status_m{month + 1}"] = status[month]
        values[f"bill_amount_m{month + 1}"] = bills[month]
        values[f"paid_amount_m{month + 1}"] = paid[month]
    values["worst_status_6m"] = max(status)
    values["late_months_6m"] = sum(one >= 1 for one in status)
    values["limit_use_percent"] = bills[0] * 100 // row["LIMIT_BAL"]
    if sum(bills) > 0:
        values["paid_percent_6m"] = sum(paid) * 100 // sum(bills)
    return values


def _whole(text: str) -> int:
    """Read a number of the data set, which writes round ones as ``5e+05``."""
    return int(text) if text.lstrip("-").isdigit() else int(float(text))


def _identity(row: dict[str, str]) -> Person:
    index = int(row["ID"])
    birth = birth_of(index, int(row["AGE"]))
    return person(
        index, key=f"client_{index // 1000:02d}_{index % 1000:03d}", birth=birth, sex="m" if row["SEX"] == "1" else "f"
    )
