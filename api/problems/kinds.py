"""The table of problems, read once from ``kinds.yaml`` and checked whole."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import yaml

CODE = re.compile(r"[a-z]+/[a-z][a-z0-9_]*")
SHOWN = re.compile(r"(?!.*[0-9]{5})[\x20-\x7e\u4e00-\u9fff，。；：（）《》、]{1,120}")
INTERNAL = "service/internal"


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of problem.

    Attributes:
        code: the stable name, "<room>/<what>".
        status: the HTTP status.
        zh: the title in Chinese; ``en``: in English.
        do_zh: what to do next in Chinese; ``do_en``: in English.
        retry_s: after how many seconds trying again makes sense; None when it does not.
        shows: attributes of the error that stand in the answer.
    """

    code: str
    status: int
    zh: str
    en: str
    do_zh: str
    do_en: str
    retry_s: int | None = None
    shows: tuple[str, ...] = ()

    def title(self, language: str) -> str:
        """The title in "zh" or "en"."""
        return self.zh if language == "zh" else self.en

    def detail(self, language: str) -> str:
        """What to do next in "zh" or "en"."""
        return self.do_zh if language == "zh" else self.do_en

    def shown(self, error: Exception) -> dict[str, str | int]:
        """The attributes of ``error`` that the answer may show; long digit runs and foreign characters are left out."""
        found = {name: getattr(error, name, None) for name in self.shows}
        return {
            name: value
            for name, value in found.items()
            if (isinstance(value, int) and abs(value) < 10**9) or (isinstance(value, str) and SHOWN.fullmatch(value))
        }


def read_kinds(text: str) -> Mapping[str, Kind]:
    """Read the table. Raises: ValueError: a code, status or text is not as it must be."""
    document: dict[str, dict[str, Any]] = yaml.safe_load(text)
    kinds = {}
    for code, parts in document.items():
        kind = Kind(code=code, **{**parts, "shows": tuple(parts.get("shows", ()))})
        if CODE.fullmatch(code) is None or not 400 <= kind.status <= 599:
            raise ValueError(f"kinds.yaml: {code} is malformed")
        kinds[code] = kind
    return MappingProxyType(kinds)


KINDS = read_kinds(Path(__file__).with_name("kinds.yaml").read_text(encoding="utf-8"))


def kind_of(error: Exception) -> Kind:
    """The kind of an error that carries a ``code``; an unknown code is an internal error."""
    return KINDS.get(getattr(error, "code", INTERNAL), KINDS[INTERNAL])
