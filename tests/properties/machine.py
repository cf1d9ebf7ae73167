"""Everything that may happen to consent, configuration and reads, in any order, against the model."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any, ClassVar, TypeVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from api.database import Database
from api.gates import open_gate
from api.usecases.catalogs import Authority, Catalogs, put_views
from catalog import Catalog, ReleaseForm, load_views
from consent import (
    Actor,
    BilingualText,
    ClientStatus,
    ConsentForm,
    Purpose,
    Recorded,
    SubjectId,
    WithdrawAll,
    WithdrawField,
    WithdrawGrant,
    WithdrawPurpose,
)
from gate import Gate, Mode, Outcome, SubjectAnswer
from gate.engines import PolicyEngine
from gate.replaying import Replayer
from gate.store import HotStore
from tests import world
from tests.conftest import TickingClock
from tests.gate.asking import ask
from tests.properties.ledger import assert_agrees, assert_justified, assert_replayed, assert_whole
from tests.properties.model import FIELD, Given, Model
from tests.world import FIELDS, STEWARD, TENANT, VIEWS, World

Result = TypeVar("Result")
SUBJECTS = 3
CLIENTS = {"lender": "scoring", "partner": "partner_scoring"}
RELEASED = {"orders": "[10,50)", "limit": 20000, "score_band": "[650,700)", "worst_status": "[0,1)"}
SHAPED = {"orders": "bucket", "limit": "plain", "score_band": "bucket", "worst_status": "bucket"}
FORMS = {"general": ConsentForm.GENERAL, "separate": ConsentForm.SEPARATE, "written": ConsentForm.WRITTEN}
FEATURES = tuple(f"behaviour:{name}" for name in FIELD)

who = st.integers(0, SUBJECTS - 1)
recipients = st.sampled_from(sorted(CLIENTS))
milds = st.sampled_from(["plain", "plain", "bucket"])
seldom = st.integers(0, 2).map(lambda drawn: drawn == 2)
some_fields = st.sets(st.sampled_from(sorted(FIELD.values())), min_size=1)


@dataclass
class Place:
    """Where the examples run; counts what they did."""

    new_url: Callable[[], str]
    folder: Path
    clock: TickingClock | None
    engine: PolicyEngine
    seen: Counter[str]
    replayer: Replayer = field(default_factory=Replayer)


class GateMachine(RuleBasedStateMachine):
    """Two gates on one database, as two replicas have it."""

    place: ClassVar[Place]

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.place.seen["examples"] += 1
        self.folder = self.place.folder / str(self.place.seen["examples"])
        self.folder.mkdir()
        self.url = self.place.new_url()
        self.revision, self.variant, self.wording = 1, 0, 0
        self.turn = 0
        self.answered: list[int] = []
        self.recorded: list[int] = []
        self.run(self._begin())

    def run(self, work: Coroutine[Any, Any, Result]) -> Result:
        return self.loop.run_until_complete(work)

    def _database(self) -> Database:
        clock = self.place.clock
        return Database.open(self.url) if clock is None else Database.open(self.url, clock=clock)

    async def _begin(self) -> None:
        self.lender = await world.build(self._database(), self.folder / "keys")
        await self._open()
        refs = await self.lender.add_subjects(SUBJECTS)
        now = await self._now()
        self.purpose = world.purpose(now)
        self.model = Model(now, now + timedelta(days=365), set(FIELDS), (1, 0), set(refs))
        self.refs = refs
        self.strangers = ["sub_" + letter * 26 for letter in "xyz"]

    async def _now(self) -> Any:
        async with self.lender.database.reading() as tx:
            return tx.now

    async def _open(self) -> None:
        self.gates: list[tuple[Gate, HotStore]] = [
            await open_gate(self.url, self.lender.database, self.lender.keys, self.place.engine) for _ in range(2)
        ]

    async def _close(self) -> None:
        for gate, store in self.gates:
            await gate.close()
            await store.close()
        await self.lender.database.close()

    def teardown(self) -> None:
        try:
            self.run(self._check_ledger())
            self.run(self._close())
        finally:
            self.loop.close()

    async def _check_ledger(self) -> None:
        """What must hold of the ledger at the end.

        I3: whatever was answered stands in it, once. I4: it alone justifies every release. I8: every decision can be
        made again and comes out the same. And the state is what it tells.
        """
        kinds = await assert_whole(self.lender.database)
        assert len(set(self.answered)) == len(self.answered) == kinds["read"]
        assert len(set(self.recorded)) == len(self.recorded)
        expired = kinds["consent.expired"]
        consents = sum(count for kind, count in kinds.items() if kind.startswith("consent."))
        assert consents - expired <= len(self.recorded) <= consents
        assert await assert_justified(self.lender.database, self.lender.keys) == len(self.answered)
        assert await assert_replayed(self.lender.database, self.place.replayer) == len(self.answered)
        assert await assert_agrees(self.lender.database, self.lender.keys) == len(self.model.subjects)

    # consent

    def _book(self, recorded: Recorded) -> Recorded:
        self.recorded += recorded.entries
        self.place.seen["consents"] += 1
        return recorded

    @rule(
        subject=who,
        recipient=recipients,
        fields=st.just(set(FIELD.values())) | some_fields,
        form=st.sampled_from(["written", *sorted(FORMS)]),
        max_form=milds,
        hours=st.sampled_from([None, 1, 30]),
        refused=st.integers(0, 7).map(lambda drawn: drawn == 7),
    )
    def give_or_refuse(self, **drawn: Any) -> None:
        model, ref, recipient = self.model, self.refs[drawn["subject"]], drawn["recipient"]
        fields = drawn["fields"] & model.ceiling
        if not fields or model.material is None:
            return
        form = "separate" if recipient == "partner" and drawn["form"] == "general" else drawn["form"]
        max_form = "bucket" if model.max_form == "bucket" else drawn["max_form"]
        hours = drawn["hours"] if self.place.clock else None
        expires = None if hours is None else model.now + timedelta(hours=hours)
        request = self.lender.request(
            ref,
            sorted(fields),
            recipient=recipient,
            form=FORMS[form],
            max_form=ReleaseForm(max_form),
            provision=recipient == "partner",
            expires=expires,
        )
        method = "refuse" if drawn["refused"] else "give"
        recorded = self._book(self.run(self._tell(method, request)))
        state = "refused" if drawn["refused"] else "live"
        model.born(
            Given(recorded.grants[0], ref, recipient, set(fields), form, max_form, model.material, expires, state)
        )

    @rule(subjects=st.sets(who, min_size=1), recipient=recipients)
    def give_everything(self, subjects: set[int], recipient: str) -> None:
        for subject in sorted(subjects):
            self.give_or_refuse(
                subject=subject,
                recipient=recipient,
                fields=set(FIELD.values()),
                form="written",
                max_form="plain",
                hours=None,
                refused=False,
            )

    async def _tell(self, method: str, request: Any) -> Recorded:
        async with self.lender.database.transaction() as tx:
            by = Actor("subject", request.subject.ref)
            found: Recorded = await getattr(self.lender.service, method)(tx.connection, request, by=by, now=tx.now)
            return found

    def _open_grants(self, subject: int) -> list[Given]:
        return [grant for grant in self.model.current(self.refs[subject]) if grant.is_open]

    @rule(subject=who, scope=st.sampled_from(["all", "purpose", "grant", *sorted(FIELD.values())]))
    def withdraw(self, subject: int, scope: str) -> None:
        hit = self._open_grants(subject)
        scopes = {"all": WithdrawAll(), "purpose": WithdrawPurpose("credit_scoring")}
        if scope == "grant":
            hit = hit[-1:]
        elif scope not in scopes:
            hit = [grant for grant in hit if scope in grant.fields]
        if not hit:
            return
        chosen = WithdrawGrant(hit[0].id) if scope == "grant" else scopes.get(scope) or WithdrawField(scope, None)
        self._book(self.run(self.lender.act("withdraw", SubjectId(TENANT, self.refs[subject]), chosen)))
        self.model.withdraw(hit, scope if scope in FIELD.values() else None)

    @rule(subject=who, resume=st.booleans())
    def pause_or_resume(self, subject: int, *, resume: bool) -> None:
        before, after = ("paused", "live") if resume else ("live", "paused")
        found = [grant for grant in self._open_grants(subject) if grant.state == before]
        if found:
            method = "resume" if resume else "pause"
            who_ = SubjectId(TENANT, self.refs[subject])
            self._book(self.run(self.lender.act(method, who_, found[0].id)))
            found[0].state = after

    @precondition(lambda self: self.place.clock is not None)
    @rule(hours=st.sampled_from([1, 5, 29]), sweep=st.booleans())
    def let_time_pass(self, hours: int, *, sweep: bool) -> None:
        assert self.place.clock is not None
        self.place.clock.move(hours=hours)
        self.model.now = self.place.clock()
        if sweep:
            self.run(self._sweep())

    async def _sweep(self) -> None:
        async with self.lender.database.transaction() as tx:
            await self.lender.service.expire_due(tx.connection, now=tx.now)

    # configuration

    async def _configure(self, method: str, *arguments: Any) -> Any:
        self.place.seen["configurations"] += 1
        async with self.lender.database.transaction() as tx:
            return await getattr(self.lender.registrar, method)(tx.connection, *arguments, by=STEWARD, now=tx.now)

    @precondition(lambda self: self.model.ceiling == set(FIELDS))
    @rule(material=seldom)
    def publish_the_notice_anew(self, *, material: bool) -> None:
        self.wording += 1
        self.variant ^= material
        kinds = tuple(sorted(FIELDS)) if self.variant == 0 else tuple(sorted(set(FIELDS) - {"birth_date"}))
        draft = world.notice(text=BilingualText(f"文本{self.wording}", f"text {self.wording}"))
        told = tuple(replace(each, fields=kinds) for each in draft.recipients)
        draft = replace(draft, fields=kinds, separate=kinds, recipients=told)
        self.lender.notice = self.run(self._configure("publish_notice", draft, self.lender.catalog)).notice
        self.model.material = (self.revision, self.variant)

    def _change_purpose(self, **changes: Any) -> Purpose:
        self.purpose = replace(self.purpose, **changes)
        self.run(self._configure("update_purpose", self.purpose))
        return self.purpose

    @rule(left_out=st.sampled_from([None, None, None, "zhima_score", "credit_limit"]), max_form=milds)
    def change_the_ceiling(self, left_out: str | None, max_form: str) -> None:
        full = world.purpose(self.model.now).ceiling
        ceiling = tuple(each for each in full if each.field != left_out)
        self._change_purpose(ceiling=ceiling, max_form=ReleaseForm(max_form))
        self.model.ceiling, self.model.max_form = {each.field for each in ceiling}, max_form

    @rule(hours=st.sampled_from([9000, 9000, 9000, 30, -1]))
    def assess_the_impact(self, hours: int) -> None:
        until = self.model.now + timedelta(hours=hours)
        self._change_purpose(pipia_expires=until)
        self.model.pipia_until = until

    @rule(drawn=st.integers(0, 4))
    def let_the_purpose_mean_something_else(self, drawn: int) -> None:
        """Until a notice says so, nobody has consented to it."""
        if drawn == 4:
            self.revision += 1
            self._change_purpose(revision=self.revision)
            self.model.material = None

    @rule(recipient=recipients, suspend=seldom)
    def suspend_a_client(self, recipient: str, *, suspend: bool) -> None:
        [client] = [each for each in world.clients() if each.party == recipient]
        status = ClientStatus.SUSPENDED if suspend else ClientStatus.ACTIVE
        self.run(self._configure("update_client", replace(client, status=status)))
        (self.model.suspended.add if suspend else self.model.suspended.discard)(recipient)

    @rule(hide=seldom)
    def change_the_catalogue(self, *, hide: bool) -> None:
        lines = VIEWS.splitlines(keepends=True)
        text = "".join(line for line in lines if not (hide and "name: limit" in line))
        self.run(self._save_catalogue(text))
        self.model.hidden = {"limit"} if hide else set()

    async def _save_catalogue(self, text: str) -> None:
        keys = self.lender.keys
        views = load_views(text, TENANT, catalog=Catalog.builtin())
        async with self.lender.database.transaction() as tx:
            await put_views(tx.connection, Catalogs(), TENANT, views, Authority(STEWARD, tx.now, keys.mac, keys.rows))

    # the service

    @rule()
    def restart(self) -> None:
        self.place.seen["restarts"] += 1
        self.run(self._close())
        self.lender = replace_database(self.lender, self._database())
        self.run(self._open())

    @precondition(lambda self: len(self.refs) < SUBJECTS + 2)
    @rule()
    def add_a_subject(self) -> None:
        [ref] = self.run(self.lender.add_subjects(1))
        self.model.subjects.add(ref)
        self.refs.append(ref)

    # reads

    @invariant()
    def every_subject_is_answered_as_of_now(self) -> None:
        """Whatever was done in the last step, on whichever replica, the next read on this one knows of it."""
        self.turn = 1 - self.turn
        self.run(self._read_everyone(self.gates[self.turn][0]))

    async def _read_everyone(self, gate: Gate) -> None:
        calls = {
            recipient: ask(*self.refs, self.strangers[0], client=client, features=FEATURES)
            for recipient, client in CLIENTS.items()
        }
        answers = await asyncio.gather(*map(gate.read, calls.values()))
        for recipient, answer in zip(calls, answers, strict=True):
            for each in answer.subjects:
                self._judge(each, recipient, Mode.release)

    @rule(
        replica=st.integers(0, 1),
        recipient=recipients,
        known=st.lists(who, max_size=4, unique=True),
        strangers=st.integers(0, 2),
        mode=st.sampled_from([Mode.release, Mode.release, Mode.dry_run]),
        together=st.integers(1, 3),
    )
    def read(self, **drawn: Any) -> None:
        subjects = [self.refs[each] for each in drawn["known"]] + self.strangers[: drawn["strangers"]]
        if not subjects:
            return
        call = ask(*subjects, client=CLIENTS[drawn["recipient"]], features=FEATURES, mode=drawn["mode"])
        for answer in self.run(self._read_together(self.gates[drawn["replica"]][0], call, drawn["together"])):
            assert [each.subject for each in answer.subjects] == subjects
            for each in answer.subjects:
                self._judge(each, drawn["recipient"], drawn["mode"])

    @staticmethod
    async def _read_together(gate: Gate, call: Any, count: int) -> Any:
        return await asyncio.gather(*(gate.read(call) for _ in range(count)))

    def _judge(self, answer: SubjectAnswer, recipient: str, mode: Mode) -> None:
        """I1 and I2: what is released, how, and what is denied and why, is what the model says of this moment."""
        self.answered.append(answer.entry)
        self.place.seen["answers"] += 1
        expected = {name: self.model.expect(answer.subject, recipient, name) for name in FIELD}
        found = {
            ruling.name.partition(":")[2]: set(ruling.reasons) if ruling.reasons else ruling.form
            for ruling in answer.rulings
        }
        assert found == expected
        releases = [isinstance(each, str) and mode is Mode.release for each in expected.values()]
        values = [RELEASED[name] if gives else None for name, gives in zip(FIELD, releases, strict=True)]
        assert list(answer.values) == values
        assert (answer.outcome is Outcome.dry_run) is (mode is Mode.dry_run)
        for each in expected.values():
            self.place.seen.update({"released"} if isinstance(each, str) else each)


def replace_database(lender: World, database: Database) -> World:
    """The same lender after a restart."""
    return World(database, lender.keys, lender.catalog, lender.notice, lender.subjects)
