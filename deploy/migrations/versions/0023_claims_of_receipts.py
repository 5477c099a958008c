"""what is said with each arrival of bytes is kept with its receipt

Revision: 0023
After: 0022
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    column = sa.Column("claims", postgresql.JSONB(), server_default="{}", nullable=False)
    op.add_column("receipts", column)
    op.alter_column("receipts", "claims", server_default=None)


def downgrade() -> None:
    op.drop_column("receipts", "claims")
