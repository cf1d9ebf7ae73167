"""``python -m examples`` writes every lender's ``people.csv`` again; the files are equal on every machine."""

from examples.lender import HERE
from examples.people import CASTS, cast, write_people

if __name__ == "__main__":
    for lender in CASTS:
        write_people(HERE / lender / "people.csv", cast(lender))
