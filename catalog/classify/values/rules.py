"""All recognisers, put together from patterns and words; and the texts of kinds and reasons."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import yaml

from catalog.classify.values.patterns import PATTERNS, RAW
from catalog.classify.values.rule import Rule, Words

DATA: Final = Path(__file__).resolve().parents[1] / "data"


@dataclass(frozen=True, slots=True)
class Title:
    """A name in both languages."""

    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class Recognisers:
    """Every recogniser and its texts.

    Attributes:
        rules: in the order they run.
        kinds: title of every kind, those without a pattern (names, addresses) included.
        ranks: the more specific of two kinds has the higher.
    """

    rules: tuple[Rule, ...]
    kinds: Mapping[str, Title]
    ranks: Mapping[str, int]
    reasons: Mapping[str, Title]

    def of(self, kind: str) -> tuple[Rule, ...]:
        """The rules of one kind."""
        return tuple(rule for rule in self.rules if rule.kind == kind)


@cache
def recognisers() -> Recognisers:
    """Return the recognisers that ship with the product."""
    document: dict[str, Any] = yaml.safe_load((DATA / "values.yaml").read_text(encoding="utf-8"))
    kinds = document["kinds"]
    words = {kind: _words(parts, document["against"]) for kind, parts in kinds.items()}
    rules = tuple(Rule(kind, pattern, judge, words[kind], is_raw=kind in RAW) for kind, pattern, judge in PATTERNS)
    return Recognisers(
        rules,
        _titles(kinds),
        MappingProxyType({kind: parts["rank"] for kind, parts in kinds.items()}),
        _titles(document["reasons"]),
    )


def _titles(document: Mapping[str, Any]) -> Mapping[str, Title]:
    return MappingProxyType({name: Title(parts["zh"], parts["en"]) for name, parts in document.items()})


def _words(parts: Mapping[str, Any], against: Iterable[str]) -> Words:
    own = parts["near"]
    spoken = [word for word in (*against, *parts.get("against", ())) if word not in own]
    return Words(_compiled(own), _compiled(spoken))


def _compiled(words: Iterable[str]) -> re.Pattern[str]:
    """Compile words so that overlapping ones are all found; Latin words begin where a word begins, Chinese ones anywhere."""
    parts = [
        rf"(?<![a-z]){re.escape(word)}" if word.isascii() else re.escape(word)
        for word in sorted(words, key=len, reverse=True)
    ]
    return re.compile(f"(?=({'|'.join(parts)}))", re.IGNORECASE)
