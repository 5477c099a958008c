"""a link that a person confirmed says when its recording is taken to have begun, where its own time lies elsewhere

Revision: 0029
After: 0028
"""

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("links", sa.Column("taken_from", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    op.drop_column("links", "taken_from")
