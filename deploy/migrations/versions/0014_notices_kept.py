"""notices and workbooks of frozen months are kept as they were made

Revision: 0014
After: 0013
"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "snapshot_files",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("snapshot_id", sa.Uuid(), nullable=False),
        sa.Column("form", sa.String(length=10), nullable=False),
        sa.Column("locale", sa.String(length=10), nullable=False),
        sa.Column("scope", sa.String(length=1000), nullable=False),
        sa.Column("state", sa.String(length=64), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["snapshot_id"], ["coverage_snapshots.id"], name=op.f("fk_snapshot_files_snapshot_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_snapshot_files")),
    )
    op.create_index(
        "uq_snapshot_files_of",
        "snapshot_files",
        ["snapshot_id", "form", "locale", "scope", "state"],
        unique=True,
    )
    op.execute(
        """
        CREATE TRIGGER snapshot_files_stay BEFORE UPDATE OR DELETE OR TRUNCATE ON snapshot_files
        FOR EACH STATEMENT EXECUTE FUNCTION frozen_refuse_change()
        """
    )


def downgrade() -> None:
    op.drop_table("snapshot_files")
