"""A running service and the keeper of its root key.

Rules:
- silence is not a refusal: while the keeper does not answer, opened keys serve on from memory, for a bounded time;
- a refusal binds: a root key that was switched off, destroyed or taken away locks the ring, so that every read is
  denied with a code and nothing is sealed; it opens again alone once the keeper allows it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from api.logs import EVENTS
from vault import KeyRing, KmsUnavailableError, RootKey, RootKeyUnavailableError, VaultError


@dataclass(slots=True)
class RootWatch:
    """Asks now and then whether the root key may be used.

    Attributes:
        outage_s: how long silence is borne, seconds.
        monotonic: a clock that never goes back, seconds.
    """

    root: RootKey
    keyring: KeyRing
    outage_s: float
    monotonic: Callable[[], float]
    answered_s: float = 0.0

    def __post_init__(self) -> None:
        self.answered_s = self.monotonic()

    async def look(self) -> None:
        """Ask once, and lock or open the ring."""
        try:
            await asyncio.to_thread(self.root.health)
        except (KmsUnavailableError, RootKeyUnavailableError) as fault:
            if self.monotonic() - self.answered_s > self.outage_s:
                self._lock(fault)
            return
        except VaultError as fault:
            self._lock(fault)
            return
        self.answered_s = self.monotonic()
        if self.keyring.is_locked:
            self.keyring.lock(locked=False)
            EVENTS.info("the root key may be used again")

    def _lock(self, fault: VaultError) -> None:
        if not self.keyring.is_locked:
            self.keyring.lock()
            EVENTS.error("the root key may not be used; reads are denied: %s", fault.code)

    async def keep_looking(self, every_s: float) -> None:
        """Ask again and again, until cancelled."""
        while True:
            await asyncio.sleep(every_s)
            try:
                await self.look()
            except OSError as fault:  # no thread to ask with, say: silence
                EVENTS.warning("the root key could not be asked for", exc_info=fault)
