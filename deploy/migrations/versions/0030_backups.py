"""what was backed up, read back and tried

Revision: 0030
After: 0029
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "backups",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.String(length=100), nullable=False),
        sa.Column("folder", sa.String(length=1000), nullable=False),
        sa.Column("objects_by", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("reason", sa.String(length=100), nullable=True),
        sa.Column("reason_params", postgresql.JSONB(), nullable=False),
        sa.Column("progress", sa.Float(), nullable=True),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("verified_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("restore_tried_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("restored_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("copied", sa.BigInteger(), nullable=False),
        sa.Column("objects", sa.BigInteger(), nullable=False),
        sa.Column("lacking", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "state IN ('running', 'verified', 'failed', 'removed')", name=op.f("ck_backups_state")
        ),
        sa.CheckConstraint("objects_by IN ('copy', 'reference')", name=op.f("ck_backups_objects_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_backups")),
    )
    op.create_index(op.f("ix_backups_at"), "backups", ["at"])


def downgrade() -> None:
    op.drop_table("backups")
