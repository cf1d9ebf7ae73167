"""What the consent room tells the ledger, and the protocol by which it does.

Rules: an event carries all an outside verifier needs to rebuild grant states; it holds names, opaque references,
closed values and digests, never free text or personal data; a data subject stands in it by pseudonym only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from sqlalchemy.ext.asyncio import AsyncConnection

from consent.errors import InvalidValueError
from consent.ids import check_name


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts: a role, and the id of a client or staff account; for a subject or guardian an opaque reference."""

    role: str
    id: str

    def __post_init__(self) -> None:
        check_name(self.role, "actor role")
        if not self.id or len(self.id) > 100:
            raise InvalidValueError("actor id", "needs 1 to 100 characters")


SYSTEM = Actor("system", "clock")
SUBJECT_ROLES = frozenset({"subject", "guardian"})


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentEvent:
    """One entry for the ledger.

    Attributes:
        kind: ``consent.*`` and ``subject.*`` about a subject; ``party.*``, ``client.*``, ``purpose.*``, ``notice.*``,
            ``tenant.*`` about the configuration.
        subject: the pseudonym, None for configuration.
        consent_version: the subject's version after the event, None for configuration.
        epoch: the configuration epoch after the event, None for subjects.
        party: the recipient of the grant, or the party concerned.
        detail: kind-specific parts, canonical-JSON values (docs/formats/consent-events.md).
    """

    kind: str
    tenant: str
    at: datetime
    actor: Actor
    subject: str | None = None
    consent_version: int | None = None
    epoch: int | None = None
    purpose: str | None = None
    party: str | None = None
    client: str | None = None
    detail: Mapping[str, Any] = field(default_factory=dict)


class Journal(Protocol):
    """Records events in the transaction of the change they tell of."""

    async def append(self, connection: AsyncConnection, events: Sequence[ConsentEvent], now: datetime) -> list[int]:
        """Append the events in order and return one ledger entry id for each; raising undoes the change."""
        ...
