"""how many recordings show something of their event; coverage of what was there before is counted

Revision: 0010
After: 0009
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

BEFORE = [
    "squad_id", "kind", "matter_version", "excluded", "exempt", "due_at", "required_to", "required_s", "links",
    "announced", "in_time", "recorded_s", "gap_count", "gap_explained",
]  # fmt: skip
SINCE = [*BEFORE[:10], "shown", *BEFORE[10:], "subject", "campaign_id"]


def upgrade() -> None:
    op.add_column("event_coverage", sa.Column("shown", sa.Integer(), server_default="0", nullable=False))
    op.alter_column("event_coverage", "shown", server_default=None)
    # until the recount has been here: by the first rules every linked recording showed its event
    op.execute("UPDATE event_coverage SET shown = links")
    op.drop_index("ix_event_coverage_basis_day", table_name="event_coverage")
    op.create_index(
        "ix_event_coverage_basis_day", "event_coverage", ["basis", "day"], postgresql_include=SINCE
    )
    op.execute(
        """
        INSERT INTO jobs (id, kind, subject_id, queue, priority, state, requested, satisfied, attempt, tries,
                          max_tries, seen_request, not_before, progress_note, reason_params, created_at, requested_at)
        SELECT gen_random_uuid(), 'recount', '00000000-0000-0000-0000-000000000000', 'light', 5, 'queued', 1, 0, 0, 0,
               5, 0, now(), '', '{}', now(), now()
        WHERE EXISTS (SELECT FROM enforcement_events)
        ON CONFLICT (kind, subject_id) DO UPDATE
        SET requested = jobs.requested + 1, requested_at = now(), not_before = now(),
            state = CASE WHEN jobs.state = 'running' THEN jobs.state ELSE 'queued' END
        """
    )


def downgrade() -> None:
    op.drop_index("ix_event_coverage_basis_day", table_name="event_coverage")
    op.create_index(
        "ix_event_coverage_basis_day", "event_coverage", ["basis", "day"], postgresql_include=BEFORE
    )
    op.drop_column("event_coverage", "shown")
