"""What the consent room tells, written into the ledger in the same transaction."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from consent import ConsentEvent
from lineage import Actor, EntryDraft, Kind, Mac, Role, append


class LedgerJournal:
    """The journal of consent: one ledger entry per event."""

    def __init__(self, mac: Mac) -> None:
        self._mac = mac

    async def append(self, connection: AsyncConnection, events: Sequence[ConsentEvent], now: datetime) -> list[int]:
        """Append the events in order; returns the entry ids."""
        return await append(connection, [_draft(event) for event in events], now=now, mac=self._mac)


def _draft(event: ConsentEvent) -> EntryDraft:
    parts = dict(event.detail)
    if event.consent_version is not None:
        parts["consent_version"] = event.consent_version
    if event.epoch is not None:
        parts["epoch"] = event.epoch
    return EntryDraft(
        kind=Kind(event.kind),
        tenant=event.tenant,
        actor=Actor(Role(event.actor.role), event.actor.id),
        subject=event.subject,
        client=event.client,
        party=event.party,
        purpose=event.purpose,
        about=_about(event),
        parts=parts,
    )


def _about(event: ConsentEvent) -> str | None:
    """The id or name of what the event is about: the grant, hold, request or registered thing."""
    thing = event.detail.get("grant") or event.detail.get("hold") or event.detail.get("request")
    found = thing["id"] if thing else event.detail.get("name")
    return None if found is None else str(found)
