"""a recording of an old archive says by when that had it, so that it was filmed before

Revision: 0032
After: 0031
"""

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None

INDEX = "ix_recordings_first_received_at"


def upgrade() -> None:
    op.add_column("recordings", sa.Column("first_received_at", sa.DateTime(timezone=True), nullable=True))
    op.execute(
        """
        UPDATE recordings SET first_received_at = said.at
        FROM (
            SELECT coalesce(r.merged_into, r.id) AS id, min(x.first_received_at) AS at
            FROM receipts x JOIN recordings r ON r.id = x.recording_id
            WHERE x.first_received_at IS NOT NULL GROUP BY 1
        ) AS said
        WHERE recordings.id = said.id
        """
    )
    op.create_index(
        INDEX,
        "recordings",
        ["first_received_at"],
        postgresql_where="first_received_at IS NOT NULL AND recorded_from IS NULL",
    )


def downgrade() -> None:
    op.drop_index(INDEX, table_name="recordings")
    op.drop_column("recordings", "first_received_at")
