"""what the schedule could not clear up is set aside for a person, its duties say how they fare, and a person decides
what becomes of a file in quarantine

Revision: 0034
After: 0033
"""

import sqlalchemy as sa
from alembic import op

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None


def upgrade() -> None:
    time = sa.DateTime(timezone=True)
    op.create_table(
        "set_aside",
        sa.Column("duty", sa.String(40), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("problem", sa.String(500), nullable=False),
        sa.Column("first_failed_at", time, nullable=False),
        sa.Column("next_at", time, nullable=False),
        sa.Column("held_at", time, nullable=True),
        sa.PrimaryKeyConstraint("duty", "subject_id", name="pk_set_aside"),
    )
    op.create_table(
        "duty_states",
        sa.Column("name", sa.String(40), nullable=False),
        sa.Column("done_at", time, nullable=True),
        sa.Column("failing_since", time, nullable=True),
        sa.Column("problem", sa.String(500), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_duty_states"),
    )
    op.create_table(
        "quarantine_decisions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("recording_id", sa.Uuid(), nullable=False),
        sa.Column("choice", sa.String(), nullable=False),
        sa.Column("reason", sa.String(1000), nullable=False),
        sa.Column("until", time, nullable=True),
        sa.Column("decided_by", sa.Uuid(), nullable=False),
        sa.Column("decided_at", time, nullable=False),
        sa.CheckConstraint("choice IN ('keep', 'again', 'dispose')", name="ck_quarantine_decisions_choice"),
        sa.ForeignKeyConstraint(
            ["recording_id"], ["recordings.id"], name="fk_quarantine_decisions_recording_id_recordings"
        ),
        sa.ForeignKeyConstraint(
            ["decided_by"], ["accounts.id"], name="fk_quarantine_decisions_decided_by_accounts"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_quarantine_decisions"),
    )
    op.create_index("ix_quarantine_decisions_recording_id", "quarantine_decisions", ["recording_id"])


def downgrade() -> None:
    op.drop_table("quarantine_decisions")
    op.drop_table("duty_states")
    op.drop_table("set_aside")
