"""Catalogue files as plain data that remembers where each part stood.

Rules enforced here, each fault with its line and column:
- UTF-8 text of at most 1 MiB, one document, not empty;
- no anchors, aliases, tags or directives, so that a small file stays small when read;
- at most 16 levels and 50,000 parts; a key is a text and stands once in its mapping;
- plain scalars as in YAML 1.2's core schema: `true` and `false`, `null`, decimal integers;
  everything else is text (`no`, `on`, `1_000`, `12:30` and `0x1f` are texts here).

What the data means is decided in `catalog.reading` and `catalog.decoding`.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from catalog.errors import CatalogFileError, Fault

MAX_BYTES = 1 << 20
MAX_DEPTH = 16
MAX_PARTS = 50_000

Address = tuple[str | int, ...]
Place = tuple[int, int]

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_INTEGER = re.compile(r"-?(0|[1-9][0-9]{0,14})")
_WORDS = {"true": True, "false": False, "null": None, "~": None, "": None}
_UNPRINTABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(slots=True)
class Source:
    """A file's data, the places of its parts, and the faults found so far.

    Attributes:
        places: address of a value -> (line, column), counted from 1.
        key_places: address of a mapping's entry -> place of its key.
    """

    file: str
    data: object = None
    places: dict[Address, Place] = field(default_factory=dict)
    key_places: dict[Address, Place] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)

    @property
    def count(self) -> int:
        """How many faults were noted so far."""
        return len(self.faults)

    def fault(self, place: Place, message: str) -> None:
        """Note one fault."""
        self.faults.append(Fault(self.file, place[0], place[1], message))

    def fault_at(self, address: Address, message: str, *, key: bool = False) -> None:
        """Note a fault of the part at an address, or of its nearest ancestor with a place."""
        places = self.key_places if key else self.places
        while address and address not in places:
            address = address[:-1]
        self.fault(places.get(address, (1, 1)), message)

    def refuse_faults(self) -> None:
        """Do nothing if the file was right.

        Raises: CatalogFileError: it was not; with every fault, in file order.
        """
        if self.faults:
            ordered = sorted(set(self.faults), key=lambda one: (one.line, one.column, one.message))
            raise CatalogFileError(tuple(ordered))


class _StopReadingError(Exception):
    """Reading cannot go on; the fault is already noted."""


def read_source(given: Path | str) -> Source:
    """Read a file (a path) or a text (a str) into plain data.

    Raises: CatalogFileError: the text cannot be read as YAML at all. Lesser faults are noted
    in the result for `refuse_faults`.
    """
    source = Source(file=str(given) if isinstance(given, Path) else "<text>")
    try:
        text = _text(source, given)
        events = yaml.parse(text, Loader=_LOADER)
        source.data = _Builder(source, events).document()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        source.fault(place, f"not YAML: {error.problem or error.context}")
        source.refuse_faults()
    except _StopReadingError:
        source.refuse_faults()
    return source


def _text(source: Source, given: Path | str) -> str:
    """Return the text, or note why it is none."""
    raw = given.read_bytes() if isinstance(given, Path) else given.encode(errors="surrogatepass")
    if len(raw) > MAX_BYTES:
        source.fault((1, 1), f"larger than {MAX_BYTES} bytes; split the file")
        raise _StopReadingError
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line_start = raw.rfind(b"\n", 0, error.start) + 1
        place = (raw.count(b"\n", 0, error.start) + 1, error.start - line_start + 1)
        source.fault(place, "not UTF-8; save the file as UTF-8")
        raise _StopReadingError from error
    odd = _UNPRINTABLE.search(text)
    if odd is not None:
        start = odd.start()
        place = (text.count("\n", 0, start) + 1, start - text.rfind("\n", 0, start))
        source.fault(place, f"control character U+{ord(odd[0]):04X}; remove it")
        raise _StopReadingError
    return text


class _Builder:
    """Turn a stream of YAML events into plain data, iterating so that depth stays bounded."""

    def __init__(self, source: Source, events: Iterator[Any]) -> None:
        self._source = source
        self._events = events
        self._parts = 0

    def document(self) -> object:
        """Read the one document of the stream."""
        next(self._events)
        start = next(self._events)
        if isinstance(start, yaml.StreamEndEvent):
            self._stop(start, "the file is empty")
        if start.version or start.tags:
            self._note(start, "directives are not allowed; remove the line that starts with %")
        data = self._value(next(self._events), ())
        next(self._events)
        after = next(self._events)
        if not isinstance(after, yaml.StreamEndEvent):
            self._stop(after, "a second document starts here; one file holds one document")
        if data is None and not self._source.faults:
            self._stop(start, "the file is empty")
        return data

    def _value(self, event: Any, address: Address) -> object:
        self._parts += 1
        if self._parts > MAX_PARTS:
            self._stop(event, f"more than {MAX_PARTS} parts; split the file")
        if len(address) > MAX_DEPTH:
            self._stop(event, f"nested deeper than {MAX_DEPTH} levels")
        self._source.places[address] = _place(event)
        if isinstance(event, yaml.AliasEvent) or event.anchor is not None:
            self._note(event, "anchors and aliases are not allowed; write the part out")
        if getattr(event, "tag", None) is not None:
            self._note(event, "tags are not allowed; remove the word that starts with !")
        if isinstance(event, yaml.MappingStartEvent):
            return self._mapping(address)
        if isinstance(event, yaml.SequenceStartEvent):
            return self._sequence(address)
        return _scalar(event) if isinstance(event, yaml.ScalarEvent) else None

    def _mapping(self, address: Address) -> dict[str, object]:
        found: dict[str, object] = {}
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            key = self._key(event, address)
            inner = (*address, key)
            if key in found:
                line = self._source.key_places[inner][0]
                self._note(event, f"`{key}` stands here a second time; line {line} has it already")
                self._value(next(self._events), (*address, f"{key} again"))
                continue
            self._source.key_places[inner] = _place(event)
            found[key] = self._value(next(self._events), inner)
        return found

    def _key(self, event: Any, address: Address) -> str:
        if isinstance(event, yaml.ScalarEvent) and event.anchor is None and event.tag is None:
            return event.value
        self._value(event, (*address, "?"))
        self._note(event, "a key must be a plain text")
        return f"? {event.start_mark.line}:{event.start_mark.column}"

    def _sequence(self, address: Address) -> list[object]:
        found: list[object] = []
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            found.append(self._value(event, (*address, len(found))))
        return found

    def _note(self, event: Any, message: str) -> None:
        self._source.fault(_place(event), message)

    def _stop(self, event: Any, message: str) -> None:
        self._note(event, message)
        raise _StopReadingError


def _place(event: Any) -> Place:
    return event.start_mark.line + 1, event.start_mark.column + 1


def _scalar(event: yaml.ScalarEvent) -> object:
    """Read a scalar; only a plain one can be anything but text."""
    text: str = event.value
    if event.style is not None and event.style != "":
        return text
    if text in _WORDS:
        return _WORDS[text]
    return int(text) if _INTEGER.fullmatch(text) else text
