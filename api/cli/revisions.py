"""The revisions of the schema that this release knows, and the way from one to another."""

from __future__ import annotations

from dataclasses import dataclass

from alembic.script import ScriptDirectory

from api import migrate
from api.cli.faults import FAILED, CommandError
from api.cli.language import both, told

NO_REVISION = both("--to: no such revision; there are {known}", "--to：没有这个修订；现有 {known}")
NEWER_SCHEMA = both(
    "the database's schema ({found}) is not known to this release; use the release that made it",
    "本版本不认识数据库结构 {found}；请使用创建它的版本",
)


@dataclass(frozen=True, slots=True)
class Way:
    """From which revision to which, None being an empty database, and the revisions to pass, in order."""

    before: str | None
    after: str | None
    steps: tuple[str, ...]
    is_up: bool


def revisions() -> tuple[str, ...]:
    """Every revision, oldest first."""
    scripts = ScriptDirectory(str(migrate.SCRIPTS))
    return tuple(script.revision for script in scripts.walk_revisions())[::-1]


def way(before: str | None, to: str) -> Way:
    """The way from where the database is to ``to``. Raises: CommandError: one of them is not known."""
    chain = revisions()
    start = _place(chain, before)
    named = {migrate.HEAD: len(chain), migrate.BASE: 0, **{name: place for place, name in enumerate(chain, 1)}}
    if to not in named:
        raise CommandError(told(NO_REVISION).format(known=", ".join([migrate.BASE, *chain])))
    end = named[to]
    steps = chain[start:end] if end >= start else chain[end:start][::-1]
    return Way(before, chain[end - 1] if end else None, steps, is_up=end >= start)


def _place(chain: tuple[str, ...], revision: str | None) -> int:
    if revision is None:
        return 0
    if revision not in chain:
        raise CommandError(told(NEWER_SCHEMA).format(found=revision), code=FAILED)
    return chain.index(revision) + 1
