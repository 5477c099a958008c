"""rows that stood twice can be merged: what the merged one said is kept, and frozen rows point to no squad

Revision: 0035
After: 0034
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql
from sqlmodel.sql.sqltypes import AutoString

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "merged_doubles",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", AutoString(length=20), nullable=False),
        sa.Column("into_id", sa.Uuid(), nullable=False),
        sa.Column("gone_id", sa.Uuid(), nullable=False),
        sa.Column("key", AutoString(length=128), nullable=False),
        sa.Column("said", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("differs", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("merged_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("merged_by", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(["merged_by"], ["accounts.id"], name=op.f("fk_merged_doubles_merged_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_merged_doubles")),
        sa.UniqueConstraint("gone_id", name=op.f("uq_merged_doubles_gone_id")),
    )
    op.create_index(op.f("ix_merged_doubles_into_id"), "merged_doubles", ["into_id"])
    op.drop_constraint(op.f("fk_snapshot_rows_squad_id"), "snapshot_rows", type_="foreignkey")


def downgrade() -> None:
    op.create_foreign_key(op.f("fk_snapshot_rows_squad_id"), "snapshot_rows", "squads", ["squad_id"], ["id"])
    op.drop_table("merged_doubles")
