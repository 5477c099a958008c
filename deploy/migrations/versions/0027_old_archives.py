"""what was brought as an old archive, outside the figure on punctual uploads

Revision: 0027
After: 0026
"""

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

INDEX = "ix_event_coverage_basis_day"
BEFORE = [
    "squad_id", "kind", "matter_version", "excluded", "exempt", "due_at", "required_to", "required_s", "links",
    "announced", "shown", "offered", "in_time", "recorded_s", "gap_count", "gap_explained", "subject", "campaign_id",
]  # fmt: skip
ADDED = (
    ("recordings", "archived", sa.Boolean(), "false"),
    ("receipts", "archive", sa.Boolean(), "false"),
    ("event_coverage", "archived", sa.Integer(), "0"),
)


def upgrade() -> None:
    for table, name, kind, value in ADDED:
        op.add_column(table, sa.Column(name, kind, server_default=value, nullable=False))
        op.alter_column(table, name, server_default=None)
    op.add_column("receipts", sa.Column("first_received_at", sa.DateTime(timezone=True), nullable=True))
    _index([*BEFORE, "archived"])


def downgrade() -> None:
    _index(BEFORE)
    op.drop_column("receipts", "first_received_at")
    for table, name, _kind, _value in reversed(ADDED):
        op.drop_column(table, name)


def _index(included: list[str]) -> None:
    op.drop_index(INDEX, table_name="event_coverage")
    op.create_index(INDEX, "event_coverage", ["basis", "day"], postgresql_include=included)
