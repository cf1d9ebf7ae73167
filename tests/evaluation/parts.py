"""All parts by title: own and public names of columns, and prose."""

from collections.abc import Callable, Iterable, Mapping
from typing import Final

from tests.evaluation import (
    eighth_prose,
    fifth_names,
    final_prose,
    fourth_names,
    fresh_prose,
    held_names,
    held_prose,
    last_names,
    last_prose,
    ninth_prose,
    prose,
    public_fifth,
    public_fresh,
    public_last,
    public_more,
    public_names,
    public_sixth,
    seventh_prose,
    sixth_prose,
    tenth_prose,
    third_names,
    third_prose,
)
from tests.evaluation.prose import Make, Piece, Random

OWN: Final = (
    ("own names 1", held_names.HELD_NAMES),
    ("own names 2", last_names.LAST_NAMES),
    ("own names 3", third_names.THIRD_NAMES),
    ("own names 4", fourth_names.FOURTH_NAMES),
    ("own names 5", fifth_names.FIFTH_NAMES),
)
PUBLIC: Final = (
    ("public 1", public_names.PUBLIC_NAMES),
    ("public 2", public_more.PUBLIC_MORE),
    ("public 3", public_last.PUBLIC_LAST),
    ("public 4", public_fresh.PUBLIC_FRESH),
    ("public 5", public_fifth.PUBLIC_FIFTH),
    ("public 6", public_sixth.PUBLIC_SIXTH),
)


Pieces = Callable[[int], list[Piece]]


def _of(
    seed: str, templates: Mapping[str, str], values: Mapping[str, Make], distractors: Iterable[tuple[str, Make]]
) -> Pieces:
    """What makes so many pieces of a part, the same ones whenever it is asked."""
    return lambda count: prose.pieces(Random(seed), count, templates, values, distractors)


PROSE: Final[tuple[tuple[str, Pieces], ...]] = (
    ("tuned on", _of("dev", prose.TEMPLATES, prose.VALUES, prose.DISTRACTORS)),
    ("part 1", _of("kept aside 1", held_prose.HELD_TEMPLATES, held_prose.HELD_VALUES, held_prose.HELD_DISTRACTORS)),
    ("part 2", _of("the last part 1", last_prose.LAST_TEMPLATES, last_prose.LAST_VALUES, last_prose.LAST_DISTRACTORS)),
    (
        "part 3",
        _of("the third part 1", third_prose.THIRD_TEMPLATES, third_prose.THIRD_VALUES, third_prose.THIRD_DISTRACTORS),
    ),
    (
        "part 4",
        _of("the fourth part 1", fresh_prose.FRESH_TEMPLATES, fresh_prose.FRESH_VALUES, fresh_prose.FRESH_DISTRACTORS),
    ),
    (
        "part 5",
        _of("the fifth part 1", final_prose.FINAL_TEMPLATES, final_prose.FINAL_VALUES, final_prose.FINAL_DISTRACTORS),
    ),
    (
        "part 6",
        _of("the sixth part 1", sixth_prose.SIXTH_TEMPLATES, sixth_prose.SIXTH_VALUES, sixth_prose.SIXTH_DISTRACTORS),
    ),
    (
        "part 7",
        _of(
            "the seventh part 1",
            seventh_prose.SEVENTH_TEMPLATES,
            sixth_prose.SIXTH_VALUES,
            seventh_prose.SEVENTH_DISTRACTORS,
        ),
    ),
    (
        "part 8",
        _of(
            "the eighth part 1",
            eighth_prose.EIGHTH_TEMPLATES,
            sixth_prose.SIXTH_VALUES,
            eighth_prose.EIGHTH_DISTRACTORS,
        ),
    ),
    (
        "part 9",
        _of("the ninth part 1", ninth_prose.NINTH_TEMPLATES, sixth_prose.SIXTH_VALUES, ninth_prose.NINTH_DISTRACTORS),
    ),
    (
        "part 10",
        _of("the tenth part 1", tenth_prose.TENTH_TEMPLATES, sixth_prose.SIXTH_VALUES, tenth_prose.TENTH_DISTRACTORS),
    ),
)
