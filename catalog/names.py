"""Names in the catalogue: what a tenant, party, view, feature or field may be called.

Rules enforced here:
- lower-case ASCII letters, digits and underscores, a letter first, at most 63 characters;
- no run of more than four digits, so that no identifier of a person (phone, card, resident
  ID) can travel as a name into a log or the ledger;
- a feature's full name is `view:feature`.
"""

import re

NAME_RULE = (
    "lower-case letters, digits and underscores, a letter first, at most 63 characters, "
    "no more than four digits in a row"
)
_NAME = re.compile(r"(?![a-z0-9_]*[0-9]{5})[a-z][a-z0-9_]{0,62}")


def is_name(text: str) -> bool:
    """Say whether a text may be a name."""
    return _NAME.fullmatch(text) is not None
