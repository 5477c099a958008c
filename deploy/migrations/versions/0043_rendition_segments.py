"""parts of a browser video, watched while the rest is made

Revision: 0043
After: 0042
"""

import sqlalchemy as sa
from alembic import op

revision = "0043"
down_revision = "0042"
branch_labels = None
depends_on = None


def upgrade() -> None:
    time = sa.DateTime(timezone=True)
    op.create_table(
        "rendition_segments",
        sa.Column("original_id", sa.Uuid(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("store_key", sa.String(300), nullable=False),
        sa.Column("store_version", sa.String(200), nullable=True),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("duration_s", sa.Float(), nullable=False),
        sa.Column("created_at", time, nullable=False),
        sa.Column("ready_at", time, nullable=True),
        sa.PrimaryKeyConstraint("original_id", "attempt", "number", name=op.f("pk_rendition_segments")),
    )


def downgrade() -> None:
    op.drop_table("rendition_segments")
