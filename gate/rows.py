"""The check of gathered rows: what somebody changed in the database by hand denies, and is reported.

Rules:
- a subject's row must be as it was sealed, and tell of the newest consent event that the ledger has of them: a row put
  back from a backup is behind the ledger;
- the grants gathered must be exactly those the subject's row lists for this purpose and recipient, each as sealed;
- a subject whose own row does not hold stands in the ledger as an unknown one: their pseudonym cannot be trusted, and
  an entry in somebody else's stream would be a lie about them;
- a tenant with a changed row of configuration is denied everything, the deployment if a row is missing or put back;
- every denial of this kind raises an alarm, without saying whom it is about.

Cost: two keyed hashes for a subject with one grant, no question to the database (docs/decisions/0018).
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

import msgspec

from consent.rows import GRANT, SUBJECT, TAG, RowSealer
from gate.facts import STRANGER, Config, SubjectFacts, SubjectRow
from gate.fetching import ROW_TAMPERED, Item
from gate.store import Gathered, Scope

LOG = logging.getLogger("yumen.gate")

_encode = msgspec.json.Encoder().encode


class Suspect(StrEnum):
    """The table whose row does not hold."""

    SUBJECT = "consent_subjects"
    GRANTS = "consent_grants"
    REGISTRY = "consent_registry"
    TOKENS = "vault_tokens"


@dataclass(frozen=True, slots=True)
class Alarm:
    """Rows of a table that do not hold, seen while reading for a tenant.

    Attributes:
        count: how many subjects were denied for it.
    """

    tenant: str
    table: Suspect
    count: int = 1


AlarmHook = Callable[[Sequence[Alarm]], Awaitable[None]]


async def log_alarms(alarms: Sequence[Alarm]) -> None:
    """Write alarms to the log and nowhere else."""
    for alarm in alarms:
        LOG.error("rows of %s do not hold; %d subjects were denied", alarm.table.value, alarm.count)


class RowCheck:
    """Checks what a look gathered."""

    def __init__(self, rows: RowSealer, raise_alarms: AlarmHook) -> None:
        self._holds = rows.holds
        self._raise = raise_alarms

    async def distrust(self, items: Sequence[Item], gathered: Gathered, config: Config) -> None:
        """Deny the items whose rows, or whose configuration, do not hold, and raise alarms for them."""
        suspects = self.suspects(gathered)
        if not suspects and not config.distrusted:
            return
        seen: dict[tuple[str, Suspect], set[str]] = {}
        for item in items:
            tenant = item.call.key.tenant
            suspect = suspects.get(id(item.row))
            if config.distrusted.covers(tenant):
                suspect = suspect or Suspect.REGISTRY
            if suspect is not None:
                _refuse(item, suspect)
                seen.setdefault((tenant, suspect), set()).add(item.ref)
        await self._raise([Alarm(tenant, suspect, len(refs)) for (tenant, suspect), refs in seen.items()])

    def suspects(self, gathered: Gathered) -> dict[int, Suspect]:
        """The rows that do not hold, by their identity as objects."""
        return {
            id(row): suspect
            for scope, subjects in gathered.subjects.items()
            for row in subjects.values()
            if (suspect := self._suspect(scope, row)) is not None
        }

    def _suspect(self, scope: Scope, row: SubjectRow) -> Suspect | None:
        ref, version, pseudonym, age_band, oldest_us, status, _, created_us, told, held, mac, last, grants = row
        content = (scope.tenant, ref, version, pseudonym, age_band, oldest_us, created_us, told, held, status)
        if told < last or not self._holds(SUBJECT, _encode(content), mac):
            return Suspect.SUBJECT
        line = f";{scope.purpose}/{scope.recipient}="
        if not grants:
            return Suspect.GRANTS if line in held else None
        tags: list[str] = []
        for grant in grants:
            own = grant[-1]
            if own is None or not self._holds(GRANT, _encode((*scope, ref, *grant[:-1], 1)), own):
                return Suspect.GRANTS
            tags.append(own[TAG].hex())
        if len(tags) > 1:
            tags.sort()
        return None if f"{line}{','.join(tags)};" in held else Suspect.GRANTS


def _refuse(item: Item, suspect: Suspect) -> None:
    """Deny an item, leaving nothing in it that came from rows that cannot be trusted."""
    item.refused, item.grants = ROW_TAMPERED, ()
    if suspect is Suspect.SUBJECT or item.row is None:
        item.row, item.facts = None, STRANGER
    else:
        item.facts = SubjectFacts(item.row.status, item.row.age_band, (), ())
