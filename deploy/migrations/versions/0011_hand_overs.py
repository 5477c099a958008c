"""a hand-over is kept, so that the holdings that it ends may be told after it

Revision: 0011
After: 0010
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "assignments", sa.Column("hand_over", sa.Boolean(), server_default=sa.false(), nullable=False)
    )
    op.alter_column("assignments", "hand_over", server_default=None)


def downgrade() -> None:
    op.drop_column("assignments", "hand_over")
