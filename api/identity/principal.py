"""The verified caller.

Rules:
- A caller is one of three kinds, told by its roles: a scoring service (``scorer``), a data subject (``subject``), or
  staff (any of ``auditor``, ``steward``, ``dpo``, ``operator``). Kinds never mix in one token.
- A subject's ``id`` is their subject reference, a service's its client name, a staff member's a name or a keyed alias:
  no e-mail address or employee number of an outside issuer travels further than the token.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

NAME = re.compile(r"(?!.*[0-9]{5})[a-z][a-z0-9_]{0,62}")
SUBJECT = re.compile(r"sub_[a-z2-7]{26}")


class Role(StrEnum):
    """What a caller may do."""

    SCORER = "scorer"
    SUBJECT = "subject"
    AUDITOR = "auditor"
    STEWARD = "steward"
    DPO = "dpo"
    OPERATOR = "operator"


STAFF = frozenset({Role.AUDITOR, Role.STEWARD, Role.DPO, Role.OPERATOR})


@dataclass(frozen=True, slots=True)
class Principal:
    """A caller whose token was verified.

    Attributes:
        tenant: the tenant all of the caller's data belongs to.
        roles: one service or subject role, or any staff roles.
        id: client name, subject reference, or staff name or alias; see the kind's property.
        amr: how the person authenticated (RFC 8176), as the issuer says.
        token_id: ``jti``, empty when the issuer sets none.
        expires: the instant the token ends.
    """

    tenant: str
    roles: frozenset[Role]
    id: str
    amr: frozenset[str]
    token_id: str
    expires: datetime

    @property
    def subject(self) -> str | None:
        """The subject reference, if the caller is a data subject."""
        return self.id if Role.SUBJECT in self.roles else None

    @property
    def client(self) -> str | None:
        """The client name, if the caller is a scoring service."""
        return self.id if Role.SCORER in self.roles else None

    @property
    def staff(self) -> str | None:
        """The staff name or alias, if the caller is staff."""
        return self.id if self.roles & STAFF else None

    def acting_as(self, *allowed: Role) -> Role | None:
        """The first of ``allowed`` that the caller holds, for the record; None if it holds none."""
        return next((role for role in allowed if role in self.roles), None)
