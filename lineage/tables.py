"""The ledger's tables, and what keeps them append-only inside the database.

Rules enforced here:
- one row per entry; `body` is the record, every other column repeats it so that questions find an index;
- (stream, seq) is unique: two writers never take the same place;
- no statement updates or deletes: triggers on both databases, roles on PostgreSQL (`lineage.roles`), an authorizer on
  SQLite (`lineage.guard`);
- SQLite's INSERT OR REPLACE deletes without firing delete triggers unless `recursive_triggers` is on, so a trigger
  before every insert refuses a taken id and any place but the next of its stream, whatever the pragma says.

These controls prevent accidents and ordinary misuse. Whoever owns the database can still remove them: what they do then
is found by `lineage.check` (digest, MAC, order, replay).

Indexes: a row is written on every read, and each index that is not filled in order costs a fifth of the insert rate
(measured), so reads are found through three: the stream (a subject's entries), the instant, the shape of the answer.
A shape names client, purpose, outcome, features and fields, and there are few shapes: a question about any of these
finds its shapes first and then merges their entries by instant. The indexes on client, purpose, outcome, kind and the
object an entry is about leave reads out and so cost them nothing; so do those by which a row of consent or
configuration is compared with the newest entry that tells of it.
"""

from collections.abc import Iterable

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Identity,
    Index,
    Integer,
    LargeBinary,
    Text,
    UniqueConstraint,
    text,
)
from sqlmodel import Field, SQLModel

from lineage.kinds import Kind

APPEND_ONLY = ("ledger_entries", "ledger_shapes", "ledger_shape_fields", "ledger_leaves")

# Byte order instead of a language's: faster to compare, and the same on every server.
_TEXT = Text().with_variant(Text(collation="C"), "postgresql")
_ID = BigInteger().with_variant(Integer(), "sqlite")


def _text(*, nullable: bool = False, primary_key: bool = False) -> Column[str]:
    return Column(_TEXT, nullable=nullable, primary_key=primary_key)


def _of_kinds(kinds: Iterable[Kind]) -> str:
    names = ", ".join(f"'{kind.value}'" for kind in sorted(kinds))
    # Without the outcome, which is always this, a question about one kind would take these indexes for its own.
    return f"kind IN ({names}) AND outcome = 'done'"


MOVES_CONSENT = _of_kinds(kind for kind in Kind if kind.moves_consent)
CONFIGURES = _of_kinds(kind for kind in Kind if kind.configures)
"""Conditions of partial indexes; a statement that is to use one repeats its condition to the letter."""


def _but_reads(column: str) -> Index:
    where = text("kind <> 'read'")
    return Index(
        f"ledger_entries_{column}", "tenant", column, "at_us", "id", sqlite_where=where, postgresql_where=where
    )


class LedgerEntry(SQLModel, table=True):
    """One entry. The format of `body` is docs/formats/ledger-entry.md; digest = SHA-256(0x00 || body)."""

    __tablename__ = "ledger_entries"
    __table_args__ = (
        UniqueConstraint("stream", "seq", name="ledger_entries_stream_seq"),
        CheckConstraint("id > 0 AND seq > 0", name="ledger_entries_positive"),
        Index("ledger_entries_at", "tenant", "at_us", "id"),
        Index("ledger_entries_shape", "tenant", "shape", "at_us", "id"),
        Index(
            "ledger_entries_consents",
            "stream",
            "id",
            sqlite_where=text(MOVES_CONSENT),
            postgresql_where=text(MOVES_CONSENT),
        ),
        Index(
            "ledger_entries_configuration",
            "id",
            sqlite_where=text(CONFIGURES),
            postgresql_where=text(CONFIGURES),
        ),
        _but_reads("client"),
        _but_reads("purpose"),
        _but_reads("kind"),
        _but_reads("outcome"),
        Index(
            "ledger_entries_about",
            "tenant",
            "about",
            "at_us",
            "id",
            sqlite_where=text("about IS NOT NULL"),
            postgresql_where=text("about IS NOT NULL"),
        ),
        {"sqlite_autoincrement": True},
    )

    id: int | None = Field(default=None, sa_column=Column(_ID, Identity(always=True), primary_key=True))
    tenant: str = Field(sa_column=_text())
    stream: str = Field(sa_column=_text())
    seq: int = Field(sa_column=Column(BigInteger, nullable=False))
    kind: str = Field(sa_column=_text())
    at_us: int = Field(sa_column=Column(BigInteger, nullable=False))
    client: str | None = Field(default=None, sa_column=_text(nullable=True))
    party: str | None = Field(default=None, sa_column=_text(nullable=True))
    purpose: str | None = Field(default=None, sa_column=_text(nullable=True))
    subject: str | None = Field(default=None, sa_column=_text(nullable=True))
    outcome: str = Field(sa_column=_text())
    shape: str | None = Field(default=None, sa_column=_text(nullable=True))
    about: str | None = Field(default=None, sa_column=_text(nullable=True))
    body: str = Field(sa_column=_text())
    digest: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    mac: bytes = Field(sa_column=Column(LargeBinary, nullable=False))


class LedgerShape(SQLModel, table=True):
    """What was asked and what became of it, stored once: client, purpose, outcome, and per feature form or reasons."""

    __tablename__ = "ledger_shapes"
    __table_args__ = (
        Index("ledger_shapes_client", "tenant", "client"),
        Index("ledger_shapes_purpose", "tenant", "purpose"),
        Index("ledger_shapes_outcome", "tenant", "outcome"),
    )

    tenant: str = Field(sa_column=_text(primary_key=True))
    shape: str = Field(sa_column=_text(primary_key=True))
    client: str = Field(sa_column=_text())
    purpose: str = Field(sa_column=_text())
    outcome: str = Field(sa_column=_text())
    body: str = Field(sa_column=_text())


class LedgerShapeField(SQLModel, table=True):
    """The lines of a shape: a question about a field or feature finds its shapes; outcome is a form or 'denied'."""

    __tablename__ = "ledger_shape_fields"
    __table_args__ = (
        Index("ledger_shape_fields_field", "tenant", "field", "shape", "outcome"),
        Index("ledger_shape_fields_feature", "tenant", "feature", "shape", "outcome"),
    )

    tenant: str = Field(sa_column=_text(primary_key=True))
    shape: str = Field(sa_column=_text(primary_key=True))
    feature: str = Field(sa_column=_text(primary_key=True))
    field: str = Field(sa_column=_text(primary_key=True))
    outcome: str = Field(sa_column=_text())


class LedgerLeaf(SQLModel, table=True):
    """The place of an entry in the transparency log, from 0 without a gap; given once, never changed."""

    __tablename__ = "ledger_leaves"
    __table_args__ = (
        UniqueConstraint("entry", name="ledger_leaves_entry"),
        CheckConstraint("n >= 0 AND entry > 0", name="ledger_leaves_positive"),
    )

    n: int = Field(sa_column=Column(_ID, primary_key=True, autoincrement=False))
    entry: int = Field(sa_column=Column(BigInteger, nullable=False))


class LedgerLog(SQLModel, table=True):
    """The one transparency log of this database.

    `origin` and `key` are those it was begun under; every entry up to `low` has its place, or will never come.
    """

    __tablename__ = "ledger_log"
    __table_args__ = (CheckConstraint("id = 1", name="ledger_log_one_row"),)

    id: int = Field(sa_column=Column(Integer, primary_key=True, autoincrement=False))
    origin: str = Field(sa_column=_text())
    key: str = Field(sa_column=_text())
    low: int = Field(sa_column=Column(BigInteger, nullable=False))


def _sqlite_ddl() -> tuple[str, ...]:
    changes = tuple(
        f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} "
        f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
        for table in APPEND_ONLY
        for verb in ("UPDATE", "DELETE")
    )
    # FAIL, not ABORT: an ABORT makes SQLite keep a copy of every page an insert touches (three times the cost per row),
    # and on an insert of one row both leave nothing behind.
    entries = (
        "CREATE TRIGGER ledger_entries_next BEFORE INSERT ON ledger_entries BEGIN "
        "SELECT RAISE(FAIL, 'ledger_entries: not the next place of its stream') "
        "WHERE NEW.seq IS NOT 1 + coalesce((SELECT max(seq) FROM ledger_entries WHERE stream = NEW.stream), 0); "
        # SQLite shows -1 for an id it has yet to draw; the table's CHECK refuses a real -1.
        "SELECT RAISE(FAIL, 'ledger_entries: the id is taken') "
        "WHERE NEW.id <= (SELECT max(id) FROM ledger_entries) AND NEW.id IS NOT -1; END"
    )
    leaves = (
        "CREATE TRIGGER ledger_leaves_next BEFORE INSERT ON ledger_leaves BEGIN "
        "SELECT RAISE(FAIL, 'ledger_leaves: not the next place') "
        "WHERE NEW.n IS NOT 1 + coalesce((SELECT max(n) FROM ledger_leaves), -1); "
        "SELECT RAISE(FAIL, 'ledger_leaves: the entry has its place') "
        "WHERE EXISTS (SELECT 1 FROM ledger_leaves WHERE entry = NEW.entry); END"
    )
    shapes = _only_the_same("ledger_shapes", ("tenant", "shape"), "body")
    lines = _only_the_same("ledger_shape_fields", ("tenant", "shape", "feature", "field"), "outcome")
    return (*changes, entries, shapes, lines, leaves)


def _only_the_same(table: str, key: tuple[str, ...], value: str) -> str:
    """A duplicate that is skipped (ON CONFLICT DO NOTHING) is legal; a replacement by something else is not."""
    same = " AND ".join(f"old.{column} = NEW.{column}" for column in key)
    changed = f"{same} AND old.{value} IS NOT NEW.{value}"
    return (
        f"CREATE TRIGGER {table}_same BEFORE INSERT ON {table} BEGIN "  # noqa: S608 - constants of this module
        f"SELECT RAISE(ABORT, '{table} is append-only') "
        f"WHERE EXISTS (SELECT 1 FROM {table} AS old WHERE {changed}); END"
    )


def _postgresql_ddl() -> tuple[str, ...]:
    function = (
        "CREATE FUNCTION ledger_append_only() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        "RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege'; END $$"
    )
    # A statement trigger also stops TRUNCATE and ON CONFLICT DO UPDATE, and fires when no row matches.
    made = tuple(
        f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
        "FOR EACH STATEMENT EXECUTE FUNCTION ledger_append_only()"
        for table in APPEND_ONLY
    )
    # ALWAYS: session_replication_role = replica does not switch them off.
    kept = tuple(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_append_only" for table in APPEND_ONLY)
    return (function, *made, *kept)


DDL = {"sqlite": _sqlite_ddl(), "postgresql": _postgresql_ddl()}
