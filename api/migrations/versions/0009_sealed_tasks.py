"""Deletion tasks of erased subjects carry the reference sealed.

Revision: 0009
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column."""
    op.add_column("lineage_tasks", sa.Column("sealed", sa.LargeBinary(), nullable=True))


def downgrade() -> None:
    """Drop it: recipients are no longer told whom the tasks of erased subjects concern."""
    op.drop_column("lineage_tasks", "sealed")
