"""what of an original is recorded: the stretches in which its stream has samples

Revision: 0019
After: 0018
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("originals", sa.Column("stretches", postgresql.JSONB(), nullable=True))
    op.add_column("originals", sa.Column("recorded_s", sa.Float(), nullable=True))
    for name in ("sparse", "clock_restarted"):
        op.add_column("originals", sa.Column(name, sa.Boolean(), server_default=sa.false(), nullable=False))
        op.alter_column("originals", name, server_default=None)


def downgrade() -> None:
    for name in ("clock_restarted", "sparse", "recorded_s", "stretches"):
        op.drop_column("originals", name)
