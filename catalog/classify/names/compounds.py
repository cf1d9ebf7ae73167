"""Compounds: the last noun of a name says what it is, a word before it whose or of what.

Rules enforced here:
- a kind is pointed to where a name ends in one of its heads and one of its modifiers stands before it, whatever stands
  between them; what changes nothing at the end (detail, enc, 密文) is passed over;
- the more of the name head and modifier make up, the surer; a whole phrase of the lexicon is surer than any compound.
"""

from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import yaml

from catalog.classify.values.rules import DATA

LEAST: Final = 0.66
REST: Final = 0.26


@dataclass(frozen=True, slots=True)
class Compound:
    """What makes a name one of a kind: a head at its end, a modifier before it."""

    kind: str
    modifiers: tuple[str, ...]
    heads: tuple[str, ...]


@cache
def _document() -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load((DATA / "name_compounds.yaml").read_text(encoding="utf-8"))
    return document


@cache
def compounds() -> tuple[Compound, ...]:
    """All compounds of data/name_compounds.yaml, the longest heads and modifiers first."""
    return tuple(
        Compound(kind, _longest(parts["of"]), _longest(parts["is"])) for kind, parts in _document()["kinds"].items()
    )


def _longest(words: Sequence[object]) -> tuple[str, ...]:
    return tuple(sorted({"no" if word is False else str(word) for word in words}, key=lambda word: (-len(word), word)))


@cache
def _tails(script: str) -> tuple[str, ...]:
    return _longest(_document()["tails"][script])


@cache
def compound_words() -> frozenset[str]:
    """The Latin words compounds are made of."""
    return frozenset(
        word for one in compounds() for text in (*one.modifiers, *one.heads) for word in text.split() if word.isascii()
    )


def latin_compounds(words: Sequence[str], neutral: AbstractSet[str]) -> Iterator[tuple[str, float]]:
    """Kinds that words of a Latin name, each in one spelling, are compounds of, with how sure that is."""
    if len(words) < 2:
        return
    for one in compounds():
        end = _end(words, one.heads)
        before = set(words[: end - 1])
        used = next((text.split() for text in one.modifiers if before.issuperset(text.split())), [])
        if not end or not used:
            continue
        idle = sum(word not in used and (word in neutral or word.isdecimal()) for word in words[: end - 1])
        yield one.kind, LEAST + REST * (len(used) + 1 + len(words) - end) / (len(words) - idle)


def _end(words: Sequence[str], heads: Sequence[str]) -> int:
    """Behind the head a name ends in, tails passed over; 0 where it ends in none."""
    tails = _tails("latin")
    for end in range(len(words), 1, -1):
        if words[end - 1] in heads:
            return end
        if words[end - 1] not in tails:
            return 0
    return 0


def chinese_compounds(name: str) -> Iterator[tuple[str, float]]:
    """Kinds that a Chinese name without signs is a compound of, with how sure that is."""
    shorter = next((name.removesuffix(tail) for tail in _tails("zh") if name.endswith(tail)), name)
    for text in dict.fromkeys((name, shorter)):
        for one in compounds():
            head = next((head for head in one.heads if text.endswith(head)), "")
            before = text[: len(text) - len(head)]
            used = next((word for word in one.modifiers if word in before), "") if head else ""
            if used:
                yield one.kind, LEAST + REST * (len(used) + len(head)) / len(text)
