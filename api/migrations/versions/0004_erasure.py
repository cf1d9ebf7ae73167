"""Erasure: the status of subjects, holds, requests to erase, certificates, tombstones that stay.

Revision: 0004
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the status, then what erasing needs; events can be removed from now on, by the erasure of their subject."""
    _add_status()
    _tables()
    for statement in TRIGGERS[op.get_bind().dialect.name]:
        op.execute(sa.text(statement))


def downgrade() -> None:
    """Take it away again. Tombstones go: their subjects have no key, and a restricted subject must not become readable.

    Raises: ValueError: subjects are restricted.
    """
    bind = op.get_bind()
    if bind.execute(sa.text("SELECT 1 FROM consent_subjects WHERE status = 'restricted' LIMIT 1")).first():
        message = "subjects are restricted: the older schema would let reads of them again; answer the requests first"
        raise ValueError(message)
    for statement in OLD_TRIGGERS[bind.dialect.name]:
        op.execute(sa.text(statement))
    op.execute(sa.text("DELETE FROM consent_subjects WHERE status = 'erased'"))
    for table in ("gate_certificates", "consent_erasures", "consent_holds"):
        op.drop_table(table)
    if bind.dialect.name == "postgresql":
        op.drop_column("consent_subjects", "status")
    else:
        _rebuild("consent_subjects", without="status")


def _add_status() -> None:
    status = sa.Column("status", sa.String(), server_default="known", nullable=False)
    if op.get_bind().dialect.name == "postgresql":
        op.add_column("consent_subjects", status)
    else:
        _rebuild("consent_subjects", status)


def _rebuild(name: str, *added: sa.Column[str], without: str = "") -> None:
    """Write a table of SQLite anew, as it would be made: ALTER TABLE puts a column behind the constraints."""
    bind = op.get_bind()
    old = sa.Table(name, sa.MetaData(), autoload_with=bind)
    kept = [column for column in old.columns if column.name != without]
    indexes = list(old.indexes)
    for index in indexes:
        op.drop_index(str(index.name))
    op.rename_table(name, f"{name}_old")
    op.create_table(
        name,
        *(sa.Column(c.name, c.type, server_default=c.server_default, nullable=c.nullable) for c in kept),
        *added,
        sa.PrimaryKeyConstraint(*(column.name for column in old.primary_key)),
        sqlite_with_rowid=False,
    )
    names = ", ".join(column.name for column in kept)
    op.execute(sa.text(f"INSERT INTO {name} ({names}) SELECT {names} FROM {name}_old"))  # noqa: S608  # the table's own
    op.drop_table(f"{name}_old")
    for index in indexes:
        op.create_index(str(index.name), name, [column.name for column in index.columns], unique=bool(index.unique))


def _tables() -> None:
    op.create_table(
        "consent_holds",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("tenant", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("basis", sa.String(), nullable=False),
        sa.Column("reference", sa.String(), nullable=False),
        sa.Column("placed_us", sa.BigInteger(), nullable=False),
        sa.Column("until_us", sa.BigInteger(), nullable=False),
        sa.Column("released_us", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("consent_holds_subject", "consent_holds", ["tenant", "subject", "id"])
    op.create_table(
        "consent_erasures",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("tenant", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("asked_us", sa.BigInteger(), nullable=False),
        sa.Column("due_us", sa.BigInteger(), nullable=False),
        sa.Column("decided_us", sa.BigInteger(), nullable=True),
        sa.Column("certificate", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    is_open = sa.text("state IN ('waiting', 'held')")
    op.create_index(
        "consent_erasures_open",
        "consent_erasures",
        ["tenant", "subject"],
        unique=True,
        sqlite_where=is_open,
        postgresql_where=is_open,
    )
    op.create_index("consent_erasures_subject", "consent_erasures", ["tenant", "subject"])
    op.create_index("consent_erasures_state", "consent_erasures", ["tenant", "state", "due_us", "id"])
    op.create_table(
        "gate_certificates",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("tenant", sa.String(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("signature", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )


TRIGGERS = {
    "sqlite": (
        'DROP TRIGGER consent_events_no_delete',
        (
            'CREATE TRIGGER consent_events_no_delete BEFORE DELETE ON consent_events WHEN NOT EXISTS (SELECT 1 '
            'FROM consent_subjects AS s WHERE s.tenant = OLD.tenant AND s.ref = OLD.subject AND s.status = '
            "'erased') BEGIN SELECT RAISE(ABORT, 'consent_events is append-only'); END"
        ),
        (
            "CREATE TRIGGER consent_subjects_erased AFTER UPDATE ON consent_subjects WHEN NEW.status = 'erased' "
            'BEGIN DELETE FROM consent_grants WHERE tenant = NEW.tenant AND subject = NEW.ref; DELETE FROM '
            'consent_events WHERE tenant = NEW.tenant AND subject = NEW.ref; END'
        ),
        (
            "CREATE TRIGGER consent_subjects_final BEFORE UPDATE ON consent_subjects WHEN OLD.status = 'erased' "
            "BEGIN SELECT RAISE(ABORT, 'a tombstone stays as it is'); END"
        ),
        (
            "CREATE TRIGGER consent_subjects_stay BEFORE DELETE ON consent_subjects WHEN OLD.status = 'erased' "
            "BEGIN SELECT RAISE(ABORT, 'a tombstone stays as it is'); END"
        ),
        (
            'CREATE TRIGGER consent_subjects_once BEFORE INSERT ON consent_subjects WHEN EXISTS (SELECT 1 FROM '
            "consent_subjects AS s WHERE s.tenant = NEW.tenant AND s.ref = NEW.ref AND s.status = 'erased') BEGIN"
            " SELECT RAISE(ABORT, 'a tombstone stays as it is'); END"
        ),
    ),
    "postgresql": (
        'DROP TRIGGER consent_events_no_change ON consent_events',
        (
            'CREATE OR REPLACE FUNCTION consent_events_guard() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF '
            "TG_OP = 'DELETE' AND EXISTS (SELECT 1 FROM consent_subjects AS s WHERE s.tenant = OLD.tenant AND "
            "s.ref = OLD.subject AND s.status = 'erased') THEN RETURN OLD; END IF; RAISE EXCEPTION USING MESSAGE "
            "= TG_TABLE_NAME || ' is append-only', ERRCODE = 'restrict_violation'; END $$"
        ),
        (
            'CREATE TRIGGER consent_events_no_change BEFORE UPDATE OR DELETE ON consent_events FOR EACH ROW '
            'EXECUTE FUNCTION consent_events_guard()'
        ),
        (
            'CREATE OR REPLACE FUNCTION consent_forget() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET '
            'search_path = public, pg_temp AS $$ BEGIN DELETE FROM consent_grants WHERE tenant = NEW.tenant AND '
            'subject = NEW.ref; DELETE FROM consent_events WHERE tenant = NEW.tenant AND subject = NEW.ref; '
            'RETURN NULL; END $$'
        ),
        (
            'CREATE OR REPLACE FUNCTION consent_tombstone() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE '
            "EXCEPTION USING MESSAGE = 'a tombstone stays as it is', ERRCODE = 'restrict_violation'; END $$"
        ),
        (
            'CREATE TRIGGER consent_subjects_erased AFTER UPDATE ON consent_subjects FOR EACH ROW WHEN '
            "(NEW.status = 'erased') EXECUTE FUNCTION consent_forget()"
        ),
        (
            'CREATE TRIGGER consent_subjects_final BEFORE UPDATE OR DELETE ON consent_subjects FOR EACH ROW WHEN '
            "(OLD.status = 'erased') EXECUTE FUNCTION consent_tombstone()"
        ),
    ),
}
OLD_TRIGGERS = {
    "sqlite": (
        'DROP TRIGGER consent_events_no_delete',
        'DROP TRIGGER consent_subjects_erased',
        'DROP TRIGGER consent_subjects_final',
        'DROP TRIGGER consent_subjects_stay',
        'DROP TRIGGER consent_subjects_once',
        (
            'CREATE TRIGGER consent_events_no_delete BEFORE DELETE ON consent_events BEGIN SELECT RAISE(ABORT, '
            "'consent_events is append-only'); END"
        ),
    ),
    "postgresql": (
        'DROP TRIGGER consent_events_no_change ON consent_events',
        'DROP TRIGGER consent_subjects_erased ON consent_subjects',
        'DROP TRIGGER consent_subjects_final ON consent_subjects',
        'DROP FUNCTION consent_events_guard()',
        'DROP FUNCTION consent_forget()',
        'DROP FUNCTION consent_tombstone()',
        (
            'CREATE TRIGGER consent_events_no_change BEFORE UPDATE OR DELETE ON consent_events FOR EACH ROW '
            'EXECUTE FUNCTION consent_append_only()'
        ),
    ),
}
