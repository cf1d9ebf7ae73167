"""All parts by title: own and public names of columns, and prose."""

from collections.abc import Callable
from typing import Final

from tests.evaluation import (
    final_prose,
    fresh_prose,
    held_names,
    held_prose,
    last_names,
    last_prose,
    prose,
    public_fifth,
    public_fresh,
    public_last,
    public_more,
    public_names,
    public_sixth,
    sixth_prose,
    third_names,
    third_prose,
)
from tests.evaluation.prose import Piece, Random

OWN: Final = (
    ("own names 1", held_names.HELD_NAMES),
    ("own names 2", last_names.LAST_NAMES),
    ("own names 3", third_names.THIRD_NAMES),
)
PUBLIC: Final = (
    ("public 1", public_names.PUBLIC_NAMES),
    ("public 2", public_more.PUBLIC_MORE),
    ("public 3", public_last.PUBLIC_LAST),
    ("public 4", public_fresh.PUBLIC_FRESH),
    ("public 5", public_fifth.PUBLIC_FIFTH),
    ("public 6", public_sixth.PUBLIC_SIXTH),
)


def _dev(count: int) -> list[Piece]:
    return prose.pieces(Random("dev"), count, prose.TEMPLATES, prose.VALUES, prose.DISTRACTORS)


def _first(count: int) -> list[Piece]:
    part = held_prose
    return prose.pieces(part.held_rng(1), count, part.HELD_TEMPLATES, part.HELD_VALUES, part.HELD_DISTRACTORS)


def _second(count: int) -> list[Piece]:
    part = last_prose
    return prose.pieces(part.last_rng(1), count, part.LAST_TEMPLATES, part.LAST_VALUES, part.LAST_DISTRACTORS)


def _third(count: int) -> list[Piece]:
    part = third_prose
    return prose.pieces(part.third_rng(1), count, part.THIRD_TEMPLATES, part.THIRD_VALUES, part.THIRD_DISTRACTORS)


def _fourth(count: int) -> list[Piece]:
    part = fresh_prose
    return prose.pieces(part.fresh_rng(1), count, part.FRESH_TEMPLATES, part.FRESH_VALUES, part.FRESH_DISTRACTORS)


def _fifth(count: int) -> list[Piece]:
    part = final_prose
    return prose.pieces(part.final_rng(1), count, part.FINAL_TEMPLATES, part.FINAL_VALUES, part.FINAL_DISTRACTORS)


def _sixth(count: int) -> list[Piece]:
    part = sixth_prose
    return prose.pieces(part.sixth_rng(1), count, part.SIXTH_TEMPLATES, part.SIXTH_VALUES, part.SIXTH_DISTRACTORS)


PROSE: Final[tuple[tuple[str, Callable[[int], list[Piece]]], ...]] = (
    ("tuned on", _dev),
    ("part 1", _first),
    ("part 2", _second),
    ("part 3", _third),
    ("part 4", _fourth),
    ("part 5", _fifth),
    ("part 6", _sixth),
)
