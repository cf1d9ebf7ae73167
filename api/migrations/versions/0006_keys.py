"""Keys belong to a suite and are counted.

Revision: 0006
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Every key so far belongs to the suite aes (1), and its uses are what was stored under it."""
    op.add_column("vault_keys", sa.Column("suite", sa.SmallInteger(), server_default=sa.text("1"), nullable=False))
    op.add_column("vault_keys", sa.Column("uses", sa.BigInteger(), server_default=sa.text("0"), nullable=False))
    op.add_column(
        "vault_subject_keys", sa.Column("seal_marks", sa.Integer(), server_default=sa.text("0"), nullable=False)
    )
    op.execute(
        sa.text(
            "UPDATE vault_keys SET uses = (SELECT count(*) FROM vault_subject_keys k"
            " WHERE k.kek_version = vault_keys.version) WHERE purpose = 'kek'"
        )
    )


def downgrade() -> None:
    """Drop the columns; keys of the suite sm do not open in the release before."""
    op.drop_column("vault_subject_keys", "seal_marks")
    op.drop_column("vault_keys", "uses")
    op.drop_column("vault_keys", "suite")
