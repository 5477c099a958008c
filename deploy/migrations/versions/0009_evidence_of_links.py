"""what a recording told its neighbours; ways to claims, to holdings in a span and to events that have not ended

Revision: 0009
After: 0008
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def claimed(name: str) -> str:
    return (
        f"COALESCE(claims ->> '{name}'::text, (claims -> 'sidecar'::text) ->> '{name}'::text, "
        f"(claims -> 'file_name'::text) ->> '{name}'::text)"
    )


def upgrade() -> None:
    op.create_table(
        "link_evidence",
        sa.Column("recording_id", sa.Uuid(), nullable=False),
        sa.Column("recorder_id", sa.Uuid(), nullable=True),
        sa.Column("since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("case_folded", sa.String(length=128), nullable=True),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["recorder_id"], ["recorders.id"], name=op.f("fk_link_evidence_recorder_id")),
        sa.ForeignKeyConstraint(
            ["recording_id"], ["recordings.id"], name=op.f("fk_link_evidence_recording_id")
        ),
        sa.PrimaryKeyConstraint("recording_id", name=op.f("pk_link_evidence")),
    )
    op.create_index(op.f("ix_link_evidence_case_folded"), "link_evidence", ["case_folded"], unique=False)
    op.create_index(
        "ix_assignments_span",
        "assignments",
        [sa.literal_column("tstzrange(held_from, held_to)")],
        unique=False,
        postgresql_using="gist",
    )
    op.create_index(
        "ix_enforcement_events_open",
        "enforcement_events",
        ["arrived_at"],
        unique=False,
        postgresql_where=sa.text("departed_at IS NULL"),
    )
    for name, where in (
        ("officer", "officer_id IS NULL"),
        ("recorder", "recorder_id IS NULL"),
        ("event", f"{claimed('event')} IS NOT NULL"),
    ):
        op.create_index(
            f"ix_recordings_claimed_{name}",
            "recordings",
            [sa.literal_column(claimed(name))],
            unique=False,
            postgresql_where=sa.text(where),
        )


def downgrade() -> None:
    for name in ("officer", "recorder", "event"):
        op.drop_index(f"ix_recordings_claimed_{name}", table_name="recordings")
    op.drop_index("ix_enforcement_events_open", table_name="enforcement_events")
    op.drop_index("ix_assignments_span", table_name="assignments")
    op.drop_index(op.f("ix_link_evidence_case_folded"), table_name="link_evidence")
    op.drop_table("link_evidence")
