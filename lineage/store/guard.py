"""Who may do what to the ledger inside the database: PostgreSQL roles, SQLite authorizer.

Rules enforced here:
- PostgreSQL: the service connects as a member of `yumen_api`, which may insert into and read append-only tables and
  nothing else, owns no table and can so neither drop one nor disable a trigger; `yumen_migrator` owns them;
- SQLite has no roles: every connection of the service carries an authorizer that refuses, when a statement is prepared,
  to update, delete, drop or alter an append-only table, or to touch its triggers and indexes.
"""

import sqlite3
from collections.abc import Iterable

from lineage.tables import APPEND_ONLY

CONSENT_EVENTS = "consent_events"
ERASING = "consent_subjects_erased"  # the trigger by which the database itself removes an erased subject's events
PROTECTED = frozenset((*APPEND_ONLY, CONSENT_EVENTS))
API_ROLE = "yumen_api"
MIGRATOR_ROLE = "yumen_migrator"

_WRITES = frozenset((sqlite3.SQLITE_DELETE, sqlite3.SQLITE_UPDATE))
_DROPS = frozenset((sqlite3.SQLITE_DROP_TABLE, sqlite3.SQLITE_DROP_TEMP_TABLE))
# The second argument of these is the table the trigger or index belongs to (of ALTER TABLE: the altered one).
_OF_TABLE = frozenset(
    (
        sqlite3.SQLITE_ALTER_TABLE,
        sqlite3.SQLITE_CREATE_TRIGGER,
        sqlite3.SQLITE_CREATE_TEMP_TRIGGER,
        sqlite3.SQLITE_DROP_TRIGGER,
        sqlite3.SQLITE_DROP_TEMP_TRIGGER,
        sqlite3.SQLITE_DROP_INDEX,
    )
)
_MAKES_TRIGGER = frozenset((sqlite3.SQLITE_CREATE_TRIGGER, sqlite3.SQLITE_CREATE_TEMP_TRIGGER))
# The schema table itself is closed by SQLite unless `writable_schema` is on; refusing it here would stop json_each.
_COUNTERS = "sqlite_sequence"
_PRAGMAS = frozenset(
    ("writable_schema", "recursive_triggers", "ignore_check_constraints", "journal_mode", "synchronous")
)


def authorize(action: int, first: str | None, second: str | None, _database: str | None, inner: str | None) -> int:
    """Answer SQLite's authorizer: `SQLITE_DENY` for whatever would change an append-only table, else `SQLITE_OK`."""
    if action == sqlite3.SQLITE_DELETE and first == CONSENT_EVENTS and inner == ERASING:
        return sqlite3.SQLITE_OK
    if action in _WRITES and (first in PROTECTED or first == _COUNTERS):
        return sqlite3.SQLITE_DENY
    if action in _DROPS and first in PROTECTED:
        return sqlite3.SQLITE_DENY
    if (action in _OF_TABLE and second in PROTECTED) or (action in _MAKES_TRIGGER and first == ERASING):
        return sqlite3.SQLITE_DENY
    if action == sqlite3.SQLITE_PRAGMA and first in _PRAGMAS and second is not None:
        return sqlite3.SQLITE_DENY
    return sqlite3.SQLITE_OK


def guard(connection: sqlite3.Connection) -> None:
    """Install the authorizer on a connection, after its pragmas are set; not on the one that runs migrations.

    Under SQLAlchemy's aiosqlite, in the `connect` event: `dbapi.run_async(lambda raw: raw.set_authorizer(authorize))`.
    """
    connection.set_authorizer(authorize)


def roles(append_only: Iterable[str] = sorted(PROTECTED)) -> tuple[str, ...]:
    """Return the PostgreSQL statements that make the two roles and give them their rights.

    Run as a superuser (or a role that may create roles and owns the tables) after each migration; running them again is
    harmless. Both roles are without login: grant them to the login roles of the service and of the migrations.
    A named table that does not exist is passed over.
    """
    names = ", ".join(f"'{name}'" for name in sorted(append_only))
    return (
        _make_role(API_ROLE),
        _make_role(MIGRATOR_ROLE),
        "REVOKE ALL ON SCHEMA public FROM PUBLIC",
        f"GRANT USAGE ON SCHEMA public TO {API_ROLE}",
        f"GRANT USAGE, CREATE ON SCHEMA public TO {MIGRATOR_ROLE}",
        _own_and_grant(names),
    )


def _make_role(role: str) -> str:
    return (
        f"DO $$ BEGIN CREATE ROLE {role} NOLOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE; "
        "EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$"
    )


def _own_and_grant(append_only: str) -> str:
    return f"""DO $$
DECLARE found record;
BEGIN
  FOR found IN SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public' LOOP
    EXECUTE format('ALTER TABLE public.%I OWNER TO {MIGRATOR_ROLE}', found.name);
    EXECUTE format('REVOKE ALL ON public.%I FROM PUBLIC, {API_ROLE}', found.name);
    IF found.name IN ({append_only}) THEN
      EXECUTE format('GRANT SELECT, INSERT ON public.%I TO {API_ROLE}', found.name);
    ELSE
      EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON public.%I TO {API_ROLE}', found.name);
    END IF;
  END LOOP;
  FOR found IN SELECT sequencename AS name FROM pg_sequences WHERE schemaname = 'public' LOOP
    EXECUTE format('GRANT USAGE ON SEQUENCE public.%I TO {API_ROLE}', found.name);
  END LOOP;
END $$"""  # noqa: S608 - the names are constants of this module or of the caller's code
