"""how many recordings of an event came in time; coverage of what was there before is counted

Revision: 0007
After: 0006
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

WITH_THE_INDEX = [
    "squad_id", "kind", "matter_version", "excluded", "exempt", "due_at", "required_to", "required_s", "links",
    "announced", "in_time", "recorded_s", "gap_count", "gap_explained",
]  # fmt: skip


def upgrade() -> None:
    op.add_column("event_coverage", sa.Column("in_time", sa.Integer(), server_default="0", nullable=False))
    op.alter_column("event_coverage", "in_time", server_default=None)
    op.drop_index("ix_event_coverage_basis_day", table_name="event_coverage")
    op.create_index(
        "ix_event_coverage_basis_day", "event_coverage", ["basis", "day"], postgresql_include=WITH_THE_INDEX
    )
    op.execute(
        """
        INSERT INTO jobs (id, kind, subject_id, queue, priority, state, requested, satisfied, attempt, tries,
                          max_tries, seen_request, not_before, progress_note, reason_params, created_at, requested_at)
        SELECT gen_random_uuid(), 'recount', '00000000-0000-0000-0000-000000000000', 'light', 5, 'queued', 1, 0, 0, 0,
               5, 0, now(), '', '{}', now(), now()
        WHERE EXISTS (SELECT FROM enforcement_events)
        """
    )


def downgrade() -> None:
    op.drop_index("ix_event_coverage_basis_day", table_name="event_coverage")
    op.create_index("ix_event_coverage_basis_day", "event_coverage", ["basis", "day"])
    op.drop_column("event_coverage", "in_time")
