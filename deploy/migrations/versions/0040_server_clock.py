"""a jump of the server's clock is seen

Revision: 0040
After: 0039
"""

import sqlalchemy as sa
from alembic import op

revision = "0040"
down_revision = "0039"
branch_labels = None
depends_on = None


def upgrade() -> None:
    time = sa.DateTime(timezone=True)
    op.create_table(
        "clock_marks",
        sa.Column("name", sa.String(40), nullable=False),
        sa.Column("seen_at", time, nullable=False),
        sa.Column("boot", sa.String(100), nullable=False),
        sa.Column("ran_s", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_clock_marks")),
    )
    op.create_table(
        "clock_jumps",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("seen_at", time, nullable=False),
        sa.Column("by_s", sa.Float(), nullable=False),
        sa.Column("certain", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_clock_jumps")),
    )


def downgrade() -> None:
    op.drop_table("clock_jumps")
    op.drop_table("clock_marks")
