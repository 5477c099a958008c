"""which subjects there are is read from an index

Revision: 0015
After: 0014
"""

from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_enforcement_events_subject_squad_id", "enforcement_events", ["subject", "squad_id"])


def downgrade() -> None:
    op.drop_index("ix_enforcement_events_subject_squad_id", table_name="enforcement_events")
