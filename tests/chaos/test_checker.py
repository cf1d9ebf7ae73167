"""The judge of histories: right ones pass, and each kind of wrong is found."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.chaos.checker import LedgerEntry, Verdict, count_stale, is_linearizable, judge
from tests.chaos.history import Act, History, Operation

WHO = "sub_one"
NAMES = {WHO: "ps_one"}
NOTHING_WRONG = Verdict(0, (), 0, 0, 0)


def give(began: float, ended: float = float("inf"), *entries: int) -> Operation:
    return Operation(Act.give, WHO, began, ended, None, entries)


def withdraw(began: float, ended: float = float("inf"), *entries: int) -> Operation:
    return Operation(Act.withdraw, WHO, began, ended, None, entries)


def read(began: float, ended: float, *entries: int, released: bool) -> Operation:
    return Operation(Act.read, WHO, began, ended, released, entries)


RIGHT = [
    pytest.param([read(0, 1, released=False)], id="nothing given, nothing released"),
    pytest.param([give(0, 1), read(2, 3, released=True)], id="given, released"),
    pytest.param([give(0, 1), withdraw(2, 3), read(4, 5, released=False)], id="withdrawn, denied"),
    pytest.param([give(0, 1), withdraw(2, 5), read(3, 4, released=True)], id="released while being withdrawn"),
    pytest.param([give(0, 1), withdraw(2, 5), read(3, 4, released=False)], id="denied while being withdrawn"),
    pytest.param([give(0), read(5, 6, released=True)], id="given without an answer, released"),
    pytest.param([give(0), read(5, 6, released=False)], id="given without an answer, denied"),
    pytest.param([give(0, 1), withdraw(2), read(9, 10, released=True)], id="withdrawn without an answer"),
    pytest.param([give(0, 1), Operation(Act.read, WHO, 2)], id="a read without an answer"),
]
WRONG = [
    pytest.param([read(0, 1, released=True)], id="released without consent"),
    pytest.param([give(0, 1), withdraw(2, 3), read(4, 5, released=True)], id="released after the withdrawal"),
    pytest.param([give(0, 1), read(2, 3, released=False)], id="a consent that was lost"),
    pytest.param(
        [give(0, 1), withdraw(2, 9), read(3, 4, released=False), read(5, 6, released=True)],
        id="withdrawn for one read and not for the next",
    ),
    pytest.param([read(0, 1, released=True), give(2)], id="released before it was asked for"),
]


@pytest.mark.parametrize("operations", RIGHT)
def test_what_one_register_explains_is_linearizable(operations: list[Operation]) -> None:
    assert is_linearizable(operations)


@pytest.mark.parametrize("operations", WRONG)
def test_what_no_register_explains_is_not(operations: list[Operation]) -> None:
    assert not is_linearizable(operations)


def test_a_release_after_an_answered_withdrawal_is_stale() -> None:
    stale = [give(0, 1), withdraw(2, 3), read(4, 5, released=True)]
    assert count_stale(stale) == 1
    assert count_stale([*stale[:2], give(3.5, 4.5), stale[2]]) == 0


def test_a_consent_given_while_a_withdrawal_was_under_way_may_come_after_it() -> None:
    assert count_stale([withdraw(0, 10), give(5, 8), read(11, 12, released=True)]) == 0


@st.composite
def sequential(draw: st.DrawFn) -> list[Operation]:
    """A history that happened one operation after another, then stretched so that operations overlap."""
    made: list[Operation] = []
    given = False
    for turn, act in enumerate(draw(st.lists(st.sampled_from(Act), min_size=1, max_size=12))):
        before, after = draw(st.floats(0, 2.5)), draw(st.floats(0, 2.5))
        if act is not Act.read:
            given = act is Act.give
        made.append(Operation(act, WHO, turn - before, turn + after, given if act is Act.read else None))
    return sorted(made, key=lambda each: each.began)


@given(sequential())
def test_what_really_happened_in_some_order_is_always_linearizable(operations: list[Operation]) -> None:
    assert is_linearizable(operations)
    assert count_stale(operations) == 0


@given(sequential())
def test_the_search_agrees_with_trying_every_order(operations: list[Operation]) -> None:
    few = [*operations[:5], read(100, 101, released=True)]
    assert is_linearizable(few) is any(_is_legal(order) for order in itertools.permutations(few))


def _is_legal(order: tuple[Operation, ...]) -> bool:
    given = False
    for place, each in enumerate(order):
        if any(later.ended < each.began for later in order[place + 1 :]):
            return False
        if each.act is Act.read and each.released is not given:
            return False
        if each.act is not Act.read:
            given = each.act is Act.give
    return True


LEDGER = [
    LedgerEntry(1, "consent.given", "ps_one", "done"),
    LedgerEntry(2, "read", "ps_one", "released"),
    LedgerEntry(3, "consent.withdrawn", "ps_one", "done"),
    LedgerEntry(4, "read", "ps_one", "denied"),
]
PLAYED = [give(0, 1, 1), read(2, 3, 2, released=True), withdraw(4, 5, 3), read(6, 7, 4, released=False)]


def test_a_history_the_ledger_tells_alike_is_right() -> None:
    assert judge(History(PLAYED), LEDGER, NAMES) == NOTHING_WRONG
    assert judge(History(PLAYED), LEDGER, NAMES).right


def test_an_answer_that_is_not_in_the_ledger_is_lost() -> None:
    assert judge(History(PLAYED), LEDGER[:3], NAMES) == replace(NOTHING_WRONG, lost=1)


def test_one_entry_for_two_answers_is_doubled() -> None:
    assert judge(History([*PLAYED, replace(PLAYED[3], began=8.0, ended=9.0)]), LEDGER, NAMES).doubled == 1


def test_more_consents_than_were_sent_are_doubled() -> None:
    again = LedgerEntry(5, "consent.given", "ps_one", "done")
    assert judge(History(PLAYED), [*LEDGER, again], NAMES) == replace(NOTHING_WRONG, doubled=1)


@pytest.mark.parametrize("entry", [replace(LEDGER[1], outcome="denied"), replace(LEDGER[1], subject="ps_two")])
def test_an_entry_that_says_otherwise_contradicts(entry: LedgerEntry) -> None:
    ledger = [LEDGER[0], entry, *LEDGER[2:]]
    assert judge(History(PLAYED), ledger, NAMES) == replace(NOTHING_WRONG, contradicted=1)
