"""What docs/evaluation.md reports holds in the small: the goals that were met stay met."""

import pytest

from tests.evaluation import held_names, held_prose, last_names, last_prose, measures, prose, public_names


def test_columns_under_hostile_names_reach_their_goal() -> None:
    tally = measures.hostile_columns(held=True, each=1)
    assert len(tally.kinds()) >= 60
    assert tally.macro_f1() >= 0.97


def test_columns_under_sensible_names_stay_as_good_as_reported() -> None:
    first, second = (measures.named_columns(names)[0] for names in (held_names.HELD_NAMES, last_names.LAST_NAMES))
    assert len(first.kinds()) >= 120
    assert (first.macro_f1() >= 0.985, second.macro_f1() >= 0.97) == (True, True)
    public = measures.named_columns(public_names.PUBLIC_NAMES)[0]
    assert sum(public.hits.values()) / (sum(public.hits.values()) + sum(public.misses.values())) >= 0.92


def test_identifiers_in_columns_reach_their_goal() -> None:
    assert measures.cells_in_columns(1).below(0.98) == []


@pytest.mark.parametrize("part", ["tuned on", "part 1", "part 2"])
def test_identifiers_in_prose_reach_their_goal(part: str) -> None:
    one, two = held_prose, last_prose
    pieces = {
        "tuned on": lambda: prose.pieces(prose.Random("dev"), 800, prose.TEMPLATES, prose.VALUES, prose.DISTRACTORS),
        "part 1": lambda: prose.pieces(one.held_rng(2), 800, one.HELD_TEMPLATES, one.HELD_VALUES, one.HELD_DISTRACTORS),
        "part 2": lambda: prose.pieces(two.last_rng(2), 800, two.LAST_TEMPLATES, two.LAST_VALUES, two.LAST_DISTRACTORS),
    }
    assert measures.prose_set(pieces[part]()).below(0.95) == []
