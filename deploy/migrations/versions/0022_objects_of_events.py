"""what an event inspected is said by name, or that it was a patrol without an object

Revision: 0022
After: 0021
"""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("enforcement_events", sa.Column("object", sa.String(length=300), nullable=True))


def downgrade() -> None:
    op.drop_column("enforcement_events", "object")
