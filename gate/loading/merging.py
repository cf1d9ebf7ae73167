"""What a segment's plaintext holds, and how newly observed values are merged into it. Pure.

Rules:
- the plaintext is the JSON object {feature short name: value}; null says that the value is known to be absent;
- every value keeps the time it was observed at: a value gives way only to one observed at the same time or later,
  whatever came with it, so that the order in which files are loaded does not matter;
- the segment as a whole is as old as its oldest value, so that no value outlives its retention by being merged; values
  that are younger have their times (microseconds since 1970) under ``@observed``, a name no feature can have;
- replacing, in place of merging, drops what the newer observation does not say;
- features that the view no longer has are dropped whenever a segment is written.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from catalog.shapes import Scalar

OBSERVED: Final = "@observed"
_decode = msgspec.json.Decoder(dict[str, Any]).decode
_encode = msgspec.json.Encoder().encode


@dataclass(slots=True)
class Segment:
    """One segment in clear, on its way to being sealed again; its values do not show in repr."""

    values: dict[str, Scalar] = field(default_factory=dict, repr=False)
    times: dict[str, int] = field(default_factory=dict, repr=False)
    is_changed: bool = False

    @classmethod
    def opened(cls, plain: bytes, observed_us: int) -> Segment:
        """Read a stored plaintext. Raises: msgspec.DecodeError: it is not a JSON object."""
        values = _decode(plain)
        younger: Mapping[str, int] = values.pop(OBSERVED, {})
        return cls(values, {name: younger.get(name, observed_us) for name in values})

    def merge(self, at_us: int, observed: Mapping[str, Scalar]) -> None:
        """Take over what was observed, value by value, where nothing newer is known."""
        times = self.times
        for name, value in observed.items():
            if at_us >= times.get(name, at_us):
                self.values[name] = value
                times[name] = at_us
                self.is_changed = True

    def replace(self, at_us: int, observed: Mapping[str, Scalar]) -> None:
        """Take over what was observed as all there is, unless something newer is known."""
        if at_us >= max(self.times.values(), default=at_us):
            self.values = dict(observed)
            self.times = dict.fromkeys(observed, at_us)
            self.is_changed = True

    def closed(self, names: Collection[str]) -> tuple[int, bytes]:
        """The time and plaintext to store, with these features only."""
        times = {name: at_us for name, at_us in self.times.items() if name in names}
        known = [at_us for name, at_us in times.items() if self.values[name] is not None]
        oldest = min(known or times.values())
        document: dict[str, object] = {name: self.values[name] for name in times}
        younger = {name: at_us for name, at_us in times.items() if at_us != oldest}
        if younger:
            document[OBSERVED] = younger
        return oldest, _encode(document)
