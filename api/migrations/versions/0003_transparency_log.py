"""The transparency log: the place of each entry, and what the log was begun under.

Revision: 0003
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

# Compared byte by byte, the same on every server.
BYTEWISE = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Create the tables and triggers."""
    op.create_table(
        "ledger_leaves",
        sa.Column("n", NUMBER, autoincrement=False, nullable=False),
        sa.Column("entry", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("n >= 0 AND entry > 0", name="ledger_leaves_positive"),
        sa.PrimaryKeyConstraint("n"),
        sa.UniqueConstraint("entry", name="ledger_leaves_entry"),
    )
    op.create_table(
        "ledger_log",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("origin", BYTEWISE, nullable=False),
        sa.Column("key", BYTEWISE, nullable=False),
        sa.Column("low", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("id = 1", name="ledger_log_one_row"),
        sa.PrimaryKeyConstraint("id"),
    )
    for statement in TRIGGERS[op.get_bind().dialect.name]:
        op.execute(sa.text(statement))


def downgrade() -> None:
    """Drop them; the places can be had again from the log's folder."""
    op.drop_table("ledger_log")
    op.drop_table("ledger_leaves")


TRIGGERS = {
    "sqlite": (
        "CREATE TRIGGER ledger_leaves_no_update BEFORE UPDATE ON ledger_leaves BEGIN SELECT RAISE(ABORT, "
        "'ledger_leaves is append-only'); END",
        "CREATE TRIGGER ledger_leaves_no_delete BEFORE DELETE ON ledger_leaves BEGIN SELECT RAISE(ABORT, "
        "'ledger_leaves is append-only'); END",
        "CREATE TRIGGER ledger_leaves_next BEFORE INSERT ON ledger_leaves BEGIN SELECT RAISE(FAIL, "
        "'ledger_leaves: not the next place') WHERE NEW.n IS NOT 1 + coalesce((SELECT max(n) FROM "
        "ledger_leaves), -1); SELECT RAISE(FAIL, 'ledger_leaves: the entry has its place') WHERE EXISTS "
        "(SELECT 1 FROM ledger_leaves WHERE entry = NEW.entry); END",
    ),
    "postgresql": (
        "CREATE TRIGGER ledger_leaves_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_leaves FOR EACH "
        "STATEMENT EXECUTE FUNCTION ledger_append_only()",
        "ALTER TABLE ledger_leaves ENABLE ALWAYS TRIGGER ledger_leaves_append_only",
    ),
}
