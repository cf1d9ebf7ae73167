"""Reading plain data into typed values, collecting every fault instead of stopping at one.

A `Part` is one place in a document, from a file or from the store. Its methods return the
typed value, or note a fault and return a harmless stand-in, so that reading goes on. Whoever
starts the reading refuses the result if any fault was noted.
"""

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol, TypeVar

from catalog.names import NAME_RULE, is_name
from catalog.yaml_source import Address

MAX_TEXT = 400
UNNAMED = ""

Choice = TypeVar("Choice", bound=StrEnum)


class Faults(Protocol):
    """Where faults are noted; a file's `Source`, or a list for stored documents."""

    @property
    def count(self) -> int:
        """How many faults were noted so far."""

    def fault_at(self, address: Address, message: str, *, key: bool = False) -> None:
        """Note a fault of the part at an address, or of its key."""


@dataclass(slots=True)
class ListedFaults:
    """Faults of a document without lines: each is written `address: message`."""

    messages: list[str]

    @property
    def count(self) -> int:
        """How many faults were noted so far."""
        return len(self.messages)

    def fault_at(self, address: Address, message: str, *, key: bool = False) -> None:  # noqa: ARG002  # no keys' places here
        """Note a fault of the part at an address."""
        self.messages.append(f"{'/'.join(map(str, address))}: {message}")


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a document, with its address."""

    value: object
    address: Address
    faults: Faults

    def fault(self, message: str) -> None:
        """Note a fault of this part."""
        self.faults.fault_at(self.address, message)

    def at(self, *steps: str | int) -> "Part":
        """Return a part inside this one for noting faults; its value is not looked up."""
        return Part(None, (*self.address, *steps), self.faults)

    def table(self, required: Iterable[str], optional: Iterable[str] = ()) -> dict[str, "Part"]:
        """Read a mapping whose keys are known.

        Shape: the parts present and not null; unknown and missing keys are faults.
        """
        if not isinstance(self.value, dict):
            self.fault(f"expected a mapping, found {_kind(self.value)}")
            return {}
        required = tuple(required)
        known = {*required, *optional}
        for key in self.value:
            if key not in known:
                message = f"unknown key `{key}`{suggestion(key, known)}"
                self.faults.fault_at((*self.address, key), message, key=True)
        present = {key for key in known if self.value.get(key) is not None}
        for key in required:
            if key not in present:
                self.fault(f"`{key}` is missing")
        return {key: Part(self.value[key], (*self.address, key), self.faults) for key in self.value if key in present}

    def entries(self) -> list[tuple[str, "Part"]]:
        """Read a mapping with free keys."""
        if not isinstance(self.value, dict):
            self.fault(f"expected a mapping, found {_kind(self.value)}")
            return []
        return [(key, Part(part, (*self.address, key), self.faults)) for key, part in self.value.items()]

    def items(self) -> list["Part"]:
        """Read a list."""
        if not isinstance(self.value, list):
            self.fault(f"expected a list, found {_kind(self.value)}")
            return []
        return [Part(part, (*self.address, place), self.faults) for place, part in enumerate(self.value)]

    def text(self) -> str:
        """Read a text of 1 to 400 characters on one line."""
        if not isinstance(self.value, str):
            self.fault(f"expected a text, found {_kind(self.value)}; put it in quotes")
            return "?"
        stripped = self.value.strip()
        if not stripped or len(stripped) > MAX_TEXT or "\n" in stripped:
            self.fault(f"expected a text of 1 to {MAX_TEXT} characters on one line")
            return "?"
        return stripped

    def name(self) -> str:
        """Read a name of the catalogue's grammar."""
        if not isinstance(self.value, str) or not is_name(self.value):
            self.fault(f"not a name: {NAME_RULE}")
            return UNNAMED
        return self.value

    def choice(self, kind: type[Choice]) -> Choice:
        """Read one of a closed set of words; the first of them stands in."""
        if isinstance(self.value, str) and self.value in set(kind):
            return kind(self.value)
        allowed = ", ".join(kind)
        self.fault(f"expected one of: {allowed}{suggestion(self.value, set(kind))}")
        return next(iter(kind))

    def choices(self, kind: type[Choice]) -> tuple[Choice, ...]:
        """Read a list of words of a closed set, each at most once."""
        read = [part.choice(kind) for part in self.items()]
        if len(set(read)) != len(read):
            self.fault("a word stands here twice")
        return tuple(read)

    def truth(self) -> bool:
        """Read `true` or `false`."""
        if not isinstance(self.value, bool):
            self.fault(f"expected true or false, found {_kind(self.value)}")
            return True
        return self.value

    def integer(self, low: int, high: int) -> int:
        """Read an integer of a closed range."""
        if type(self.value) is not int or not low <= self.value <= high:
            self.fault(f"expected a whole number from {low} to {high}")
            return low
        return self.value

    def literal(self) -> str:
        """Read a literal as it is written: text, whole number, true or false."""
        match self.value:
            case bool():
                return str(self.value).lower()
            case int():
                return str(self.value)
            case str() if 0 < len(self.value) <= MAX_TEXT:
                return self.value
        self.fault(f"expected a number, a date, a text, true or false, found {_kind(self.value)}")
        return ""


def suggestion(given: object, known: Iterable[str]) -> str:
    """Return `; did you mean ...?` if a known word is close, else nothing."""
    close = difflib.get_close_matches(str(given), sorted(known), n=1)
    return f"; did you mean `{close[0]}`?" if close else ""


def _kind(value: object) -> str:
    match value:
        case None:
            return "nothing"
        case bool():
            return "true or false"
        case int():
            return "a number"
        case str():
            return "a text"
        case list():
            return "a list"
    return "a mapping"
