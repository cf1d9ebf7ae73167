"""After any sequence of operations the stored states are the fold of the events, and what a plain model says."""

import asyncio
import itertools
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from api.database import Database
from catalog import Catalog
from consent import (
    AgeBand,
    ConsentForm,
    NewSubject,
    NothingToWithdrawError,
    NotLiveError,
    WithdrawAll,
    WithdrawField,
    WithdrawGrant,
    WithdrawPurpose,
    find_subject,
    fold,
    grant_events,
    list_events,
    list_grants,
    new_id,
)
from tests.consent.world import PERSON, World, seeded, subject

FIELDS = ("ecom_spend_12m", "repayment_record", "zhima_score")
PURPOSES = ("credit_scoring", "limit_setting")
STRENGTH = {ConsentForm.GENERAL: 0, ConsentForm.SEPARATE: 1}


@dataclass
class Told:
    """What the model remembers of one grant."""

    purpose: str
    fields: set[str]
    form: ConsentForm
    ends: datetime | None
    state: str = "live"
    current: bool = True
    version: int = 1


class ConsentMachine(RuleBasedStateMachine):
    """Drives one fresh subject; `world`, `loop` and `numbers` are given by the test."""

    world: World
    loop: asyncio.AbstractEventLoop
    numbers: itertools.count

    def __init__(self) -> None:
        super().__init__()
        self.who = subject(next(self.numbers))
        self.now = self.world.now
        self.model: dict[str, Told] = {}
        self.events = 0
        person = NewSubject(self.who, new_id("ps", seeded(next(self.numbers))), AgeBand.ADULT)
        self.run(self.transact(lambda tx: self.world.service.create_subjects(tx, [person], now=self.now)))

    def run(self, work: Any) -> Any:
        return self.loop.run_until_complete(work)

    async def transact(self, work: Any) -> Any:
        async with self.world.database.transaction() as tx:
            return await work(tx.connection)

    def do(self, operation: str, *arguments: Any) -> Any:
        service = getattr(self.world.service, operation)
        by = {"by": PERSON}
        return self.run(self.transact(lambda tx: service(tx, *arguments, **by, now=self.now)))

    def open(self) -> list[str]:
        return [name for name, told in self.model.items() if told.state in ("live", "paused")]

    def step(self, name: str, state: str) -> None:
        told = self.model[name]
        told.state, told.version = state, told.version + 1
        self.events += 1

    def settle(self) -> None:
        for name in self.open():
            ends = self.model[name].ends
            if ends is not None and ends <= self.now:
                self.step(name, "expired")

    def due(self) -> bool:
        ends = [self.model[name].ends for name in self.open()]
        return any(end is not None and end <= self.now for end in ends)

    def pick(self, data: Any) -> str:
        return data.draw(st.sampled_from(sorted(self.model)))

    @rule(
        fields=st.sets(st.sampled_from(FIELDS), min_size=1),
        purpose=st.sampled_from(PURPOSES),
        form=st.sampled_from(list(STRENGTH)),
        days=st.none() | st.integers(1, 5),
        refused=st.integers(0, 4).map(lambda dice: dice == 0),
    )
    def give_or_refuse(self, fields, purpose, form, days, refused) -> None:
        ends = None if days is None else self.now + timedelta(days=days)
        notice = self.world.notices[purpose]
        request = self.world.request(
            subject=self.who,
            purpose=purpose,
            notice=notice.content.name,
            notice_version=notice.version,
            notice_hash=notice.hash,
            fields=tuple(fields),
            form=form,
            expires=ends,
        )
        recorded = self.do("refuse" if refused else "give", request)
        self.settle()
        same = {name: told for name, told in self.model.items() if told.purpose == purpose}
        for told in same.values():
            told.current = told.current and told.state in ("live", "paused")
        if not refused:
            for name, told in same.items():
                covered = told.fields <= fields and STRENGTH[told.form] <= STRENGTH[form]
                if told.state in ("live", "paused") and covered:
                    self.step(name, "superseded")
                    told.current = False
        self.model[recorded.grants[0]] = Told(purpose, set(fields), form, ends, "refused" if refused else "live")
        self.events += 1
        assert recorded.consent_version == self.events

    @precondition(lambda self: self.model)
    @rule(data=st.data(), operation=st.sampled_from(["pause", "resume"]))
    def pause_or_resume(self, data, operation) -> None:
        name = self.pick(data)
        told = self.model[name]
        over = told.ends is not None and told.ends <= self.now
        wanted, then = ("live", "paused") if operation == "pause" else ("paused", "live")
        if told.state != wanted or over:
            with pytest.raises(NotLiveError):
                self.do(operation, self.who, name)
            return
        self.do(operation, self.who, name)
        self.settle()
        self.step(name, then)

    @precondition(lambda self: self.model)
    @rule(data=st.data())
    def withdraw_one(self, data) -> None:
        name = self.pick(data)
        told = self.model[name]
        if told.state not in ("live", "paused") or (told.ends is not None and told.ends <= self.now):
            with pytest.raises(NotLiveError):
                self.do("withdraw", self.who, WithdrawGrant(name))
            return
        self.do("withdraw", self.who, WithdrawGrant(name))
        self.settle()
        self.step(name, "withdrawn")

    @rule(purpose=st.none() | st.sampled_from(PURPOSES), field=st.none() | st.sampled_from(FIELDS))
    def withdraw_many(self, purpose, field) -> None:
        if field is not None:
            scope: Any = WithdrawField(field, purpose)
        else:
            scope = WithdrawAll() if purpose is None else WithdrawPurpose(purpose)
        hit = [
            name
            for name in self.open()
            if purpose in (None, self.model[name].purpose)
            and (field is None or field in self.model[name].fields)
            and not ((ends := self.model[name].ends) is not None and ends <= self.now)
        ]
        if not hit:
            with pytest.raises(NothingToWithdrawError):
                self.do("withdraw", self.who, scope)
            return
        recorded = self.do("withdraw", self.who, scope)
        assert sorted(recorded.grants) == sorted(hit)
        self.settle()
        for name in hit:
            told = self.model[name]
            if field is not None and told.fields != {field}:
                told.fields.discard(field)
                self.step(name, told.state)
            else:
                self.step(name, "withdrawn")

    @rule(days=st.integers(1, 3), recorded=st.booleans())
    def time_passes(self, days, recorded) -> None:
        self.now += timedelta(days=days)
        if recorded:
            self.run(self.transact(lambda tx: self.world.service.expire_due(tx, now=self.now)))
            self.settle()

    @invariant()
    def stored_states_are_the_fold_and_the_model(self) -> None:
        person = self.run(self.world.ask(find_subject, self.who))
        events = self.run(self.world.ask(list_events, self.who, limit=500)).items
        grants = self.run(self.world.ask(list_grants, self.who, limit=500)).items
        assert person.version == len(events) == self.events
        folded = fold(grant_events(events))
        assert {grant.state.id: grant.state for grant in grants} == folded
        seen = {
            name: (grant.state.value, set(grant.fields), grant.is_current, grant.version)
            for name, grant in folded.items()
        }
        assert seen == {
            name: (told.state, told.fields, told.current, told.version) for name, told in self.model.items()
        }


def test_states_are_the_fold_of_the_events_after_any_sequence(database_url: str, clock: Any, catalog: Catalog) -> None:
    with asyncio.Runner() as runner:
        database = Database.open(database_url, clock=clock)
        world = runner.run(World(database, catalog).build(subjects=0))

        class Machine(ConsentMachine):
            pass

        Machine.world, Machine.loop, Machine.numbers = world, runner.get_loop(), itertools.count(10_000)
        examples = 60 if database.is_sqlite else 15
        run_state_machine_as_test(
            Machine,
            settings=settings(
                max_examples=examples,
                stateful_step_count=25,
                deadline=None,
                suppress_health_check=list(HealthCheck),
            ),
        )
        runner.run(database.close())
