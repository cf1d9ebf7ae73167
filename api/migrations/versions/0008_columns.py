"""Columns under review and their history.

Revision: 0008
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

# Compared byte by byte, the same on every server.
BYTEWISE = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Create both tables."""
    op.create_table(
        "catalog_columns",
        sa.Column("tenant", BYTEWISE, nullable=False),
        sa.Column("id", BYTEWISE, nullable=False),
        sa.Column("source", BYTEWISE, nullable=False),
        sa.Column("table_name", BYTEWISE, nullable=False),
        sa.Column("column_name", BYTEWISE, nullable=False),
        sa.Column("state", BYTEWISE, nullable=False),
        sa.Column("grade", sa.BigInteger(), nullable=False),
        sa.Column("found_kind", BYTEWISE, nullable=False),
        sa.Column("found_grade", sa.BigInteger(), nullable=False),
        sa.Column("found_known", sa.Boolean(), nullable=False),
        sa.Column("kind", BYTEWISE, nullable=True),
        sa.Column("confirmed_grade", sa.BigInteger(), nullable=True),
        sa.Column("asked_kind", BYTEWISE, nullable=True),
        sa.Column("asked_grade", sa.BigInteger(), nullable=True),
        sa.Column("asked_by", BYTEWISE, nullable=True),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("seen_us", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("grade BETWEEN 1 AND 5 AND found_grade BETWEEN 1 AND 5", name="catalog_columns_grades"),
        sa.PrimaryKeyConstraint("tenant", "id"),
        sa.UniqueConstraint("tenant", "source", "table_name", "column_name", name="catalog_columns_place"),
    )
    op.create_index("catalog_columns_state", "catalog_columns", ["tenant", "state", "id"])
    op.create_table(
        "catalog_column_events",
        sa.Column("tenant", BYTEWISE, nullable=False),
        sa.Column("id", BYTEWISE, nullable=False),
        sa.Column("version", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.Column("action", BYTEWISE, nullable=False),
        sa.Column("actor", BYTEWISE, nullable=False),
        sa.Column("kind", BYTEWISE, nullable=False),
        sa.Column("grade", sa.BigInteger(), nullable=False),
        sa.Column("reason", BYTEWISE, nullable=False),
        sa.ForeignKeyConstraint(["tenant", "id"], ["catalog_columns.tenant", "catalog_columns.id"]),
        sa.PrimaryKeyConstraint("tenant", "id", "version"),
    )


def downgrade() -> None:
    """Drop them, the younger first."""
    op.drop_table("catalog_column_events")
    op.drop_table("catalog_columns")
