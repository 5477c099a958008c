"""of each original the groups of its pictures, with their digests

Revision: 0028
After: 0027
"""

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("walks", sa.Column("form", sa.Integer(), nullable=True))
    op.add_column("walks", sa.Column("groups", sa.LargeBinary(), nullable=True))


def downgrade() -> None:
    for name in ("groups", "form"):
        op.drop_column("walks", name)
