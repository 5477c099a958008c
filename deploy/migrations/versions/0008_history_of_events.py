"""The history of an event is read from custody: what was done to recordings with it in mind.

Revision: 0008
After: 0007
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "ix_custody_event",
        "custody",
        [sa.literal_column("(detail ->> 'event'::text)")],
        unique=False,
        postgresql_where=sa.text("(detail ->> 'event'::text) IS NOT NULL"),
    )


def downgrade() -> None:
    op.drop_index("ix_custody_event", table_name="custody")
