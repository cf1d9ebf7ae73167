"""Erasing data subjects, one or thousands at a time, in the caller's transaction.

1. lock: keys, then consent rows; what stands for and against it       consent.Keeper
2. who is held, or may be owed a statutory period: restricted now, a request waits
3. the others: keys, identifiers, index, tokens, values destroyed       vault.shred, gate.store_values
4. tried: what could be opened before cannot be opened now              gate.erasing.trials
5. a signed certificate each                                            gate.erasing.certificates
6. every recipient gets a task to delete too                            gate.erasing.recipients
7. a tombstone; one ledger entry, the last of the person's stream

Rules:
- all of it commits together or not at all; nothing that could still be opened is certified;
- a hold that stands is stronger than anybody's wish (PIPL 47(2); anti-money-laundering law 2024, art. 34);
- where a field is stored that some law has kept for years, an officer decides first: whether that law reaches this
  person is not for a program to say;
- asked again, an erased subject is erased: nothing happens, and it is said.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from catalog import Catalog
from consent import Actor, Burial, ErasureRequest, ErasureState, Keeper, Standing, SubjectId, new_id
from consent.store.subjects import erased as read_erased
from gate.erasing.certificates import Certificate, SignedCertificate, save_certificates
from gate.erasing.errors import ErasureIncompleteError
from gate.erasing.recipients import DUE, Recipients
from gate.erasing.trials import SUCCESSES, Trial, take_samples, try_again
from gate.store_values import shred_values, stored_segments
from vault import Entropy, KeyRing, Shredded, lock_subject_keys, shred, stored_fields, system_entropy

GROUP: Final = 200  # how many subjects one transaction erases at most


class Reason(StrEnum):
    """Why a subject is erased."""

    REQUEST = "request"
    INSTRUCTION = "instruction"
    HOLD_ENDED = "hold_ended"
    RESTORE = "restore"


class Outcome(StrEnum):
    """What came of it."""

    ERASED = "erased"
    HELD = "held"
    WAITING = "waiting"
    GONE = "gone"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Result:
    """What came of erasing one subject.

    Attributes:
        certificate: of an erasure that was done now.
        request: the open request of a subject who is held or waits.
        entry: the ledger entry of an erasure that was done now.
        told: how many tasks tell recipients to delete what they hold.
    """

    outcome: Outcome
    certificate: SignedCertificate | None = None
    request: ErasureRequest | None = None
    entry: int | None = None
    told: int = 0


@dataclass(frozen=True, slots=True)
class Act:
    """Who erases, when, why, in which transaction and tenant.

    Attributes:
        decided: an officer decided that no statutory period stands against it; holds stand all the same.
    """

    connection: AsyncConnection
    tenant: str
    by: Actor
    now: datetime
    reason: Reason = Reason.INSTRUCTION
    decided: bool = False


@dataclass(frozen=True, slots=True)
class ErasureDesk:
    """Erases data subjects; as immutable as its parts.

    Attributes:
        catalog: says which fields some law has kept.
        keeper: the consent room's part: holds, requests, tombstones, the ledger.
        due: how long recipients have to delete.
    """

    keys: KeyRing
    catalog: Catalog
    keeper: Keeper
    entropy: Entropy = field(default=system_entropy, repr=False)
    due: timedelta = DUE

    async def erase(self, act: Act, refs: Sequence[str]) -> dict[str, Result]:
        """Erase subjects of one tenant, or say of each what stands against it; at most `GROUP` at once.

        Raises: ErasureIncompleteError: something could be opened still; roll back. KeyMissingError.
        """
        await lock_subject_keys(act.connection, act.tenant, refs)
        standing = await self.keeper.standing(act.connection, act.tenant, refs, act.now)
        results = await self._absent(act, set(refs) - standing.keys())
        kept = {} if act.decided else await self._kept_by_law(act, sorted(standing))
        going: dict[str, Standing] = {}
        for ref, each in sorted(standing.items()):
            if each.holds:
                results[ref] = await self._put_off(act, each, ErasureState.HELD)
            elif kept.get(ref) and act.reason is not Reason.HOLD_ENDED:
                results[ref] = await self._put_off(act, each, ErasureState.WAITING)
            else:
                going[ref] = each
        return {**results, **await self._destroy(act, going)} if going else results

    async def _absent(self, act: Act, refs: set[str]) -> dict[str, Result]:
        gone = await read_erased(act.connection, act.tenant, sorted(refs))
        return {ref: Result(Outcome.GONE if ref in gone else Outcome.UNKNOWN) for ref in refs}

    async def _kept_by_law(self, act: Act, refs: Sequence[str]) -> dict[str, bool]:
        """Whether a field is stored of each that some law has kept for a time."""
        floors = {name for name, each in self.catalog.fields.items() if each.retention.hold_days is not None}
        segments = {
            feature.segment
            for view in self.catalog.views_of(act.tenant)
            for feature in view.features
            if floors.intersection(feature.fields)
        }
        names = await stored_fields(act.connection, act.tenant, refs)
        values = await stored_segments(act.connection, act.tenant, refs)
        return {ref: bool(floors & names[ref] or segments & values[ref]) for ref in refs}

    async def _put_off(self, act: Act, standing: Standing, state: ErasureState) -> Result:
        request = standing.request or await self.keeper.ask(
            act.connection, standing.subject.id, state, by=act.by, now=act.now
        )
        return Result(Outcome.HELD if standing.holds else Outcome.WAITING, request=request)

    async def _destroy(self, act: Act, going: Mapping[str, Standing]) -> dict[str, Result]:
        refs = sorted(going)
        shredded = await shred(act.connection, act.tenant, refs)
        values = await shred_values(act.connection, act.tenant, refs)
        samples = {ref: take_samples(self.keys, act.tenant, ref, shredded[ref], values[ref]) for ref in refs}
        trials = await try_again(act.connection, self.keys, act.tenant, samples)
        if any(trial.after in SUCCESSES for tried in trials.values() for trial in tried):
            raise ErasureIncompleteError("something can still be opened; nothing was erased")
        signed = {
            ref: self._certificate(act, going[ref], shredded[ref], [name for name, _ in values[ref]], trials[ref])
            for ref in refs
        }
        await save_certificates(act.connection, (each for each, _ in signed.values()))
        gone = {ref: (going[ref], Burial(each.id, detail)) for ref, (each, detail) in signed.items()}
        recipients = Recipients(self.keys, self.due, self.entropy)
        whom = {going[ref].subject: signed[ref][0].id for ref in refs}
        told = await recipients.told_of_erasure(act.connection, whom, by=act.by, now=act.now)
        entries = await self.keeper.bury(act.connection, act.tenant, gone, by=act.by, now=act.now)
        return {ref: Result(Outcome.ERASED, signed[ref][0], entry=entries[ref], told=told.get(ref, 0)) for ref in refs}

    def _certificate(
        self, act: Act, standing: Standing, shredded: Shredded, segments: Sequence[str], trials: Sequence[Trial]
    ) -> tuple[SignedCertificate, dict[str, object]]:
        """The certificate, and what the ledger is told beside its id."""
        made = Certificate(
            id=new_id("ec", self.entropy),
            tenant=act.tenant,
            reason=act.reason.value,
            at=act.now,
            shredded=shredded,
            values=segments,
            consents=(standing.grants, standing.subject.version),
            trials=trials,
        )
        signed = made.sign(self.keys)
        detail: dict[str, object] = {"certificate": signed.digest, "counts": made.counts, "reason": act.reason.value}
        return signed, detail


async def erase_one(desk: ErasureDesk, act: Act, who: SubjectId) -> Result:
    """Erase one subject. Raises: as `ErasureDesk.erase`."""
    return (await desk.erase(act, [who.ref]))[who.ref]
