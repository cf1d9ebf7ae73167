"""The language people are spoken to in: ``--lang``, else the environment's, else English."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextvars import ContextVar
from enum import StrEnum

VARIABLES = ("LC_ALL", "LC_MESSAGES", "LANG")
SPLIT = "\x1f"


class Language(StrEnum):
    """The two languages of every text."""

    ZH = "zh"
    EN = "en"


LANGUAGE: ContextVar[Language] = ContextVar("yumen_language", default=Language.EN)


def both(en: str, zh: str) -> str:
    """One text in both languages, for places that hold a single string until it is shown."""
    return f"{en}{SPLIT}{zh}"


def told(text: str, language: Language | None = None) -> str:
    """The half of ``text`` that is in the language; a text that was not made by ``both`` as it is."""
    en, found, zh = text.partition(SPLIT)
    return zh if found and (language or LANGUAGE.get()) is Language.ZH else en


def language_of(arguments: Sequence[str], environment: Mapping[str, str]) -> Language:
    """The language of a call; a value nobody knows is left for the parser to refuse."""
    for place, argument in enumerate(arguments):
        name, _, value = argument.partition("=")
        if name == "--lang":
            value = value or next(iter(arguments[place + 1 : place + 2]), "")
            if value in set(Language):
                return Language(value)
        if argument == "--":
            break
    chosen = next((environment[name] for name in VARIABLES if environment.get(name)), "")
    return Language.ZH if chosen.lower().startswith("zh") else Language.EN
