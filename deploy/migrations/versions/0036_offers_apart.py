"""of the links offered to an event, how many are of recordings that are offered to no other

Revision: 0036
After: 0035
"""

import sqlalchemy as sa
from alembic import op

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None

INDEX = "ix_event_coverage_basis_day"
BEFORE = [
    "squad_id", "kind", "matter_version", "excluded", "exempt", "due_at", "required_to", "required_s", "links",
    "announced", "shown", "offered", "in_time", "recorded_s", "gap_count", "gap_explained", "subject", "campaign_id",
    "archived",
]  # fmt: skip


def upgrade() -> None:
    op.add_column(
        "event_coverage", sa.Column("offered_alone", sa.Integer(), server_default="0", nullable=False)
    )
    op.alter_column("event_coverage", "offered_alone", server_default=None)
    op.execute(
        """
        UPDATE event_coverage SET offered_alone = found.n FROM
        (SELECT l.event_id, count(*) AS n
         FROM links l JOIN recordings r ON r.id = l.recording_id LEFT JOIN originals o ON o.id = r.original_id
         WHERE l.state = 'offered' AND l.event_id IS NOT NULL AND r.merged_into IS NULL
         AND r.media IS DISTINCT FROM 'photo'
         AND r.state NOT IN ('refused', 'announced', 'receiving', 'unplayable')
         AND (r.sample OR NOT coalesce(o.sparse, false) OR EXISTS (
             SELECT 1 FROM recorders d JOIN recorder_models m ON m.id = d.model_id
             WHERE d.id = r.recorder_id AND m.conventions -> 'time_lapse' = CAST('true' AS jsonb)))
         AND NOT EXISTS (SELECT FROM links other WHERE other.recording_id = l.recording_id
                         AND other.state = 'offered' AND other.event_id <> l.event_id)
         GROUP BY l.event_id) AS found
        WHERE found.event_id = event_coverage.event_id
        """
    )
    _index([*BEFORE, "offered_alone"])
    op.create_index(
        "ix_event_coverage_contested",
        "event_coverage",
        ["basis", "day"],
        postgresql_where=sa.text("shown = 0 AND offered > 0 AND offered_alone = 0"),
    )


def downgrade() -> None:
    op.drop_index("ix_event_coverage_contested", table_name="event_coverage")
    _index(BEFORE)
    op.drop_column("event_coverage", "offered_alone")


def _index(included: list[str]) -> None:
    op.drop_index(INDEX, table_name="event_coverage")
    op.create_index(INDEX, "event_coverage", ["basis", "day"], postgresql_include=included)
