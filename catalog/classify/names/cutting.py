"""Cutting words that were written together: `uregtime` is u, reg, time.

Rules enforced here:
- a word the lexicon knows is never cut; one that cannot be cut whole is left as it is;
- the fewest pieces win, and of as many the ones with the longest last piece; short pieces are only those that names
  are full of;
- a single letter stands only before all others, as table prefixes do (u, f, c, t, s, e, m).
"""

from collections.abc import Set as AbstractSet
from functools import cache
from typing import Final

SHORT: Final = frozenset({"id", "no", "ip", "is", "qq", "wx", "dt", "tm", "nm"})
PREFIXES: Final = frozenset("ufctsem")
LEAST: Final = 3
LONGEST: Final = 40


def cut(word: str, known: AbstractSet[str]) -> tuple[str, ...]:
    """Cut one lower-case word into known words; itself alone where that cannot be done."""
    if word in known or not LEAST < len(word) <= LONGEST or not word.isalpha():
        return (word,)
    return _cut(word, frozenset(known))


@cache
def _cut(word: str, known: frozenset[str]) -> tuple[str, ...]:
    best: dict[int, tuple[str, ...]] = {0: ()}
    if word[0] in PREFIXES:
        best[1] = (word[0],)
    for end in range(2, len(word) + 1):
        for start in range(end):
            piece = word[start:end]
            if start in best and piece in known and (len(piece) >= LEAST or piece in SHORT):
                pieces = (*best[start], piece)
                if end not in best or len(pieces) < len(best[end]):
                    best[end] = pieces
    return best.get(len(word), (word,))
