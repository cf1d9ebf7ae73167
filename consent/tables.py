"""The consent room's tables, their indexes and the triggers that keep history append-only.

Rules kept by the database itself:
- a subject whose ``status`` becomes 'erased' loses grants and events in the same statement; the row stays as a
  tombstone (reference and status) that nothing changes or removes again;
- ``consent_events`` and ``consent_registry`` take inserts only: UPDATE, DELETE, TRUNCATE and, on SQLite,
  ``INSERT OR REPLACE`` over an existing key are refused, with or without ``PRAGMA recursive_triggers``; only the
  erasure of their subject removes events;
- ``consent_epoch`` holds exactly one row, which exists from the start.

Columns other rooms read:
- ``consent_subjects`` (PK tenant, ref): ``version`` is the consent version, raised by every event of the subject,
  always equal to the ``seq`` of the subject's newest event (0 before the first); a reader that recorded nothing since
  may compare it under a share lock. ``pseudonym`` names the subject in the ledger. ``age_band`` is 'adult', 'minor'
  or 'unknown'. ``oldest_observed_us`` is the time of the oldest stored value, NULL if none. ``told`` is the id of the
  ledger entry of the newest consent event (0 before the first), ``held`` lists the codes of the current grants,
  ``mac`` authenticates the row (`consent.rows`); a row whose ``mac`` is NULL was never sealed and counts as tampered.
  ``status`` is 'known', 'restricted' (kept, not used) or 'erased': then ``version`` is -1, which no decision was ever
  made under, and the pseudonym is a random name that stands nowhere else.
- ``consent_grants`` (PK id): one row per grant, the fold of its events. For facts, read the rows WHERE ``tenant``,
  ``subject``, ``purpose``, ``recipient`` match AND ``is_current`` (written bare, so that the partial index serves on
  both databases), in the order ``id``. ``state`` is what was last recorded: 'live', 'paused', 'withdrawn', 'expired',
  'refused' or 'superseded'; the clock adds: live or paused with ``expires_us <= now`` is expired, live with
  ``starts_us > now`` has not started. ``material`` is compared with the purpose's current notice: unequal is stale.
  ``fields`` is a canonical JSON array of names, sorted. ``guardian`` is a reference or NULL. ``mac`` as above.
- ``consent_registry`` (PK tenant, kind, name, version): every version of tenants, parties, clients, purposes and
  notices; the highest version is the current one. ``consent_seals`` holds the code of each current one.
- ``consent_epoch`` (id = 1): raised by every change of configuration; ``told`` is the id of the ledger entry of the
  newest one, ``mac`` authenticates the row and the codes of everything configured.
- ``consent_holds`` (PK id): what stands against erasing a subject, until when; ``consent_erasures`` (PK id): what
  became of requests to erase, without the subject once they are done.

Times are microseconds since 1970-01-01 UTC. Documents are canonical JSON text.
"""

from __future__ import annotations

from typing import ClassVar

from sqlalchemy import BigInteger, Index, LargeBinary, Table, Text, text
from sqlmodel import Field, SQLModel


class SubjectRow(SQLModel, table=True):
    """One data subject: the row every consent event locks."""

    __tablename__ = "consent_subjects"
    tenant: str = Field(primary_key=True)
    ref: str = Field(primary_key=True)
    version: int = Field(sa_type=BigInteger)
    pseudonym: str
    age_band: str
    oldest_observed_us: int | None = Field(default=None, sa_type=BigInteger)
    created_us: int = Field(sa_type=BigInteger)
    told: int = Field(sa_type=BigInteger)
    held: str = Field(sa_type=Text)
    mac: bytes | None = Field(default=None, sa_type=LargeBinary)
    status: str = Field(default="known", sa_column_kwargs={"server_default": "known"})

    __table_args__ = (
        Index("consent_subjects_pseudonym", "tenant", "pseudonym", unique=True),
        {"sqlite_with_rowid": False},
    )


class EventRow(SQLModel, table=True):
    """One consent event; seq runs from 1 without a gap for each subject."""

    __tablename__ = "consent_events"
    tenant: str = Field(primary_key=True)
    subject: str = Field(primary_key=True)
    seq: int = Field(primary_key=True, sa_type=BigInteger)
    grant_id: str | None = None
    kind: str
    at_us: int = Field(sa_type=BigInteger)
    body: str = Field(sa_type=Text)

    __table_args__ = (
        Index("consent_events_grant", "tenant", "subject", "grant_id", "seq"),
        {"sqlite_with_rowid": False},
    )


class GrantRow(SQLModel, table=True):
    """The state of one grant, written with the event that made it."""

    __tablename__ = "consent_grants"
    id: str = Field(primary_key=True)
    tenant: str
    subject: str
    purpose: str
    recipient: str
    notice: str
    notice_version: int
    notice_hash: str
    material: str
    form: str
    guardian: str | None = None
    evidence: str | None = None
    provision: bool
    fields: str = Field(sa_type=Text)
    max_form: str
    channel: str
    state: str
    version: int = Field(sa_type=BigInteger)
    given_us: int = Field(sa_type=BigInteger)
    starts_us: int = Field(sa_type=BigInteger)
    expires_us: int | None = Field(default=None, sa_type=BigInteger)
    is_current: bool
    mac: bytes | None = Field(default=None, sa_type=LargeBinary)

    __table_args__ = (
        Index(
            "consent_grants_current",
            "tenant",
            "subject",
            "purpose",
            "recipient",
            sqlite_where=text("is_current"),
            postgresql_where=text("is_current"),
        ),
        Index("consent_grants_subject", "tenant", "subject", "id"),
        Index(
            "consent_grants_due",
            "expires_us",
            sqlite_where=text("state IN ('live', 'paused')"),
            postgresql_where=text("state IN ('live', 'paused')"),
        ),
    )


class HoldRow(SQLModel, table=True):
    """One legal hold on one subject; it stands until ``until_us`` or ``released_us``, whichever comes first."""

    __tablename__ = "consent_holds"
    id: str = Field(primary_key=True)
    tenant: str
    subject: str
    basis: str
    reference: str
    placed_us: int = Field(sa_type=BigInteger)
    until_us: int = Field(sa_type=BigInteger)
    released_us: int | None = Field(default=None, sa_type=BigInteger)

    __table_args__ = (Index("consent_holds_subject", "tenant", "subject", "id"),)


class ErasureRow(SQLModel, table=True):
    """One request to erase a subject; ``subject`` is NULL once it is done."""

    __tablename__ = "consent_erasures"
    id: str = Field(primary_key=True)
    tenant: str
    subject: str | None = None
    state: str
    reason: str | None = None
    asked_us: int = Field(sa_type=BigInteger)
    due_us: int = Field(sa_type=BigInteger)
    decided_us: int | None = Field(default=None, sa_type=BigInteger)
    certificate: str | None = None

    __table_args__ = (
        Index(
            "consent_erasures_open",
            "tenant",
            "subject",
            unique=True,
            sqlite_where=text("state IN ('waiting', 'held')"),
            postgresql_where=text("state IN ('waiting', 'held')"),
        ),
        Index("consent_erasures_subject", "tenant", "subject"),
        Index("consent_erasures_state", "tenant", "state", "due_us", "id"),
    )


class RegistryRow(SQLModel, table=True):
    """One version of a tenant, party, client, purpose or notice."""

    __tablename__ = "consent_registry"
    tenant: str = Field(primary_key=True)
    kind: str = Field(primary_key=True)
    name: str = Field(primary_key=True)
    version: int = Field(primary_key=True)
    epoch: int = Field(sa_type=BigInteger)
    at_us: int = Field(sa_type=BigInteger)
    body: str = Field(sa_type=Text)

    __table_args__: ClassVar[dict[str, object]] = {"sqlite_with_rowid": False}


class SealRow(SQLModel, table=True):
    """The code of the current version of a registered thing; beside the register, whose rows never change."""

    __tablename__ = "consent_seals"
    tenant: str = Field(primary_key=True)
    kind: str = Field(primary_key=True)
    name: str = Field(primary_key=True)
    version: int
    mac: bytes = Field(sa_type=LargeBinary)

    __table_args__: ClassVar[dict[str, object]] = {"sqlite_with_rowid": False}


class EpochRow(SQLModel, table=True):
    """The configuration epoch: a single row."""

    __tablename__ = "consent_epoch"
    id: int = Field(primary_key=True)
    epoch: int = Field(sa_type=BigInteger)
    told: int = Field(sa_type=BigInteger)
    mac: bytes | None = Field(default=None, sa_type=LargeBinary)


SUBJECTS: Table = SQLModel.metadata.tables["consent_subjects"]
EVENTS: Table = SQLModel.metadata.tables["consent_events"]
GRANTS: Table = SQLModel.metadata.tables["consent_grants"]
REGISTRY: Table = SQLModel.metadata.tables["consent_registry"]
SEALS: Table = SQLModel.metadata.tables["consent_seals"]
EPOCH: Table = SQLModel.metadata.tables["consent_epoch"]
HOLDS: Table = SQLModel.metadata.tables["consent_holds"]
ERASURES: Table = SQLModel.metadata.tables["consent_erasures"]

_KEYS = {
    "consent_events": ("tenant", "subject", "seq"),
    "consent_registry": ("tenant", "kind", "name", "version"),
}


_ERASED = "status = 'erased'"
_OF_ERASED = "EXISTS (SELECT 1 FROM consent_subjects AS s WHERE s.tenant = OLD.tenant AND s.ref = OLD.subject AND s.{})"
_GONE = ("consent_grants", "consent_events")


def _sqlite(table: str, key: tuple[str, ...]) -> tuple[str, ...]:
    refuse = f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
    same = " AND ".join(f"{column} = NEW.{column}" for column in key)
    known = f"WHEN EXISTS (SELECT 1 FROM {table} WHERE {same})"  # noqa: S608  # names from this file
    unless = f" WHEN NOT {_OF_ERASED.format(_ERASED)}" if table in _GONE else ""
    return (
        f"CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table} {refuse}",
        f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table}{unless} {refuse}",
        f"CREATE TRIGGER {table}_no_replace BEFORE INSERT ON {table} {known} {refuse}",
    )


def _postgres(table: str) -> tuple[str, ...]:
    change = "consent_events_guard" if table in _GONE else "consent_append_only"
    rows, whole = f"ON {table} FOR EACH ROW", f"ON {table} FOR EACH STATEMENT"
    return (
        f"CREATE TRIGGER {table}_no_change BEFORE UPDATE OR DELETE {rows} EXECUTE FUNCTION {change}()",
        f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE {whole} EXECUTE FUNCTION consent_append_only()",
    )


def _sqlite_erasure() -> tuple[str, ...]:
    keep = "BEGIN SELECT RAISE(ABORT, 'a tombstone stays as it is'); END"
    same = "s.tenant = NEW.tenant AND s.ref = NEW.ref"
    again = f"EXISTS (SELECT 1 FROM consent_subjects AS s WHERE {same} AND s.{_ERASED})"  # noqa: S608  # constants
    gone = " ".join(f"DELETE FROM {table} WHERE tenant = NEW.tenant AND subject = NEW.ref;" for table in _GONE)  # noqa: S608  # as above
    return (
        f"CREATE TRIGGER consent_subjects_erased AFTER UPDATE ON consent_subjects WHEN NEW.{_ERASED} BEGIN {gone} END",
        f"CREATE TRIGGER consent_subjects_final BEFORE UPDATE ON consent_subjects WHEN OLD.{_ERASED} {keep}",
        f"CREATE TRIGGER consent_subjects_stay BEFORE DELETE ON consent_subjects WHEN OLD.{_ERASED} {keep}",
        f"CREATE TRIGGER consent_subjects_once BEFORE INSERT ON consent_subjects WHEN {again} {keep}",
    )


def _postgres_erasure() -> tuple[str, ...]:
    gone = " ".join(f"DELETE FROM {table} WHERE tenant = NEW.tenant AND subject = NEW.ref;" for table in _GONE)  # noqa: S608  # constants
    # The service's role may not delete events: the function does, as its owner, and for an erased subject only.
    forget = (
        "CREATE OR REPLACE FUNCTION consent_forget() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER "
        f"SET search_path = public, pg_temp AS $$ BEGIN {gone} RETURN NULL; END $$"
    )
    keep = (
        "CREATE OR REPLACE FUNCTION consent_tombstone() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        "RAISE EXCEPTION USING MESSAGE = 'a tombstone stays as it is', ERRCODE = 'restrict_violation'; END $$"
    )
    rows, stay = "ON consent_subjects FOR EACH ROW WHEN", "EXECUTE FUNCTION consent_tombstone()"
    return (
        forget,
        keep,
        f"CREATE TRIGGER consent_subjects_erased AFTER UPDATE {rows} (NEW.{_ERASED}) EXECUTE FUNCTION consent_forget()",
        f"CREATE TRIGGER consent_subjects_final BEFORE UPDATE OR DELETE {rows} (OLD.{_ERASED}) {stay}",
    )


_FIRST_EPOCH = "INSERT INTO consent_epoch (id, epoch, told) VALUES (1, 0, 0) ON CONFLICT (id) DO NOTHING"
_FUNCTION = (
    "CREATE OR REPLACE FUNCTION consent_append_only() RETURNS trigger LANGUAGE plpgsql AS $$ "
    "BEGIN RAISE EXCEPTION USING MESSAGE = TG_TABLE_NAME || ' is append-only', ERRCODE = 'restrict_violation'; END $$"
)
_GUARD = (
    "CREATE OR REPLACE FUNCTION consent_events_guard() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
    f"IF TG_OP = 'DELETE' AND {_OF_ERASED.format(_ERASED)} THEN RETURN OLD; END IF; "
    "RAISE EXCEPTION USING MESSAGE = TG_TABLE_NAME || ' is append-only', ERRCODE = 'restrict_violation'; END $$"
)
DDL: dict[str, tuple[str, ...]] = {
    "sqlite": (
        *(line for table, key in _KEYS.items() for line in _sqlite(table, key)),
        *_sqlite_erasure(),
        _FIRST_EPOCH,
    ),
    "postgresql": (
        _FUNCTION,
        _GUARD,
        *(line for table in _KEYS for line in _postgres(table)),
        *_postgres_erasure(),
        _FIRST_EPOCH,
    ),
}
