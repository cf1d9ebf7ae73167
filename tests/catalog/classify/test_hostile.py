"""F39: no recogniser takes long over a text made to cost time."""

import time
from datetime import date

import pytest

from catalog.classify.values.rules import recognisers
from catalog.classify.values.scanning import scan
from tests.evaluation.hostile import SIZE, TEXTS

LIMIT_S = 0.3


@pytest.mark.parametrize("name", TEXTS)
def test_fifty_thousand_hostile_characters_take_less_than_three_hundred_milliseconds(name: str) -> None:
    """Of this process's own time, so that a busy machine fails nothing; one by one where all together take longer."""
    assert len(TEXTS[name]) == SIZE
    if _took(name, None) < LIMIT_S:
        return
    slow = {kind: took for kind in recognisers().kinds if (took := _took(name, kind)) > LIMIT_S}
    assert slow == {}


def _took(name: str, kind: str | None) -> float:
    began = time.process_time()
    scan(TEXTS[name], date(2026, 11, 24), kinds=None if kind is None else [kind])
    return time.process_time() - began
