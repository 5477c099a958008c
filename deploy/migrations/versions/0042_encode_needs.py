"""why a browser video is wanted

Revision: 0042
After: 0041
"""

import sqlalchemy as sa
from alembic import op

revision = "0042"
down_revision = "0041"
branch_labels = None
depends_on = None


def upgrade() -> None:
    time = sa.DateTime(timezone=True)
    op.create_table(
        "encode_needs",
        sa.Column("original_id", sa.Uuid(), nullable=False),
        sa.Column("need", sa.String(40), nullable=False),
        sa.Column("asked_by", sa.Uuid(), nullable=True),
        sa.Column("asked_at", time, nullable=False),
        sa.Column("seen_at", time, nullable=False),
        sa.Column("met_at", time, nullable=True),
        sa.ForeignKeyConstraint(
            ["asked_by"], ["accounts.id"], name=op.f("fk_encode_needs_asked_by_accounts")
        ),
        sa.PrimaryKeyConstraint("original_id", "need", name=op.f("pk_encode_needs")),
    )


def downgrade() -> None:
    op.drop_table("encode_needs")
