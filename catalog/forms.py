"""Release forms: how much of a value leaves, from nothing to the value itself.

The order is withheld < flag < bucket < token < masked < plain; where several rules speak,
the strictest form wins.
"""

from enum import StrEnum


class ReleaseForm(StrEnum):
    """One step of the release order, written as it stands in files and answers."""

    WITHHELD = "withheld"
    FLAG = "flag"
    BUCKET = "bucket"
    TOKEN = "token"  # noqa: S105  # a release form, not a secret
    MASKED = "masked"
    PLAIN = "plain"

    @property
    def strictness(self) -> int:
        """Return 5 for withheld down to 0 for plain."""
        return _STRICTNESS[self]

    def is_milder_than(self, other: "ReleaseForm") -> bool:
        """Say whether this form shows more than the other."""
        return self.strictness < other.strictness

    @staticmethod
    def strictest(*forms: "ReleaseForm") -> "ReleaseForm":
        """Return the form that shows least; plain if none is given."""
        return max(forms, key=_STRICTNESS.__getitem__, default=ReleaseForm.PLAIN)


FORM_ORDER = tuple(ReleaseForm)
_STRICTNESS = {form: len(FORM_ORDER) - 1 - place for place, form in enumerate(FORM_ORDER)}
