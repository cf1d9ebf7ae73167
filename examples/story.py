"""A story: steps as data, checked when read.

Rules:
- a step says who acts, what they do, what must come back, in Chinese and English;
- an unknown key, verb or actor is refused with file and step number, before anything is sent.
"""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Any

import msgspec
import yaml

ROLES = ("scorer", "subject", "auditor", "steward", "dpo", "operator")


class StoryError(Exception):
    """A story file that cannot be played: says which file, which step, what is wrong."""


class Verb(StrEnum):
    """What a step does. Each is one HTTP request unless its line says otherwise."""

    READ = "read"  # POST /v1/reads
    GIVE = "give"  # POST /v1/grants
    WITHDRAW = "withdraw"  # POST /v1/withdrawals
    REFUSE = "refuse"  # POST /v1/refusals
    REVEAL = "reveal"  # POST /v1/subjects/{ref}/reveal
    OBSERVE = "observe"  # POST /v1/values
    ASK = "ask"  # GET /v1/entries
    MY_READS = "my_reads"  # GET /v1/me/reads
    CALL = "call"  # any other request: method, path, body
    TIME = "time"  # the same read many times, one after another, timed
    SWEEP = "sweep"  # a read of every generated client, in batches, timed
    FILES = "files"  # no request: search the service's own files for what must not be there


class Said(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One sentence in both languages."""

    zh: str
    en: str


class Expectation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What must come back.

    Attributes:
        status: the HTTP status.
        features: per feature the form it is released in, "absent", or the reason codes it is denied for.
        values: per feature the released value.
        only_forms: every release of the answer has one of these forms.
        where: dotted path in the answer -> value, or {"at_least": n}, {"holds": x}, {"count": n}, {"is": "present"}.
        faster_than_ms: for timed verbs, the median must be below this (a loose bound, no benchmark).
    """

    status: int | None = None
    features: dict[str, str | list[str]] = msgspec.field(default_factory=dict)
    values: dict[str, Any] = msgspec.field(default_factory=dict)
    only_forms: list[str] = msgspec.field(default_factory=list)
    where: dict[str, Any] = msgspec.field(default_factory=dict)
    faster_than_ms: float | None = None


class Step(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One step: ``actor`` ("scorer limit_engine", "subject lin", "auditor") does ``do`` with ``given``."""

    say: Said
    do: Verb
    actor: str = msgspec.field(name="as")
    given: dict[str, Any] = msgspec.field(name="with", default_factory=dict)
    second_factor: bool = False
    expect: Expectation = msgspec.field(default_factory=Expectation)
    keep: dict[str, str] = msgspec.field(default_factory=dict)

    @property
    def role(self) -> str:
        """The first word of ``actor``."""
        return self.actor.split()[0]

    @property
    def name(self) -> str:
        """The second word of ``actor``: a client or a person; staff have none."""
        return self.actor.partition(" ")[2]


class Story(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A lender's story: what its article worries about, and the steps that answer."""

    title: Said
    worry: Said
    steps: list[Step]


def load_story(folder: Path) -> Story:
    """Read ``story.yaml`` of an example folder.

    Raises: StoryError: not YAML, a missing or unknown key, an unknown verb or role.
    """
    path = folder / "story.yaml"
    try:
        story = msgspec.convert(yaml.safe_load(path.read_text("utf-8")), Story)
    except (OSError, yaml.YAMLError, msgspec.ValidationError) as error:
        raise StoryError(f"{path.parent.name}/{path.name}: {error}") from error
    for number, step in enumerate(story.steps, start=1):
        if step.role not in ROLES or (step.role in {"scorer", "subject"}) != bool(step.name):
            raise StoryError(f"{path.parent.name}/{path.name}: step {number}: no actor {step.actor!r}")
    return story
