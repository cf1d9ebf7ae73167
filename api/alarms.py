"""Alarms: what somebody changed by hand in the database is told, in the metrics, in the log and in the ledger.

Rules:
- an alarm names a table and a tenant, never a person: `yumen audit` names the rows;
- every denial counts in the metrics; the log and the ledger hear of one alarm of a kind at once, and of the rest of it
  once a minute, with the number of denials since: a flood of reads is no flood of entries;
- an alarm that cannot be written down does not stop the denial.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import sqlalchemy.exc

from api.database import Database
from api.logs import EVENTS
from api.metrics import Metrics
from gate.rows import Alarm, Suspect
from lineage import Actor, EntryDraft, Kind, LineageError, Mac, Outcome, Role, append

AT_MOST_EVERY_S = 60.0
BY = Actor(Role.SYSTEM, "gate")
CANNOT_BE_TOLD = (sqlalchemy.exc.SQLAlchemyError, LineageError, OSError, TimeoutError)


@dataclass(slots=True)
class _Running:
    """One kind of alarm: when it was last told, and how many denials it stands for since."""

    told_s: float
    count: int = 0


class AlarmDesk:
    """Takes the gate's alarms; one for each process."""

    def __init__(
        self,
        database: Database,
        mac: Mac,
        *,
        metrics: Metrics | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._database = database
        self._mac = mac
        self._metrics = metrics
        self._monotonic = monotonic
        self._running: dict[tuple[str, Suspect], _Running] = {}

    async def raise_all(self, alarms: Sequence[Alarm]) -> None:
        """Count alarms, and tell of those that are new or have been silent long enough."""
        due: list[Alarm] = []
        now_s = self._monotonic()
        for alarm in alarms:
            if self._metrics is not None:
                self._metrics.alarm(alarm.table.value, alarm.count)
            running = self._running.get((alarm.tenant, alarm.table))
            if running is None:
                running = self._running[alarm.tenant, alarm.table] = _Running(now_s - AT_MOST_EVERY_S)
            running.count += alarm.count
            if now_s - running.told_s >= AT_MOST_EVERY_S:
                due.append(Alarm(alarm.tenant, alarm.table, running.count))
                running.told_s, running.count = now_s, 0
        if due:
            await self._tell(due)

    async def _tell(self, due: Sequence[Alarm]) -> None:
        for alarm in due:
            fields = {"tenant": alarm.tenant, "table": alarm.table.value, "denied": alarm.count}
            EVENTS.error("alarm: rows do not hold", extra={"fields": fields})
        try:
            async with self._database.transaction() as tx:
                await append(tx.connection, [_draft(alarm) for alarm in due], now=tx.now, mac=self._mac)
        except CANNOT_BE_TOLD as fault:
            EVENTS.error("an alarm could not be recorded", exc_info=fault)


def _draft(alarm: Alarm) -> EntryDraft:
    parts = {"table": alarm.table.value, "denied": alarm.count}
    return EntryDraft(Kind.ALARM_RAISED, alarm.tenant, BY, outcome=Outcome.DENIED, about=alarm.table.value, parts=parts)
