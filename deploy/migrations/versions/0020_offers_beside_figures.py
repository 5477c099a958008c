"""events with links that wait for a person are marked beside the figures

Revision: 0020
After: 0019
"""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

BEFORE = [
    "squad_id", "kind", "matter_version", "excluded", "exempt", "due_at", "required_to", "required_s", "links",
    "announced", "shown", "in_time", "recorded_s", "gap_count", "gap_explained", "subject", "campaign_id",
]  # fmt: skip
SINCE = [*BEFORE[:11], "offered", *BEFORE[11:]]


def upgrade() -> None:
    op.add_column("event_coverage", sa.Column("offered", sa.Integer(), server_default="0", nullable=False))
    op.alter_column("event_coverage", "offered", server_default=None)
    op.execute(
        """
        UPDATE event_coverage SET offered = found.n FROM
        (SELECT l.event_id, count(*) AS n FROM links l JOIN recordings r ON r.id = l.recording_id
         WHERE l.state = 'offered' AND l.event_id IS NOT NULL AND r.merged_into IS NULL
         AND r.state NOT IN ('refused', 'announced', 'receiving', 'unplayable') GROUP BY l.event_id) AS found
        WHERE found.event_id = event_coverage.event_id
        """
    )
    _index(SINCE)


def downgrade() -> None:
    _index(BEFORE)
    op.drop_column("event_coverage", "offered")


def _index(included: list[str]) -> None:
    op.drop_index("ix_event_coverage_basis_day", table_name="event_coverage")
    op.create_index(
        "ix_event_coverage_basis_day", "event_coverage", ["basis", "day"], postgresql_include=included
    )
